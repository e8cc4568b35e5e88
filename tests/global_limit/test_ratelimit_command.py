"""``meshcore ratelimit-server`` as a process: messages, signals, reloads, pages, exit codes."""

from __future__ import annotations

import json
import queue
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from rls_servers import PATIENCE, grpc

from meshcore.cli.main import main
from meshcore.global_limit.rls import RateLimitServiceClient

LIMIT = """\
domain: shop
descriptors:
  - key: user
    rate_limit: {unit: day, requests_per_unit: NUMBER}
"""


class Command:
    """A running ``meshcore ratelimit-server``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        self.port = int(self.said(r"listening on .*:(\d+)$")[1])
        self.admin = int(self.said(r"admin pages on http://.*:(\d+)/$")[1])

    def said(self, what: str) -> re.Match[str]:
        """Wait for a line on stderr that holds ``what``."""
        lines = []
        with suppress(queue.Empty):
            while line := self._lines.get(timeout=PATIENCE):
                if found := re.search(what, line.rstrip("\n")):
                    return found
                lines.append(line)
        raise AssertionError(f"never said {what!r}: {lines}")

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.put(line)
        self._lines.put("")

    def page(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}", timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def remaining(self, user: str, *, credentials: object = None) -> int:
        """Ask once; what is left then."""
        options = {"credentials": credentials, "timeout": PATIENCE}
        with RateLimitServiceClient(f"127.0.0.1:{self.port}", **options) as client:
            answer = client.should_rate_limit("shop", [[("user", user)]])
        assert answer.response is not None, answer
        return answer.response.statuses[0].limit_remaining


@contextmanager
def running(*args: str) -> Iterator[Command]:
    command = [sys.executable, "-m", "meshcore", "ratelimit-server", "--admin", "0", "--listen", "0", *args]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        yield Command(process)
    finally:
        process.kill()
        process.wait(PATIENCE)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "limits.yaml"
    path.write_text(LIMIT.replace("NUMBER", "10"))
    return path


def test_serves_reloads_and_stops(document: Path) -> None:
    with running("-c", str(document), "--reload-interval", "0") as command:
        assert command.remaining("eve") == 9
        document.write_text(LIMIT.replace("NUMBER", "20"))
        assert command.remaining("eve") == 8
        command.process.send_signal(signal.SIGHUP)
        command.said("now serving configuration")
        assert command.remaining("eve") == 19
        document.write_text(LIMIT.replace("NUMBER", "many"))
        command.process.send_signal(signal.SIGHUP)
        command.said(r":4:\d+: error: .*requests_per_unit: found 'many', expected an integer")
        command.said("the changed configuration was refused")
        assert command.remaining("eve") == 18
        assert "found 'many'" in json.loads(command.page("/config")[1])["reload_error"]
        command.process.send_signal(signal.SIGTERM)
        command.said("stopping")
        assert command.process.wait(PATIENCE) == 0


def test_notices_changed_files(document: Path) -> None:
    with running("-c", str(document.parent), "--reload-interval", "0.05") as command:
        document.write_text(LIMIT.replace("NUMBER", "30"))
        command.said("now serving configuration")
        assert command.remaining("eve") == 29


def test_pages(document: Path) -> None:
    with running("-c", str(document)) as command:
        command.remaining("eve")
        assert command.page("/healthz") == (200, "ok\n")
        assert command.page("/ready") == (200, "LIVE\n")
        assert "ratelimit.service.rate_limit.shop.user.total_hits: 1\n" in command.page("/stats")[1]
        stats = json.loads(command.page("/stats?format=json")[1])
        assert stats["counters"]["ratelimit.service.call.should_rate_limit.total"] == 1
        assert stats["gauges"]["ratelimit.service.forgotten_keys"] == 0
        metrics = command.page("/metrics")[1]
        labels = 'domain="shop",descriptor="user"'
        assert f"meshcore_ratelimit_service_rate_limit_total_hits{{{labels}}} 1\n" in metrics
        assert command.page("/stats?format=prometheus")[1] == metrics
        assert command.page("/stats?format=xml")[0] == 400
        assert command.page("/other")[0] == 404
        (limit,) = json.loads(command.page("/config")[1])["limits"]
        assert limit["descriptor"] == [{"key": "user"}]
        assert limit["origin"].endswith("limits.yaml:3:5")


def test_servers_share_port_and_limits(document: Path, tmp_path: Path) -> None:
    share = ["-c", str(document), "--share", str(tmp_path / "state")]
    with running(*share) as first, running(*share, "--listen", str(first.port)) as second:
        assert second.port == first.port
        found = [first.remaining("eve") for _ in range(40)]  # each by a connection of its own
        assert found == [*range(9, -1, -1), *[0] * 30]
        counters = [json.loads(it.page("/stats?format=json")[1])["counters"] for it in (first, second)]
    asked = [it["ratelimit.service.call.should_rate_limit.total"] for it in counters]
    assert sum(asked) == 40
    assert min(asked) > 0


def test_tls(document: Path, certificate: tuple[str, str]) -> None:
    files = ["--tls-cert", certificate[0], "--tls-key", certificate[1], "--tls-client-ca", certificate[0]]
    root, key = (Path(name).read_bytes() for name in certificate)
    with running("-c", str(document), *files) as command:
        channel = grpc.secure_channel(
            f"127.0.0.1:{command.port}",
            grpc.ssl_channel_credentials(root, key, root),
            [("grpc.ssl_target_name_override", "app.example")],
        )
        with channel:
            grpc.channel_ready_future(channel).result(PATIENCE)
        with RateLimitServiceClient(f"127.0.0.1:{command.port}", timeout=PATIENCE) as plain:
            assert plain.should_rate_limit("shop", []).unanswered is not None


def test_check(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ratelimit-server", "--check", "-c", str(document)]) == 0
    assert capsys.readouterr().out == "1 limits in 1 domains\n"
    document.write_text(document.read_text() + "  - key: other\n    shadow_mode: true\n")
    assert main(["ratelimit-server", "--check", "-c", str(document)]) == 0
    assert "6:18: warning: descriptors[1].shadow_mode: has no effect" in capsys.readouterr().err
    document.write_text("domain: shop\nlimits: []\n")
    assert main(["ratelimit-server", "--check", "-c", str(document)]) == 1
    assert "2:1: error: limits: unknown field 'limits'" in capsys.readouterr().err


def test_command_lines_that_are_wrong(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ratelimit-server", "-c", str(document), "--tls-cert", "x"]) == 2
    assert "both --tls-cert and --tls-key" in capsys.readouterr().err
    assert main(["ratelimit-server", "-c", str(document), "--admin", "0.0.0.0:1"]) == 2
    assert "open to other machines" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["ratelimit-server", "-c", str(document), "--capacity", "0"])
    assert "'0' is not a number of keys" in capsys.readouterr().err


def test_a_port_that_is_taken(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running("-c", str(document)) as command:
        taken = f"127.0.0.1:{command.port}"
        assert main(["ratelimit-server", "-c", str(document), "--admin", "off", "--listen", taken]) == 1
    assert f"cannot listen on {taken}" in capsys.readouterr().err
