"""Envoy and our proxy before upstreams that hold every request until they are told to answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from live_config import ROUTER, TYPES
from live_envoy import Answer, Envoy, exchange, free_ports
from live_proxy import running

from meshcore.config import load
from meshcore.proxy import Proxy

__all__ = ["Held", "verdicts"]

#: How long a request that neither arrives nor is answered is given before it is taken to wait. Seconds.
PATIENCE = 1.0


@dataclass
class Held:
    """Upstreams that answer when ``release`` is set; ``change`` is notified of every arrival and answer."""

    count: int
    ports: list[int] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    change: threading.Condition = field(default_factory=threading.Condition)
    settled: int = 0  #: arrivals and answers to clients so far
    _listeners: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> Held:
        for _ in range(self.count):
            listener = socket.create_server(("127.0.0.1", 0))
            self._listeners.append(listener)
            self.ports.append(listener.getsockname()[1])
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.release.set()
        for listener in self._listeners:
            listener.close()

    def note(self) -> None:
        with self.change:
            self.settled += 1
            self.change.notify_all()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=listener.accept()[:1], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream, suppress(OSError):
            while line := stream.readline():
                while line not in (b"\r\n", b""):
                    line = stream.readline()
                self.note()
                self.release.wait()
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")


def bootstrap(port: int, upstreams: Sequence[int], breakers: Mapping[str, Any]) -> dict[str, Any]:
    """Paths below /high have high priority."""
    routes = [
        {"match": {"prefix": "/high"}, "route": {"cluster": "c", "priority": "HIGH", "timeout": "0s"}},
        {"match": {"prefix": "/"}, "route": {"cluster": "c", "timeout": "0s"}},
    ]
    manager = {
        "@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "l",
        "generate_request_id": False,
        "route_config": {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": routes}]},
        "http_filters": [ROUTER],
    }
    network = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    endpoints = [
        {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": upstream}}}}
        for upstream in upstreams
    ]
    return {
        "static_resources": {
            "listeners": [
                {
                    "name": "l",
                    "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
                    "filter_chains": [{"filters": [network]}],
                }
            ],
            "clusters": [
                {
                    "name": "c",
                    "type": "STATIC",
                    "connect_timeout": "5s",
                    "circuit_breakers": breakers,
                    "load_assignment": {"cluster_name": "c", "endpoints": [{"lb_endpoints": endpoints}]},
                }
            ],
        }
    }


def _ours(configuration: dict[str, Any], port: int) -> Proxy:
    return Proxy(load(configuration), listen=[("127.0.0.1", port)])


def verdicts(binary: str | None, hosts: int, breakers: Mapping[str, Any], paths: Sequence[str]) -> list[str]:
    """What comes of each request, sent one after the other and held: "served" or what the answer says.

    ``binary``: Envoy's; None: our proxy is asked.
    """
    (port,) = free_ports(1)
    with Held(hosts) as held:
        configuration = bootstrap(port, held.ports, breakers)
        with Envoy(binary, configuration) if binary else running(_ours(configuration, port)):
            found: list[str] = [""] * len(paths)
            threads = []
            for at, path in enumerate(paths):
                thread = threading.Thread(target=_ask, args=(port, path, held, found, at))
                threads.append(thread)
                before = held.settled
                thread.start()
                with held.change:
                    held.change.wait_for(lambda before=before: held.settled > before, PATIENCE)  # type: ignore[misc]
            held.release.set()
            for thread in threads:
                thread.join()
            return found


def _ask(port: int, path: str, held: Held, found: list[str], at: int) -> None:
    answer = exchange(port, f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    found[at] = _verdict(answer)
    held.note()


def _verdict(answer: Answer) -> str:
    if answer.status == 200:
        return "served"
    return f"{answer.status} {answer.values('x-envoy-overloaded')} {answer.body.decode()}"
