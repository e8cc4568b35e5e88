"""Runs mitmdump with the add-on, and four endpoints; sends requests through it, and shows what comes of them.

python examples/mitmproxy-addon/run.py            runs, shows, ends
python examples/mitmproxy-addon/run.py --serve    stays up
"""

from __future__ import annotations

import collections
import http.client
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

sys.path.append(str(Path(__file__).parent.parent))

from showing import Server, Table, endpoints_of, free_ports, run, serving

from meshcore.demo.board import binomial_band

HERE = Path(__file__).parent
#: Every endpoint: its service, and its version.
ENDPOINTS = (("reviews", "v1"), ("reviews", "v2"), ("ratings", "v1"), ("ratings", "broken"))


class Up(NamedTuple):
    proxy: int  #: mitmproxy's port
    ports: list[int]  #: of ENDPOINTS


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def mitmdump() -> str:
    beside = Path(sys.executable).parent / "mitmdump"
    found = str(beside) if beside.exists() else shutil.which("mitmdump")
    if found is None:
        raise SystemExit("mitmdump is not there: pip install mitmproxy, best in an environment of its own")
    return found


@contextmanager
def all_up() -> Iterator[Up]:
    proxy, *ports = free_ports(1 + len(ENDPOINTS))
    members = [(*of, port) for of, port in zip(ENDPOINTS, ports, strict=True)]
    servers = [
        Server([sys.executable, "origin.py", str(port)], port, {"VERSION": version})
        for _, version, port in members
    ]
    with tempfile.TemporaryDirectory() as folder:
        endpoints = Path(folder, "endpoints.yaml")
        endpoints.write_text(endpoints_of(members))
        options = {"confdir": folder, "mesh": "mesh.yaml", "mesh_endpoints": str(endpoints)}
        settings = [text for name, value in options.items() for text in ("--set", f"{name}={value}")]
        command = [mitmdump(), "-q", "-s", "addon.py", "--listen-host", "127.0.0.1", "-p", str(proxy)]
        servers.append(Server([*command, *settings], proxy, {}, says=True))
        with serving(servers, HERE):
            yield Up(proxy, ports)


def show(up: Up, table: Table) -> None:
    """Ask through the proxy, and say what came of it."""
    connection = http.client.HTTPConnection("127.0.0.1", up.proxy, timeout=60)

    def get(url: str) -> Answer:
        connection.request("GET", url)
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, headers, answer.read())

    least, most = binomial_band(200, 0.25)
    seen = collections.Counter(get("http://reviews:9080/reviews/7").json()["version"] for _ in range(200))
    table.row("a canary", "25 % of 200 see v2", dict(seen), least <= seen["v2"] <= most)
    answer = get("http://reviews:9080/v1/7?a=b")
    request = answer.json()
    table.row("a rewritten path", "/reviews/7?a=b", request["path"])
    table.row("the name that was asked for", "reviews:9080", request["headers"]["host"])
    marks = (request["headers"].get("x-came-by"), answer.headers.get("x-answered-by"))
    table.row("header lines, both ways", ("mitmproxy", "reviews"), marks)
    broken = get("http://reviews:9080/broken")
    table.row("a fault", "503 fault filter abort", f"{broken.status} {broken.body.decode()}")
    moved = get("http://reviews:9080/moved")
    where = f"{moved.status} {moved.headers.get('location')}"
    table.row("a redirect", "301 http://reviews:9080/reviews/7", where)
    table.row("a direct answer", b"all is well", get("http://reviews:9080/health").body)
    statuses = collections.Counter(get("http://reviews:9080/export").status for _ in range(8))
    table.row("5 exports an hour", {200: 5, 429: 3}, dict(statuses))
    statuses = collections.Counter(get("http://ratings:9080/").status for _ in range(40))
    table.row("a broken endpoint is left alone", {200: 37, 503: 3}, dict(statuses))
    other = get(f"http://127.0.0.1:{up.ports[0]}/there").json()["path"]
    table.row("hosts that are none of the mesh's", "/there", other)


if __name__ == "__main__":
    sys.exit(run(all_up(), lambda up: f"the proxy is on http://127.0.0.1:{up.proxy}", show))
