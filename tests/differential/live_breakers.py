"""Envoy and our proxy before upstreams that hold every request until they are told to answer."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.request import urlopen

from live_config import ROUTER, TYPES
from live_envoy import PATIENCE, Answer, Envoy, exchange, free_ports
from live_proxy import running

from meshcore.config import load
from meshcore.engine import Engine
from meshcore.proxy import Proxy

__all__ = ["SERVED", "Held", "verdicts"]

SERVED = "served"
#: How many requests wait for a connection, and how many connections there are.
Pool = tuple[int, int]


@dataclass
class Held:
    """Upstreams that answer when ``release`` is set."""

    count: int
    ports: list[int] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    arrived: int = 0  #: and not answered, while they are held
    refused: int = 0  #: answered without having arrived
    _lock: threading.Lock = field(default_factory=threading.Lock)
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

    def note_arrival(self) -> None:
        with self._lock:
            self.arrived += 1

    def note_refusal(self) -> None:
        with self._lock:
            self.refused += 1

    def wait_for(self, sent: int, pool: Callable[[], Pool]) -> None:
        """Until each of the requests has arrived, has been refused, or waits while all connections are taken:
        one that waits for its own connection is still under way. Two looks must find it so."""
        end = time.monotonic() + PATIENCE
        alike = 0
        while alike < 2:
            assert time.monotonic() < end, "a request got lost"
            pending, connections = pool()
            waiting = not pending or connections == self.arrived
            settled = waiting and self.arrived + self.refused + pending == sent
            alike = alike + 1 if settled else 0

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=listener.accept()[:1], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream, suppress(OSError):
            while line := stream.readline():
                while line not in (b"\r\n", b""):
                    line = stream.readline()
                self.note_arrival()
                self.release.wait()
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")


def bootstrap(port: int, admin: int, upstreams: Sequence[int], breakers: Mapping[str, Any]) -> dict[str, Any]:
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
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": admin}}},
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
        },
    }


def _envoys_pool(admin: int) -> Pool:
    names = ("cluster.c.upstream_rq_pending_active", "cluster.c.upstream_cx_active")
    url = f"http://127.0.0.1:{admin}/stats?format=json&filter=upstream_(rq_pending|cx)_active"
    with urlopen(url, timeout=PATIENCE) as answer:
        found = {one["name"]: one["value"] for one in json.load(answer)["stats"] if "name" in one}
    return found[names[0]], found[names[1]]


def _our_pool(engine: Engine) -> Pool:
    (cluster,) = engine.clusters()
    used = [rooms["pending_requests"]["used"] for rooms in cluster["circuit_breakers"].values()]
    return sum(used), sum(endpoint["connections"] for endpoint in cluster["endpoints"])


@contextmanager
def _serving(
    binary: str | None, hosts: Held, breakers: Mapping[str, Any]
) -> Iterator[tuple[int, Callable[[], Pool]]]:
    """Where to ask, and what tells of the pool of connections."""
    port, admin = free_ports(2)
    configuration = bootstrap(port, admin, hosts.ports, breakers)
    if binary is not None:
        with Envoy(binary, configuration):
            yield port, lambda: _envoys_pool(admin)
        return
    engine = Engine(load(configuration))
    with running(Proxy(engine, name=None, listen=[("127.0.0.1", port)])):
        yield port, lambda: _our_pool(engine)


def verdicts(binary: str | None, hosts: int, breakers: Mapping[str, Any], paths: Sequence[str]) -> list[str]:
    """What comes of each request, sent one after the other and held: SERVED or what the answer says.

    ``binary``: Envoy's; None: our proxy is asked.
    """
    found: list[str] = [""] * len(paths)
    with Held(hosts) as held, _serving(binary, held, breakers) as (port, pool):
        threads = []
        for at, path in enumerate(paths):
            threads.append(threading.Thread(target=_ask, args=(port, path, held, found, at)))
            threads[-1].start()
            held.wait_for(at + 1, pool)
        held.release.set()
        for thread in threads:
            thread.join()
    return found


def _ask(port: int, path: str, held: Held, found: list[str], at: int) -> None:
    answer = exchange(port, f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    found[at] = _verdict(answer)
    if found[at] != SERVED:
        held.note_refusal()


def _verdict(answer: Answer) -> str:
    if answer.status == 200:
        return SERVED
    return f"{answer.status} {answer.values('x-envoy-overloaded')} {answer.body.decode()}"
