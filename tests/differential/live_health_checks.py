"""A host that answers health checks by a script, and what Envoy and our checker make of it after each."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from live_envoy import PATIENCE, Envoy, free_ports

from meshcore import Engine
from meshcore.config import load
from meshcore.health import HealthChecker

__all__ = ["CLOSE", "HANG", "healths"]

#: Other than with a status: the connection is closed; there is no answer.
CLOSE, HANG = "close", "hang"


class Scripted:
    """Answers one check after another; before each answer it looks what the checks so far have come to."""

    def __init__(self, script: Sequence[str]) -> None:
        self.observe: Callable[[], str] = lambda: ""
        self.seen: list[str] = []
        self.done = threading.Event()
        self._script = list(script)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=self._listener.accept()[:1], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream, suppress(OSError):
            while stream.readline():
                while stream.readline() not in (b"\r\n", b""):
                    pass
                if not self._answer(connection, stream):
                    return

    def _answer(self, connection: socket.socket, stream: Any) -> bool:
        self.seen.append(self.observe())
        if len(self.seen) > len(self._script):
            self.done.set()
            return False
        answer = self._script[len(self.seen) - 1]
        if answer == CLOSE:
            return False
        if answer == HANG:
            stream.read(1)  # until the other side has had enough
            return False
        status, *headers = answer.split()
        lines = "".join(f"{header}: true\r\n" for header in headers)
        connection.sendall(f"HTTP/1.1 {status} Any\r\n{lines}content-length: 0\r\n\r\n".encode())
        return True


def bootstrap(
    port: int, admin: int, timeout: str, check: dict[str, Any], cluster: dict[str, Any]
) -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return {
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": admin}}},
        "static_resources": {
            "clusters": [
                {
                    "name": "c",
                    "type": "STATIC",
                    "connect_timeout": "5s",
                    **cluster,
                    "health_checks": [
                        {"timeout": timeout, "interval": "0.02s", "no_traffic_interval": "0.02s", **check}
                    ],
                    "load_assignment": {
                        "cluster_name": "c",
                        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
                    },
                }
            ]
        },
    }


def healths(binary: str | None, script: Sequence[str], check: dict[str, Any], **cluster: Any) -> list[str]:
    """The host's health before the first check, and after each. ``binary``: Envoy's; None: ours is asked."""
    host = Scripted(script)
    (admin,) = free_ports(1)
    # Each check that hangs takes so long; the others must not come to it, and wait for what observes them.
    timeout = "2s" if HANG in script else "50s"
    configuration = bootstrap(host.port, admin, timeout, check, cluster)
    try:
        if binary is None:
            engine = Engine(load(configuration))
            host.observe = lambda: engine.clusters()[0]["endpoints"][0]["health_check"]["health"]
            with HealthChecker(engine):
                assert host.done.wait(PATIENCE)
        else:
            host.observe = lambda: _envoys_word(admin)
            with Envoy(binary, configuration):
                assert host.done.wait(PATIENCE)
        return host.seen[: len(script) + 1]
    finally:
        host.close()


def _envoys_word(admin: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/clusters?format=json", timeout=PATIENCE) as answer:
        (cluster,) = json.load(answer)["cluster_statuses"]
    found = cluster["host_statuses"][0]["health_status"]
    if not found.get("failed_active_health_check"):
        return "DEGRADED" if found.get("failed_active_degraded_check") else "HEALTHY"
    if found.get("excluded_via_immediate_hc_fail") or found.get("pending_active_hc"):
        return "DRAINING"
    return "TIMEOUT" if found.get("active_hc_timeout") else "UNHEALTHY"
