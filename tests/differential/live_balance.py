"""Random clusters of policies that hash, and upstreams that say by which address they were reached."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

from live_servers import Servers

__all__ = ["ADDRESSES", "Addressed", "bootstrap", "cluster"]

ADDRESSES = [f"127.0.{i // 8 + 1}.{i % 8 + 1}" for i in range(32)]
PRIMES = (2, 3, 7, 101, 503, 1009, 65537)
HEALTHY, SICK, DEGRADED = "HEALTHY", "UNHEALTHY", "DEGRADED"


class Addressed(Servers):
    """An HTTP/1.1 server on one port of all ADDRESSES; its answers have the address in ``x-endpoint``.

    A request with ``x-hold`` stays under way: its answer has a body that does not come.
    """

    def __init__(self) -> None:
        super().__init__()
        self.port = 0

    async def _listen(self) -> None:
        first = await asyncio.start_server(_answer, ADDRESSES[0], 0)
        self.port = first.sockets[0].getsockname()[1]
        self._servers = [first, await asyncio.start_server(_answer, ADDRESSES[1:], self.port)]


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    address, port = writer.get_extra_info("sockname")
    try:
        while True:
            length = b"1" if b"x-hold" in await reader.readuntil(b"\r\n\r\n") else b"0"
            endpoint = f"{address}:{port}".encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-length: %s\r\nx-endpoint: %s\r\n\r\n" % (length, endpoint)
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


# ---------------------------------------------------------------------- configuration


def cluster(name: str, port: int, random: Random, *, bounded: bool = False) -> dict[str, Any]:
    """A cluster that draws its policy, sizes, hosts, weights, health, localities and priorities."""
    by_name = random.random() < 0.2
    common: dict[str, Any] = {}
    if random.random() < 0.3:
        common["locality_weighted_lb_config"] = {}
    if random.random() < 0.3:
        common["healthy_panic_threshold"] = {"value": random.choice([0, 30, 80])}
    hashing: dict[str, Any] = {}
    if by_name:
        hashing["use_hostname_for_hashing"] = True
    if bounded or random.random() < 0.2:
        hashing["hash_balance_factor"] = random.choice([100, 150, 400])
    if hashing:
        common["consistent_hashing_lb_config"] = hashing
    return {
        "name": name,
        "type": "STRICT_DNS" if by_name else "STATIC",
        "connect_timeout": "5s",
        "common_lb_config": common,
        "load_assignment": {"cluster_name": name, "endpoints": _localities(port, random, by_name)},
        **(_ring(random) if random.random() < 0.55 else _maglev(random)),
    }


def _ring(random: Random) -> dict[str, Any]:
    least = random.choice([1, 7, 16, 1024, 1024, 5000])
    config = {
        "minimum_ring_size": least,
        "maximum_ring_size": random.choice([8388608, least, least + 3, least * 2]),
        "hash_function": random.choice(["XX_HASH", "MURMUR_HASH_2"]),
    }
    return {"lb_policy": "RING_HASH", "ring_hash_lb_config": config}


def _maglev(random: Random) -> dict[str, Any]:
    return {"lb_policy": "MAGLEV", "maglev_lb_config": {"table_size": random.choice(PRIMES)}}


def _localities(port: int, random: Random, by_name: bool) -> list[dict[str, Any]]:
    addresses = random.sample(ADDRESSES, random.choice([1, 2, 5, 12, 30]))
    count = random.choice([1, 1, 2, 3])
    weighted, sick = random.random() < 0.5, random.random() < 0.4
    groups: list[dict[str, Any]] = []
    for i in range(count):
        endpoints = [_endpoint(address, port, random, weighted, sick) for address in addresses[i::count]]
        if by_name:
            for endpoint in endpoints:
                endpoint["endpoint"]["hostname"] = f"host-{addresses.index(_address(endpoint))}.example"
        groups.append({"locality": {"zone": f"z{i}"}, "lb_endpoints": endpoints})
        if random.random() < 0.8:
            groups[-1]["load_balancing_weight"] = random.randint(1, 9)
        if i and random.random() < 0.4:
            groups[-1]["priority"] = groups[-2].get("priority", 0) + 1
        elif i:
            groups[-1]["priority"] = groups[-2].get("priority", 0)
    return groups


def _address(endpoint: dict[str, Any]) -> str:
    address: str = endpoint["endpoint"]["address"]["socket_address"]["address"]
    return address


def _endpoint(address: str, port: int, random: Random, weighted: bool, sick: bool) -> dict[str, Any]:
    endpoint: dict[str, Any] = {
        "endpoint": {"address": {"socket_address": {"address": address, "port_value": port}}}
    }
    if weighted:
        endpoint["load_balancing_weight"] = random.choice([1, 2, 3, 50, 1000])
    if sick:
        endpoint["health_status"] = random.choice([HEALTHY, HEALTHY, SICK, DEGRADED])
    if random.random() < 0.1:
        endpoint["metadata"] = {"filter_metadata": {"envoy.lb": {"hash_key": f"key-of-{address}"}}}
    return endpoint


def bootstrap(port: int, clusters: list[dict[str, Any]]) -> dict[str, Any]:
    """A listener that sends ``/NAME`` to the cluster of that name by the header ``x-key``."""
    routes = [
        {
            "match": {"path": f"/{one['name']}"},
            "route": {"cluster": one["name"], "hash_policy": [{"header": {"header_name": "x-key"}}]},
        }
        for one in clusters
    ]
    router = {
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
    }
    hcm = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
        ".HttpConnectionManager",
        "stat_prefix": "live",
        "route_config": {
            "name": "live",
            "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}],
        },
        "http_filters": [router],
    }
    listener = {
        "name": "live",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": hcm}]}
        ],
    }
    return {"static_resources": {"listeners": [listener], "clusters": clusters}}
