"""Envoy and our proxy with the filter for adaptive concurrency, before an upstream that takes its time."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

from live_config import ROUTER, TELL_DETAILS, TYPES, cluster
from live_envoy import Answer, Envoy, exchange, free_ports
from live_proxy import running
from live_servers import Servers

from meshcore.config import load
from meshcore.proxy import Proxy
from meshcore.proxy.figures import counters_of, gauges_of

__all__ = ["FILTER", "Limited", "gradient", "limited"]

FILTER = "envoy.filters.http.adaptive_concurrency"
#: How long a state is waited for. Seconds.
PATIENCE = 30.0


class Paced(Servers):
    """An upstream that answers ``/SECONDS`` after so many seconds, and ``/held`` when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.port = 0
        self.held = 0  #: requests that wait for ``release``
        self._released: asyncio.Event | None = None

    async def _listen(self) -> None:
        self._released = asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._servers = [server]
        self.port = server.sockets[0].getsockname()[1]

    def release(self) -> None:
        assert self._released is not None
        self._loop.call_soon_threadsafe(self._released.set)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self._released is not None
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split()[1].decode()[1:]
                if path == "held":
                    self.held += 1
                    await self._released.wait()
                elif path:
                    await asyncio.sleep(float(path))
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def gradient(
    *, limits: Mapping[str, Any] | None = None, rtt: Mapping[str, Any] | None = None, **own: Any
) -> dict[str, Any]:
    """The filter, measuring until told otherwise."""
    controller = {
        "concurrency_limit_params": {"concurrency_update_interval": "0.1s", **(limits or {})},
        "min_rtt_calc_params": {"interval": "3600s", **(rtt or {})},
    }
    kind = f"{TYPES}.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency"
    config = {"@type": kind, "gradient_controller_config": controller, **own}
    return {"name": FILTER, "typed_config": config}


def bootstrap(
    port: int, admin: int, upstream: int, limit: dict[str, Any], more: dict[str, Any]
) -> dict[str, Any]:
    routes = [
        {"match": {"path": "/direct"}, "direct_response": {"status": 200}},
        {"match": {"prefix": "/"}, "route": {"cluster": "c", "timeout": "0s"}},
    ]
    manager = {
        "@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "l",
        "generate_request_id": False,
        "route_config": {"name": "l", "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": routes}]},
        "http_filters": [limit, ROUTER],
        **more,
    }
    network = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return {
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": admin}}},
        "static_resources": {
            "listeners": [{"name": "l", "address": address, "filter_chains": [{"filters": [network]}]}],
            "clusters": [cluster("c", upstream)],
        },
    }


@dataclass
class Limited:
    """One of the two sides: where it listens, and how its limit stands under Envoy's names."""

    port: int
    upstream: Paced
    standing: Callable[[], Mapping[str, int]]

    def ask(self, path: str = "/") -> Answer:
        return exchange(self.port, f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())

    def wait(self, holds: Callable[[], bool]) -> None:
        end = monotonic() + PATIENCE
        while not holds():
            assert monotonic() < end, f"in vain: {dict(self.standing())}"
            sleep(0.01)

    def after(self, path: str, name: str) -> int:
        """The gauge once it has changed by one request."""
        before = self.standing()[name]
        assert self.ask(path).status == 200
        self.wait(lambda: self.standing()[name] != before)
        return self.standing()[name]


@contextmanager
def limited(binary: str | None, limit: dict[str, Any]) -> Iterator[Limited]:
    """``binary``: Envoy's; None: our proxy."""
    port, admin = free_ports(2)
    with Paced() as upstream:
        if binary is not None:
            configuration = bootstrap(port, admin, upstream.port, limit, TELL_DETAILS)
            with Envoy(binary, configuration):
                yield Limited(port, upstream, lambda: envoys(admin))
            return
        proxy = Proxy(
            load(bootstrap(port, admin, upstream.port, limit, {})), name=None, listen=[("127.0.0.1", port)]
        )
        with running(proxy):
            yield Limited(port, upstream, lambda: ours(proxy))


def envoys(admin: int) -> dict[str, int]:
    url = f"http://127.0.0.1:{admin}/stats?format=json&filter=gradient_controller"
    with urllib.request.urlopen(url, timeout=10) as answer:
        stats = json.load(answer)["stats"]
    return {one["name"].rpartition(".")[2]: one["value"] for one in stats if "name" in one}


def ours(proxy: Proxy) -> dict[str, int]:
    prefix = "http.l.adaptive_concurrency.gradient_controller."
    found = {**gauges_of(proxy), **counters_of(proxy)}
    return {name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix)}
