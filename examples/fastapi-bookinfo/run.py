"""Runs the bookshop, each service in a process of its own, and shows what the mesh does between them.

python examples/fastapi-bookinfo/run.py            runs, shows, ends
python examples/fastapi-bookinfo/run.py --serve    stays up
"""

from __future__ import annotations

import collections
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

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


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


@contextmanager
def shop() -> Iterator[dict[str, list[int]]]:
    """All processes up; the ports of each service."""
    ports = free_ports(len(PROCESSES))
    by_service: dict[str, list[int]] = collections.defaultdict(list)
    lines: dict[str, list[str]] = collections.defaultdict(list)
    for (service, version), port in zip(PROCESSES, ports, strict=True):
        by_service[service].append(port)
        lines[service].append(f"  - {{address: 127.0.0.1, port: {port}, labels: {{version: {version}}}}}\n")
    with tempfile.TemporaryDirectory() as folder:
        endpoints = Path(folder) / "endpoints.yaml"
        endpoints.write_text("".join(f"{name}:\n{''.join(of)}" for name, of in lines.items()))
        running = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "uvicorn",
                    "service:app",
                    "--port",
                    str(port),
                    "--log-level",
                    "warning",
                ],
                cwd=HERE,
                env={
                    **os.environ,
                    "SERVICE": service,
                    "VERSION": version,
                    "MESH": str(HERE / "mesh.yaml"),
                    "ENDPOINTS": str(endpoints),
                },
            )
            for (service, version), port in zip(PROCESSES, ports, strict=True)
        ]
        try:
            for port in ports:
                wait_for(port)
            yield by_service
        finally:
            for process in running:
                process.send_signal(signal.SIGINT)
            for process in running:
                process.wait(20)


def wait_for(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


def traces_of(answer: Any) -> Iterator[tuple[str, str]]:
    """The trace and the request id that each service on the way of a request saw."""
    if isinstance(answer, dict):
        if "trace" in answer:
            yield answer["trace"], answer["request_id"]
        for value in answer.values():
            yield from traces_of(value)


def show(ports: dict[str, list[int]]) -> bool:
    """Ask the shop, and say what came of it; whether all was as the rules say."""
    good = True

    def check(what: str, found: object, right: bool) -> None:
        nonlocal good
        good = good and right
        print(f"{'ok  ' if right else 'FAIL'}  {what}: {found}")

    def page(**headers: str) -> Any:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.get(f"http://127.0.0.1:{ports['productpage'][0]}/productpage", headers=given).json()

    with httpx.Client() as client:
        traces = set(traces_of(page(end_user="jason")))
        hops = len(list(traces_of(page(end_user="jason"))))
        check(
            "one trace and one request id through all services",
            f"{hops} services",
            len(traces) == 1 and hops == 4,
        )
        seen = collections.Counter(page()["reviews"]["version"] for _ in range(200))
        check("a canary of 20 percent", dict(seen), 20 <= seen["v2"] <= 62)
        testers = {page(end_user="jason")["reviews"]["version"] for _ in range(20)}
        check("the tester sees the canary", testers, testers == {"v2"})
        fault = page(end_user="chaos")["details"]
        check("a fault for who asks for it", fault, fault == {"status": 500})
        client.post(f"http://127.0.0.1:{ports['ratings'][0]}/break")
        stars = collections.Counter(
            page(end_user="jason")["reviews"]["ratings"].get("stars") for _ in range(50)
        )
        check("one of two ratings breaks down, and nobody notices", dict(stars), stars == {5: 50})
    return good


def main() -> int:
    with shop() as ports:
        print(f"productpage on http://127.0.0.1:{ports['productpage'][0]}/productpage\n", flush=True)
        if "--serve" in sys.argv:
            signal.sigwait([signal.SIGINT, signal.SIGTERM])
            return 0
        return 0 if show(ports) else 1


if __name__ == "__main__":
    sys.exit(main())
