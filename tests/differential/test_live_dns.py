"""A running Envoy and an engine ask name servers that say the same: they serve the same endpoints."""

from __future__ import annotations

import http.client
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from dns_server import DnsServer
from live_balance import ADDRESSES, Addressed, bootstrap
from live_envoy import PATIENCE, Envoy, free_ports

from meshcore.config import load
from meshcore.discovery import ThreadDiscovery
from meshcore.engine import Engine
from meshcore.health import HealthChecker

pytestmark = pytest.mark.envoy

A, B, C = ADDRESSES[:3]
NAMES = ("a.test", "b.test")
#: Requests of a step: shares of up to four endpoints come out even.
REQUESTS = 48
#: Lookups until a change is surely in force: c-ares asks a server that fails four times.
TURNS = 9
#: Rounds of requests until both sides agree: a new endpoint serves after its first check, and no lookup
#: tells when Envoy has made that.
ROUNDS = 20
TCP = {
    "timeout": "1s",
    "interval": "0.02s",
    "no_traffic_interval": "0.02s",
    "healthy_threshold": 1,
    "unhealthy_threshold": 1,
    "tcp_health_check": {},
}
SETTINGS = {
    "dns_refresh_rate": "0.02s",
    "dns_failure_refresh_rate": {"base_interval": "0.02s", "max_interval": "0.02s"},
}


def resolver(server: DnsServer) -> dict[str, Any]:
    kind = "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig"
    address = {"socket_address": {"address": "127.0.0.1", "port_value": server.port}}
    return {"name": "r", "typed_config": {"@type": kind, "resolvers": [address]}}


def cluster(name: str, port: int, *names: str, **fields: Any) -> dict[str, Any]:
    endpoints = [
        {"endpoint": {"address": {"socket_address": {"address": one, "port_value": port}}}} for one in names
    ]
    return {
        "name": name,
        "connect_timeout": "5s",
        "max_requests_per_connection": 1,  # or LOGICAL_DNS keeps to the connections that it has
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
        **fields,
    }


def clusters(port: int, server: DnsServer) -> list[dict[str, Any]]:
    asked = {**SETTINGS, "typed_dns_resolver_config": resolver(server)}
    typed = {
        "@type": "type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster",
        "dns_lookup_family": "V4_ONLY",
        **asked,
    }
    single = {**typed, "all_addresses_in_single_endpoint": True}
    return [
        cluster("strict", port, "a.test", type="STRICT_DNS", dns_lookup_family="V4_ONLY", **asked),
        cluster("auto", port, "a.test", type="STRICT_DNS", **asked),
        cluster("logical", port, "a.test", type="LOGICAL_DNS", dns_lookup_family="V4_PREFERRED", **asked),
        cluster("both", port, "a.test", "b.test", type="STRICT_DNS", dns_lookup_family="ALL", **asked),
        cluster(
            "checked",
            port,
            "a.test",
            type="STRICT_DNS",
            dns_lookup_family="V4_ONLY",
            health_checks=[TCP],
            common_lb_config={"healthy_panic_threshold": {"value": 0}},
            **asked,
        ),
        cluster("typed", port, "b.test", cluster_type={"name": "envoy.cluster.dns", "typed_config": typed}),
        cluster(
            "single",
            port,
            "a.test",
            cluster_type={"name": "envoy.cluster.dns", "typed_config": single},
        ),
    ]


CLUSTERS = ("strict", "auto", "logical", "both", "checked", "typed", "single")


@dataclass(frozen=True)
class Pair:
    engine: Engine
    discovery: ThreadDiscovery
    port: int
    servers: tuple[DnsServer, DnsServer]

    def change(self, change: Callable[[DnsServer], None]) -> None:
        """Let both name servers say something else, and wait until both sides have heard it."""
        for server in self.servers:
            change(server)
        envoys, ours = self.servers
        ours.wait_for_turns(TURNS, *NAMES)
        envoys.wait_for_turns(TURNS * len(CLUSTERS), *NAMES)  # each cluster asks for itself

    def envoys(self, name: str) -> Counter[str]:
        found: Counter[str] = Counter()
        for _ in range(REQUESTS):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            connection.request("GET", f"/{name}")
            answer = connection.getresponse()
            answer.read()
            connection.close()
            found[answer.headers["x-endpoint"] if answer.status == 200 else str(answer.status)] += 1
        return found

    def ours(self, name: str) -> Counter[str]:
        found: Counter[str] = Counter()
        for _ in range(REQUESTS):
            with self.engine.decide("GET", "a.example", f"/{name}", port=self.port) as decision:
                endpoint = decision.endpoint
                found[self.discovery.address(name, endpoint) if endpoint else str(decision.status)] += 1
        return found

    def settled(self, name: str) -> tuple[Counter[str], Counter[str]]:
        """What ours and Envoy serve, once they agree; after ROUNDS rounds, what they served last."""
        served = self.ours(name), self.envoys(name)
        for _ in range(ROUNDS):
            if served[0] == served[1]:
                break
            served = self.ours(name), self.envoys(name)
        return served


@pytest.fixture(scope="module")
def pair(binary: str) -> Iterator[Pair]:
    with Addressed() as upstreams, DnsServer() as envoys, DnsServer() as ours:
        for server in (envoys, ours):
            server.ttl = 0
            server.set("a.test", A)
            server.set("b.test", B)
        (port,) = free_ports(1)
        engine = Engine(load(bootstrap(port, clusters(upstreams.port, ours))))
        with (
            ThreadDiscovery(engine) as discovery,
            HealthChecker(engine),
            Envoy(binary, bootstrap(port, clusters(upstreams.port, envoys))),
        ):
            yield Pair(engine, discovery, port, (envoys, ours))


STEPS: dict[str, Callable[[DnsServer], None]] = {
    "as at the start": lambda server: None,
    "an address more": lambda server: server.set("a.test", A, B),
    "another order": lambda server: server.set("a.test", B, A),
    "others": lambda server: server.set("a.test", C),
    "an address of both names": lambda server: server.set("b.test", B, C),
    "no addresses": lambda server: server.set("a.test"),
    "again": lambda server: server.set("a.test", A, B),
    "a server that fails": lambda server: server.rcodes.update({"a.test": "SERVFAIL"}),
    "a server that refuses": lambda server: server.rcodes.update({"a.test": "REFUSED", "b.test": "REFUSED"}),
    "no such name": lambda server: server.rcodes.update({"a.test": "NXDOMAIN", "b.test": "NOERROR"}),
    "well again": lambda server: server.rcodes.clear(),
}


def test_the_same_endpoints_are_served_after_the_same_answers(pair: Pair) -> None:
    for step, change in STEPS.items():
        pair.change(change)
        for name in CLUSTERS:
            ours, envoys = pair.settled(name)
            assert ours == envoys, f"cluster {name} after: {step}"
