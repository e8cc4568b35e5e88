"""Runs the shop, each service in a process of its own, and shows what the mesh does between them.

python examples/flask-requests/run.py            runs, shows, ends
python examples/flask-requests/run.py --serve    stays up
"""

from __future__ import annotations

import collections
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

sys.path.append(str(Path(__file__).parent.parent))

from showing import Server, Table, endpoints_of, free_ports, run, serving

from meshcore.demo.board import binomial_band

HERE = Path(__file__).parent
#: Every process: its service, and its version.
PROCESSES = (("shop", "v1"), ("stock", "v1"), ("stock", "v2"), ("prices", "v1"), ("prices", "v1"))
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@contextmanager
def shop() -> Iterator[list[int]]:
    """All processes up; their ports."""
    ports = free_ports(len(PROCESSES))
    members = [(*of, port) for of, port in zip(PROCESSES, ports, strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        endpoints = Path(folder, "endpoints.yaml")
        endpoints.write_text(endpoints_of(members))
        servers = [
            Server(
                [sys.executable, "-m", "flask", "--app", "service", "run", "--port", str(port)],
                port,
                {"SERVICE": service, "VERSION": version, "MESH": "mesh.yaml", "ENDPOINTS": str(endpoints)},
            )
            for service, version, port in members
        ]
        with serving(servers, HERE):
            yield ports


def show(ports: list[int], table: Table) -> None:
    """Ask the shop, and say what came of it."""
    session = requests.Session()
    session.trust_env = False

    def page(path: str = "/items/7", **headers: str) -> requests.Response:
        given = {"host": "shop:8000", **{name.replace("_", "-"): value for name, value in headers.items()}}
        return session.get(f"http://127.0.0.1:{ports[0]}{path}", headers=given, allow_redirects=False)

    seen: Any = page(traceparent=f"00-{TRACE}-00f067aa0ba902b7-01").json()
    services = (seen, seen["stock"], seen["price"])
    traces = {service["trace"] for service in services}
    table.row("the caller's trace in 3 services", {TRACE}, traces)
    table.row("request ids", 1, len({service["request_id"] for service in services}))
    least, most = binomial_band(200, 0.25)
    versions = collections.Counter(page().json()["stock"]["version"] for _ in range(200))
    table.row("a canary", "25 % of 200 see v2", dict(versions), least <= versions["v2"] <= most)
    testers = collections.Counter(page(x_tester="yes").json()["stock"]["version"] for _ in range(20))
    table.row("testers", {"v2": 20}, dict(testers))
    moved = page("/catalogue/7")
    where = f"{moved.status_code} to {moved.headers.get('location')}"
    table.row("an old address", "301 to http://shop:8000/items/7", where)
    session.post(f"http://127.0.0.1:{ports[-1]}/break").raise_for_status()
    prices = collections.Counter(page().json()["price"].get("cents") for _ in range(20))
    table.row("one of two prices breaks down", "nobody notices", dict(prices), prices == {1999: 20})


if __name__ == "__main__":
    sys.exit(run(shop(), lambda ports: f"the shop is on http://127.0.0.1:{ports[0]}/items/7", show))
