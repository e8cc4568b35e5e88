"""What active health checks say of endpoints, and who hears of a configuration's changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from meshcore import Engine
from meshcore.model import (
    Cluster,
    CommonLbConfig,
    Config,
    Endpoint,
    EndpointHealthCheck,
    ForwardAction,
    HealthCheck,
    HealthStatus,
    Listener,
    LocalityEndpoints,
    PathKind,
    PathMatch,
    Route,
    RouteConfiguration,
    RouteMatch,
    TcpHealthCheck,
    VirtualHost,
)

CHECK = HealthCheck(TcpHealthCheck())
A, B, C = "10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"


def cluster(*endpoints: Endpoint | str, **fields: Any) -> Cluster:
    made = tuple(Endpoint(one.partition(":")[0], 80) if isinstance(one, str) else one for one in endpoints)
    fields = {"health_check": CHECK, "common_lb": CommonLbConfig(healthy_panic_threshold=0), **fields}
    return Cluster("c", localities=(LocalityEndpoints(made),), **fields)


def config(*clusters: Cluster) -> Config:
    route = Route(RouteMatch(PathMatch(PathKind.PREFIX, "/")), ForwardAction(cluster="c"))
    table = RouteConfiguration("t", (VirtualHost("v", ("*",), (route,)),))
    return Config((Listener("l", None, table),), clusters)


def served(engine: Engine) -> set[str | None]:
    return {engine.decide("GET", "a", "/").endpoint for _ in range(12)}


def health(engine: Engine) -> dict[str, str]:
    return {host["address"]: host["health"] for host in engine.clusters()[0]["endpoints"]}


def nothing(cluster: str, endpoint: str) -> None:
    return None


def test_what_checks_say_counts() -> None:
    engine = Engine(config(cluster(A, B, C)))
    engine.set_checked_health("c", {A: HealthStatus.UNHEALTHY, B: HealthStatus.DEGRADED})
    assert served(engine) == {B, C}, "one healthy host is not enough for three"
    assert health(engine) == {A: "UNHEALTHY", B: "DEGRADED", C: "HEALTHY"}
    engine.set_checked_health("c", {C: HealthStatus.TIMEOUT, "10.9.9.9:80": HealthStatus.UNHEALTHY})
    assert served(engine) == {B}
    engine.set_checked_health("c", {A: HealthStatus.HEALTHY, B: HealthStatus.HEALTHY})
    assert served(engine) == {A, B}
    engine.set_checked_health("gone", {A: HealthStatus.UNHEALTHY})


def test_a_host_that_counts_nowhere() -> None:
    """One of two is healthy: panic, unless the other one is left out."""
    engine = Engine(config(cluster(A, B, C, common_lb=CommonLbConfig(healthy_panic_threshold=50))))
    engine.set_checked_health("c", {A: HealthStatus.UNHEALTHY, B: HealthStatus.UNHEALTHY})
    assert served(engine) == {A, B, C}
    engine.set_checked_health("c", {A: HealthStatus.DRAINING})
    assert served(engine) == {C}
    assert health(engine)[A] == "DRAINING"


def test_the_words_of_others_stay_apart() -> None:
    engine = Engine(config(cluster(A, B)))
    engine.set_health("c", A, False)
    engine.set_checked_health("c", {A: HealthStatus.UNHEALTHY, B: HealthStatus.HEALTHY})
    (found,) = engine.clusters()
    assert [host["failing"] for host in found["endpoints"]] == [["user", "health check"], []]
    engine.set_checked_health("c", {A: HealthStatus.HEALTHY})
    assert served(engine) == {B}
    engine.set_health("c", A, True)
    assert served(engine) == {A, B}


def test_new_endpoints_wait_for_their_first_check() -> None:
    engine = Engine(config(cluster(A)))
    engine.begin_checks(nothing)
    assert health(engine) == {A: "HEALTHY"}, "whoever checks says what those are that are there"
    special = Endpoint("10.0.0.3", 80, health_check=EndpointHealthCheck(disabled=True))
    engine.update_endpoints("c", [A, B, special])
    assert health(engine) == {A: "HEALTHY", B: "UNHEALTHY", C: "HEALTHY"}
    engine.set_checked_health("c", {B: HealthStatus.HEALTHY})
    engine.swap(config(cluster(A, B, "10.0.0.4:80")))
    assert health(engine) == {A: "HEALTHY", B: "HEALTHY", "10.0.0.4:80": "UNHEALTHY"}
    excluding = CommonLbConfig(ignore_new_hosts_until_first_hc=True)
    engine.swap(config(cluster(A, C, common_lb=excluding)))
    assert health(engine) == {A: "HEALTHY", C: "DRAINING"}
    engine.swap(config(replace(cluster("10.0.0.5:80"), health_check=None)))
    assert health(engine) == {"10.0.0.5:80": "HEALTHY"}


def test_the_end_of_checks() -> None:
    engine = Engine(config(cluster(A, B)))
    engine.begin_checks(nothing)
    engine.set_checked_health("c", {A: HealthStatus.UNHEALTHY, B: HealthStatus.DRAINING})
    engine.set_health("c", B, False)
    with pytest.raises(RuntimeError, match="checked already"):
        engine.begin_checks(nothing)
    engine.end_checks()
    assert health(engine) == {A: "HEALTHY", B: "UNHEALTHY"}
    engine.update_endpoints("c", [A, C])
    assert health(engine) == {A: "HEALTHY", C: "HEALTHY"}


def test_what_checks_came_to_is_shown() -> None:
    engine = Engine(config(cluster(A, B)))
    engine.begin_checks(lambda cluster, endpoint: {"of": f"{cluster}/{endpoint}"} if endpoint == A else None)
    one, other = engine.clusters()[0]["endpoints"]
    assert one["health_check"] == {"of": f"c/{A}"}
    assert "health_check" not in other


def test_watching() -> None:
    engine = Engine(config(cluster(A)))
    seen: list[int] = []

    def callback() -> None:
        seen.append(len(engine.config.clusters[0].endpoints))

    engine.watch(callback)
    engine.update_endpoints("c", [A, B])
    engine.swap(config(cluster(A, B, C)))
    with pytest.raises(ValueError, match="two clusters"):
        engine.swap(config(cluster(A), cluster(A)))
    engine.set_health("c", A, False)
    assert seen == [2, 3]
    engine.unwatch(callback)
    engine.update_endpoints("c", [])
    assert seen == [2, 3]


def test_traffic() -> None:
    engine = Engine(config(cluster(A, B)))
    assert not engine.has_traffic("c")
    engine.decide("GET", "a", "/").close()
    assert engine.has_traffic("c")
    with pytest.raises(KeyError, match="no cluster"):
        engine.has_traffic("d")
