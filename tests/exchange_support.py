"""What the tests of attempts share: small configurations, and time that goes on by itself alone."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Coroutine
from typing import Any, TypeVar

from meshcore import Engine, load
from meshcore.config.envoy import load_parts

__all__ = ["Time", "active", "engine_of", "limited_engine"]

TYPES = "type.googleapis.com/envoy.extensions"

T = TypeVar("T")


def engine_of(
    route: dict[str, Any] | None = None,
    *,
    endpoints: int = 3,
    clock: Any = None,
    host: dict[str, Any] | None = None,
    cluster: dict[str, Any] | None = None,
    hcm: dict[str, Any] | None = None,
    top: dict[str, Any] | None = None,
) -> Engine:
    """One route over one cluster of so many endpoints; ``host``, ``cluster``, ``hcm``: more of their
    fields."""
    routes = [{"match": {"prefix": "/"}, "route": {"cluster": "c", **(route or {})}, **(top or {})}]
    hosts = [
        {"endpoint": {"address": {"socket_address": {"address": f"10.0.0.{i}", "port_value": 80}}}}
        for i in range(1, endpoints + 1)
    ]
    backend = {
        "name": "c",
        "load_assignment": {"cluster_name": "c", "endpoints": [{"lb_endpoints": hosts}]},
        **(cluster or {}),
    }
    table = {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": routes, **(host or {})}]}
    return Engine(load_parts(table, [backend], hcm or {}, [], {}, {}), clock=clock)


def limited_engine(*filters: dict[str, Any], target: str = "127.0.0.1:1") -> Engine:
    """One endpoint for all requests, and ratelimit filters of these options, which ask at ``target``."""
    service = {
        "transport_api_version": "V3",
        "grpc_service": {"google_grpc": {"target_uri": target, "stat_prefix": "limits"}},
    }
    limits = [
        {
            "name": f"limit-{index}",
            "typed_config": {
                "@type": f"{TYPES}.filters.http.ratelimit.v3.RateLimit",
                "domain": "shop",
                "rate_limit_service": service,
                **options,
            },
        }
        for index, options in enumerate(filters)
    ]
    router = {"name": "router", "typed_config": {"@type": f"{TYPES}.filters.http.router.v3.Router"}}
    actions = [{"generic_key": {"descriptor_value": "all"}}]
    route = {"match": {"prefix": "/"}, "route": {"cluster": "app", "rate_limits": [{"actions": actions}]}}
    manager = {
        "@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "web",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [*limits, router],
    }
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 80}}
    network = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    cluster = {
        "name": "app",
        "load_assignment": {
            "cluster_name": "app",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
    listener = {"name": "web", "address": address, "filter_chains": [{"filters": [network]}]}
    return Engine(load({"static_resources": {"listeners": [listener], "clusters": [cluster]}}))


def active(engine: Engine) -> int:
    """Requests under way to all endpoints."""
    return sum(one["active_requests"] for cluster in engine.clusters() for one in cluster["endpoints"])


class Time:
    """A clock for threads and for asyncio: it jumps to whatever is waited for next."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def clock(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._waiting, (self.now + seconds, self._count, future))
        await future

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(self._run(coroutine))

    async def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        task = asyncio.ensure_future(coroutine)
        while not task.done():
            for _ in range(30):  # all that can go on does
                await asyncio.sleep(0)
            if task.done():
                break
            while self._waiting and self._waiting[0][2].done():
                heapq.heappop(self._waiting)
            if not self._waiting:
                task.cancel()
                raise AssertionError("nothing is waited for")
            when, _, future = heapq.heappop(self._waiting)
            self.now = max(self.now, when)
            future.set_result(None)
        return await task
