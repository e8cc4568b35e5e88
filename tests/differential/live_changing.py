"""A cluster whose hosts change while a request is under way: in Envoy by files that CDS and EDS watch, in our
proxy by Engine.swap and Engine.update_endpoints. The upstreams make each change between two attempts."""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from live_config import listener
from live_envoy import Answer, Envoy, exchange, free_ports
from live_proxy import proxy_of
from live_servers import Servers
from live_upstream import parse_head

from meshcore import load
from meshcore.engine import Engine
from meshcore.model import Config

__all__ = ["Hosts", "Side", "Upstreams", "envoy_side", "our_side"]

#: Indices of the upstreams that are the cluster's hosts; None: there is no cluster.
Hosts = Sequence[int] | None


class Upstreams(Servers):
    """HTTP/1.1 servers, which answer with their index: 200 to /probe, and 503 to any other request, after the
    next of ``changes``, until none is left. ``asked`` has who was asked so."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count
        self.ports: list[int] = []
        self.asked: list[int] = []
        self.changes: list[Callable[[], None]] = []

    async def _listen(self) -> None:
        self._servers = [await self._start(index) for index in range(self._count)]
        self.ports = [server.sockets[0].getsockname()[1] for server in self._servers]

    async def _start(self, index: int) -> asyncio.Server:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    probe = parse_head(await reader.readuntil(b"\r\n\r\n")).target == "/probe"
                    status = 200 if probe else await self._attempted(index)
                    writer.write(f"HTTP/1.1 {status} Step\r\ncontent-length: 1\r\n\r\n{index}".encode())
                    await writer.drain()
            writer.close()

        return await asyncio.start_server(serve, "127.0.0.1", 0)

    async def _attempted(self, index: int) -> int:
        self.asked.append(index)
        if not self.changes:
            return 200
        # Probes come back to this loop meanwhile.
        await asyncio.get_running_loop().run_in_executor(None, self.changes.pop(0))
        return 503


@dataclass(frozen=True)
class Side:
    """Where to ask, and what puts other hosts into force there."""

    port: int
    change: Callable[[Hosts], None]


def table(policy: Mapping[str, Any]) -> dict[str, Any]:
    retry = {
        "retry_on": "5xx",
        "num_retries": 9,
        "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.002s"},
        **policy,
    }
    routes = [
        {"match": {"path": "/probe"}, "route": {"cluster": "c"}},
        {"match": {"prefix": "/"}, "route": {"cluster": "c", "retry_policy": retry}},
    ]
    host = {
        "name": "all",
        "domains": ["*"],
        "routes": routes,
        "include_attempt_count_in_response": True,
    }
    return {"name": "table", "virtual_hosts": [host], "validate_clusters": False}


def assignment(upstreams: Upstreams, hosts: Sequence[int]) -> dict[str, Any]:
    addresses = [{"address": "127.0.0.1", "port_value": upstreams.ports[index]} for index in hosts]
    endpoints = [{"endpoint": {"address": {"socket_address": address}}} for address in addresses]
    return {"cluster_name": "c", "endpoints": [{"lb_endpoints": endpoints}]}


def cluster(**more: Any) -> dict[str, Any]:
    return {"name": "c", "connect_timeout": "1s", "lb_policy": "ROUND_ROBIN", **more}


def ask(port: int, path: str) -> Answer:
    return exchange(port, f"GET {path} HTTP/1.1\r\nhost: a.example\r\n\r\n".encode())


def in_force(port: int, hosts: Hosts) -> bool:
    """Whether the one worker that serves requests knows all of these hosts, and no others."""
    answers = [ask(port, "/probe") for _ in range(len(hosts or ()) or 1)]
    if not hosts:
        # Of a cluster that is not there Envoy answers without a body.
        return [(one.status, bool(one.body)) for one in answers] == [(503, hosts is not None)]
    return sorted(one.body for one in answers) == [str(index).encode() for index in sorted(hosts)]


class Files:
    """What Envoy's CDS and EDS watch."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._version = 0

    def source(self, name: str) -> dict[str, Any]:
        return {"path_config_source": {"path": str(self._folder / name)}, "resource_api_version": "V3"}

    def write(self, name: str, kind: str, resources: list[dict[str, Any]]) -> None:
        self._version += 1
        typed = [{"@type": f"type.googleapis.com/envoy.config.{kind}", **one} for one in resources]
        draft = self._folder / "draft"
        draft.write_text(json.dumps({"version_info": str(self._version), "resources": typed}), "utf-8")
        draft.replace(self._folder / name)


@contextmanager
def envoy_side(binary: str, upstreams: Upstreams, policy: Mapping[str, Any]) -> Iterator[Side]:
    """It has no cluster at first."""
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory() as folder:
        files = Files(Path(folder))

        def put(hosts: Hosts) -> None:
            found = [] if hosts is None else [assignment(upstreams, hosts)]
            files.write("eds.json", "endpoint.v3.ClusterLoadAssignment", found)
            of_eds = cluster(type="EDS", eds_cluster_config={"eds_config": files.source("eds.json")})
            files.write("cds.json", "cluster.v3.Cluster", [] if hosts is None else [of_eds])

        def change(hosts: Hosts) -> None:
            put(hosts)
            wait(port, hosts)

        put(None)
        web = listener("web", port, {"route_config": table(policy)})
        document = {
            "node": {"id": "test", "cluster": "test"},
            "dynamic_resources": {"cds_config": files.source("cds.json")},
            "static_resources": {"listeners": [web]},
        }
        with Envoy(binary, document):
            yield Side(port, change)


@contextmanager
def our_side(upstreams: Upstreams, policy: Mapping[str, Any]) -> Iterator[Side]:
    """Likewise."""
    web = listener("web", 1, {"route_config": table(policy)})

    def config(clusters: list[dict[str, Any]]) -> Config:
        return load({"static_resources": {"listeners": [web], "clusters": clusters}})

    engine = Engine(config([]))

    def change(hosts: Hosts) -> None:
        if hosts is None:
            engine.swap(config([]))
        elif engine.config.clusters:
            engine.update_endpoints("c", [f"127.0.0.1:{upstreams.ports[index]}" for index in hosts])
        else:
            engine.swap(config([cluster(type="STATIC", load_assignment=assignment(upstreams, hosts))]))

    with proxy_of(engine, 1) as port:
        yield Side(port, change)


def wait(port: int, hosts: Hosts) -> None:
    pause = threading.Event()
    for _ in range(2000):
        with suppress(ConnectionError):
            if in_force(port, hosts):
                return
        pause.wait(0.01)
    raise TimeoutError(f"Envoy does not come to know of the hosts {hosts}")
