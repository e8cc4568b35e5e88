"""Upstreams that fail on a script, and a proxy in front of them: Envoy, or ours."""

from __future__ import annotations

import json
import socketserver
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from live_envoy import PATIENCE, Envoy, exchange, free_ports

__all__ = ["Case", "Served", "envoy", "ours"]

_MANAGER = (
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
)
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
#: What hosts do: a status, "reset" (the connection is closed without an answer), "half" (in the
#: middle of one), "refuse" (nobody listens).
Script = Sequence[int | str]


@dataclass(frozen=True)
class Case:
    """``scripts``: by host, what it does at each request; the last one repeats."""

    outlier_detection: Mapping[str, Any]
    scripts: Sequence[Script]
    requests: int = 40
    common_lb_config: Mapping[str, Any] = field(default_factory=dict)


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while self.rfile.readline():
            while self.rfile.readline().strip():
                pass
            what = self.server.next()  # type: ignore[attr-defined]
            if what == "reset":
                return
            if what == "half":
                self.wfile.write(b"HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\nhalf")
                return
            self.wfile.write(
                b"HTTP/1.1 %d X\r\ncontent-length: 0\r\nx-host: %d\r\n\r\n" % (what, self.server.number)  # type: ignore[attr-defined]
            )


class _Host(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, number: int, script: Script, seen: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.number, self._script, self._seen, self._lock = number, list(script), seen, threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def next(self) -> int | str:
        with self._lock:
            self._seen.append(self.number)
            return self._script.pop(0) if len(self._script) > 1 else self._script[0]


@dataclass(frozen=True)
class _Status:
    """Of a host."""

    ejected: bool
    rated: bool


@dataclass
class Served:
    """A running proxy."""

    port: int
    admin: int
    ports: list[int]  #: of the hosts
    seen: list[int]  #: which host got each request that arrived
    is_envoy: bool

    def ask(self, key: str) -> tuple[int, tuple[int, ...]]:
        """The status that a request comes to, and the hosts that it went to. Whatever key, the same host."""
        before = len(self.seen)
        status = exchange(self.port, f"GET / HTTP/1.1\r\nhost: a\r\nx-key: {key}\r\n\r\n".encode()).status
        return status, tuple(self.seen[before:])

    def ejected(self) -> set[int]:
        """Asking Envoy also has the effect that what its workers have told the main thread has been done."""
        return {number for number, status in self._statuses().items() if status.ejected}

    def rated(self) -> set[int]:
        """The hosts that had requests enough in the last interval to have a success rate."""
        return {number for number, status in self._statuses().items() if status.rated}

    def ejections(self) -> int:
        """How many there were so far: it never goes back."""
        if not self.is_envoy:
            clusters = self._page("clusters?format=json")["clusters"]
            return sum(endpoint["ejections"] for endpoint in clusters[0]["endpoints"])
        stats = self._page("stats?format=json&filter=ejections_enforced_total")["stats"]
        return int(stats[0]["value"])

    def _page(self, name: str) -> dict[str, Any]:
        with urlopen(f"http://127.0.0.1:{self.admin}/{name}", timeout=PATIENCE) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def _statuses(self) -> dict[int, _Status]:
        document = self._page("clusters?format=json")
        found = _envoys_statuses(document) if self.is_envoy else _our_statuses(document)
        return {self.ports.index(port): status for port, status in found}


def _our_statuses(document: Mapping[str, Any]) -> Iterator[tuple[int, _Status]]:
    for endpoint in document["clusters"][0]["endpoints"]:
        port = int(endpoint["address"].rpartition(":")[2])
        yield port, _Status(endpoint["ejected"], endpoint["success_rate"] is not None)


def _envoys_statuses(document: Mapping[str, Any]) -> Iterator[tuple[int, _Status]]:
    for host in document["cluster_statuses"][0]["host_statuses"]:
        ejected = bool(host["health_status"].get("failed_outlier_check"))
        yield host["address"]["socket_address"]["port_value"], _Status(ejected, "success_rate" in host)


@contextmanager
def _hosts(case: Case) -> Iterator[tuple[list[int], list[int]]]:
    seen: list[int] = []
    with ExitStack() as stack:
        ports = []
        for number, script in enumerate(case.scripts):
            if "refuse" in script:
                ports += free_ports(1)
                continue
            host = stack.enter_context(_Host(number, script, seen))
            stack.callback(host.shutdown)
            ports.append(host.server_address[1])
        yield ports, seen


def _bootstrap(case: Case, ports: Sequence[int], listen: int) -> dict[str, Any]:
    """One cluster, whose hosts are picked by the hash of x-key: alike, wherever they listen."""
    endpoints = [
        {
            "endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}},
            "metadata": {"filter_metadata": {"envoy.lb": {"hash_key": f"host {number}"}}},
        }
        for number, port in enumerate(ports)
    ]
    cluster = {
        "name": "c",
        "type": "STATIC",
        "lb_policy": "RING_HASH",
        "connect_timeout": "1s",
        "outlier_detection": case.outlier_detection,
        "common_lb_config": {
            "healthy_panic_threshold": {"value": 0},
            "update_merge_window": "0s",
            **case.common_lb_config,
        },
        "load_assignment": {"cluster_name": "c", "endpoints": [{"lb_endpoints": endpoints}]},
    }
    route = {
        "match": {"prefix": "/"},
        "route": {"cluster": "c", "hash_policy": [{"header": {"header_name": "x-key"}}]},
    }
    manager = {
        "@type": _MANAGER,
        "stat_prefix": "a",
        "route_config": {"name": "r", "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [route]}]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": _ROUTER}}],
    }
    listener = {
        "name": "l",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": listen}},
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


@contextmanager
def envoy(binary: str, case: Case) -> Iterator[Served]:
    listen, admin = free_ports(2)
    with _hosts(case) as (ports, seen):
        bootstrap = _bootstrap(case, ports, listen)
        bootstrap["admin"] = {"address": {"socket_address": {"address": "127.0.0.1", "port_value": admin}}}
        with Envoy(binary, bootstrap):
            yield Served(listen, admin, ports, seen, True)


@contextmanager
def ours(case: Case) -> Iterator[Served]:
    listen, admin = free_ports(2)
    with _hosts(case) as (ports, seen), tempfile.TemporaryDirectory() as folder:
        document = Path(folder, "bootstrap.json")
        document.write_text(json.dumps(_bootstrap(case, ports, listen)))
        command = [sys.executable, "-m", "meshcore", "proxy", "-c", str(document), "--log-format", "none"]
        where = [f"--listen=127.0.0.1:{listen}={listen}", f"--admin=127.0.0.1:{admin}"]
        with subprocess.Popen([*command, *where], stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            said = []
            for line in process.stderr:
                said.append(line)
                if "admin" in line:
                    break
            else:
                raise RuntimeError("the proxy did not start:\n" + "".join(said))
            try:
                yield Served(listen, admin, ports, seen, False)
            finally:
                process.terminate()
                process.communicate(timeout=PATIENCE)
