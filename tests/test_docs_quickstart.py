"""docs/quickstart.md keeps its promises, by its own files and commands; only the ports are others."""

from __future__ import annotations

import collections
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from docs_support import DOCS, ROOT, blocks, files

sys.path.append(str(ROOT / "examples"))

from showing import free_ports, until

httpx = pytest.importorskip("httpx")
for library in ("fastapi", "uvicorn"):
    pytest.importorskip(library)

PAGE = DOCS / "quickstart.md"
COMMANDS = "".join(block.text for block in blocks(PAGE) if block.language == "sh")
SHOWN = [block.text for block in blocks(PAGE) if block.language == "text"]


def commands(word: str) -> list[list[str]]:
    return [shlex.split(line) for line in COMMANDS.splitlines() if word in line.split()]


def without_ids(log: str) -> list[str]:
    return re.sub("(?<=trace=)[0-9a-f]{32}", "", log).splitlines()


class Shop:
    """The page's processes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder / "log.txt"
        ports = dict(zip(("9080", "9081", "9082"), map(str, free_ports(3)), strict=True))
        for name, text in files(PAGE).items():
            (folder / name).write_text(re.sub(r"\b908[0-2]\b", lambda port: ports[port[0]], text))
        self.reviews = [f"http://127.0.0.1:{ports[port]}/" for port in ("9081", "9082")]
        self.url = f"http://127.0.0.1:{ports['9080']}/"
        self.processes = []
        for command in commands("uvicorn"):
            if "--port" not in command:
                continue  # the one that installs
            env = dict(word.split("=", 1) for word in command if re.match(r"[A-Z]+=", word))
            given = [ports.get(word, word) for word in command[len(env) :] if word != "&"]
            with self.log.open("ab") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", *given], cwd=folder, env={**os.environ, **env}, stderr=log
                )
            self.processes.append(process)
        self.client = httpx.Client()

    def version(self, **headers: str) -> str:
        return str(self.client.get(self.url, headers=headers).json()["version"])

    def share(self, requests: int) -> int:
        """How many in a hundred get v2."""
        seen = collections.Counter(self.version() for _ in range(requests))
        return seen["v2"] * 100 // requests

    def up(self) -> bool:
        assert all(process.poll() is None for process in self.processes), self.log.read_text()
        try:
            self.version()
            return all(self.client.get(f"{url}reviews/1").status_code == 200 for url in self.reviews)
        except (httpx.TransportError, KeyError, ValueError):  # not all of them listen yet
            return False

    def edit(self, number: int) -> None:
        subprocess.run(commands("sed")[number], cwd=self.folder, check=True)

    def close(self) -> None:
        self.client.close()
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(60)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    one = Shop(tmp_path_factory.mktemp("quickstart"))
    try:
        yield one
    finally:
        one.close()


def test_the_page(shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    until("all of them answer", shop.up)
    assert 1 <= shop.share(100) <= 30
    shop.edit(0)
    until("the halves are in force", lambda: shop.share(50) >= 32)
    shop.edit(1)
    until("the users stay", lambda: len({shop.version(**{"x-user": "eve"}) for _ in range(16)}) == 1)
    users = {name: shop.version(**{"x-user": name}) for name in map(str, range(12))}
    assert set(users.values()) == {"v1", "v2"}
    assert {name: shop.version(**{"x-user": name}) for name in users} == users

    from meshcore.cli.main import main

    monkeypatch.chdir(shop.folder)
    (explain,) = commands("explain")
    main(explain[1:])
    told = capsys.readouterr().out
    assert set(SHOWN[0].splitlines()) <= set(told.splitlines())
    version = shop.version(**{"x-user": "eve"})
    assert f"of cluster outbound|80|{version}|reviews" in told

    (stop,) = commands("kill")
    assert stop == ["kill", *(f"%{number}" for number in range(1, len(shop.processes) + 1))]

    logged = shop.log.read_text()
    assert set(without_ids(SHOWN[1])) <= set(without_ids(logged))
    traces = re.findall("^(shop|reviews) trace=([0-9a-f]{32})", logged, re.MULTILINE)
    last = [trace for service, trace in traces if service == "shop"][-1]
    assert ("reviews", last) in traces
