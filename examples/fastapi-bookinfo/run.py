"""Runs the bookshop, each service in a process of its own, and shows what the mesh does between them.

python examples/fastapi-bookinfo/run.py            runs, shows, ends
python examples/fastapi-bookinfo/run.py --serve    stays up
"""

from __future__ import annotations

import collections
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

sys.path.append(str(Path(__file__).parent.parent))

from showing import Server, Table, endpoints_of, free_ports, run, serving

HERE = Path(__file__).parent
#: Every process: its service, and its version.
PROCESSES = (
    ("productpage", "v1"),
    ("details", "v1"),
    ("reviews", "v1"),
    ("reviews", "v2"),
    ("ratings", "v1"),
    ("ratings", "v1"),
)


@contextmanager
def shop() -> Iterator[dict[str, list[int]]]:
    """All processes up; the ports of each service."""
    ports = free_ports(len(PROCESSES))
    by_service: dict[str, list[int]] = collections.defaultdict(list)
    servers = []
    with tempfile.TemporaryDirectory() as folder:
        endpoints = Path(folder, "endpoints.yaml")
        for (service, version), port in zip(PROCESSES, ports, strict=True):
            by_service[service].append(port)
            env = {"SERVICE": service, "VERSION": version, "MESH": "mesh.yaml", "ENDPOINTS": str(endpoints)}
            options = ["--port", str(port), "--log-level", "warning"]
            servers.append(Server([sys.executable, "-m", "uvicorn", "service:app", *options], port, env))
        endpoints.write_text(endpoints_of((*of, port) for of, port in zip(PROCESSES, ports, strict=True)))
        with serving(servers, HERE):
            yield by_service


def traces_of(answer: Any) -> Iterator[tuple[str, str]]:
    """The trace and the request id that each service on the way of a request saw."""
    if isinstance(answer, dict):
        if "trace" in answer:
            yield answer["trace"], answer["request_id"]
        for value in answer.values():
            yield from traces_of(value)


def show(ports: dict[str, list[int]], table: Table) -> None:
    """Ask the shop, and say what came of it."""

    def page(**headers: str) -> Any:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.get(f"http://127.0.0.1:{ports['productpage'][0]}/productpage", headers=given).json()

    with httpx.Client() as client:
        seen = list(traces_of(page(end_user="jason")))
        found = f"{len(set(seen))} trace in {len(seen)} services"
        table.row("one trace and request id", "1 trace in 4 services", found)
        versions = collections.Counter(page()["reviews"]["version"] for _ in range(200))
        table.row("a canary", "20 % of 200 see v2", dict(versions), 20 <= versions["v2"] <= 62)
        testers = {page(end_user="jason")["reviews"]["version"] for _ in range(20)}
        table.row("the tester", {"v2"}, testers)
        table.row("a fault for who asks for it", {"status": 500}, page(end_user="chaos")["details"])
        client.post(f"http://127.0.0.1:{ports['ratings'][0]}/break")
        stars = collections.Counter(
            page(end_user="jason")["reviews"]["ratings"].get("stars") for _ in range(50)
        )
        table.row("one of two ratings breaks down", "nobody notices", dict(stars), stars == {5: 50})


def where(ports: dict[str, list[int]]) -> str:
    return f"productpage on http://127.0.0.1:{ports['productpage'][0]}/productpage"


if __name__ == "__main__":
    sys.exit(run(shop(), where, show))
