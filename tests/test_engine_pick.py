"""Engine.pick: an endpoint without a request, and its lease."""

from __future__ import annotations

from typing import Any

import pytest

from meshcore import Engine
from meshcore.engine import Pick
from meshcore.model import (
    CircuitBreakers,
    Cluster,
    Config,
    Endpoint,
    Listener,
    LocalityEndpoints,
    OutlierDetection,
    Policy,
    RouteConfiguration,
)


def engine_with(*hosts: str, **fields: Any) -> Engine:
    endpoints = tuple(Endpoint(host, 80) for host in hosts)
    cluster = Cluster("one", localities=(LocalityEndpoints(endpoints),) if hosts else (), **fields)
    return Engine(Config((Listener("web", None, RouteConfiguration()),), (cluster,)))


def active(engine: Engine) -> list[int]:
    return [one["active_requests"] for one in engine.clusters()[0]["endpoints"]]


def test_a_pick_is_active_until_it_is_closed() -> None:
    engine = engine_with("a", "b")
    first, second = engine.pick("one"), engine.pick("one")
    assert {first.endpoint, second.endpoint} == {"a:80", "b:80"}
    assert (first.cluster, first.priority, first.flags) == ("one", "default", "")
    assert repr(first) == f"<Pick {first.endpoint} of cluster 'one'>"
    assert active(engine) == [1, 1]
    with first:
        pass
    first.close()
    del second
    assert active(engine) == [0, 0]


def test_nobody_is_there() -> None:
    pick = engine_with().pick("one")
    assert (pick.endpoint, pick.flags) == (None, "UH")
    pick.report(status=200, latency=1.0)
    pick.report(error="connect-failure")
    with pytest.raises(ValueError, match="'broken'"):
        pick.report(error="broken")
    pick.close()
    with pytest.raises(KeyError, match="there is no cluster 'gone'"):
        engine_with().pick("gone")
    with pytest.raises(TypeError, match=r"Engine\.pick"):
        Pick()


def test_it_counts_against_the_circuit_breakers() -> None:
    engine = engine_with("a", circuit_breakers=CircuitBreakers(max_requests=1))
    with engine.pick("one"):
        assert engine.pick("one").flags == "UO"
    assert engine.pick("one").endpoint == "a:80"


def test_what_is_said_of_health_counts_at_once() -> None:
    engine = engine_with("a", "b", "c")
    engine.set_health("one", "a:80", False)
    assert {engine.pick("one").endpoint for _ in range(12)} == {"b:80", "c:80"}


@pytest.mark.parametrize("policy", [Policy.RING_HASH, Policy.MAGLEV, Policy.RANDOM])
def test_what_would_be_hashed_is_drawn(policy: Policy) -> None:
    engine = engine_with("a", "b", "c", policy=policy)
    assert len({engine.pick("one", seed=seed).endpoint for seed in range(60)}) == 3
    assert len({engine.pick("one", seed=5).endpoint for _ in range(9)}) == 1


def test_balancing_learns_from_its_reports() -> None:
    engine = engine_with("slow", "fast", policy=Policy.PEAK_EWMA)
    for seed in range(20):
        with engine.pick("one", seed=seed, now_ns=10**9) as pick:
            pick.report(status=200, latency=9.0 if pick.endpoint == "slow:80" else 0.001, now_ns=10**9)
    found = [engine.pick("one", seed=seed, now_ns=10**9 + 1).endpoint for seed in range(40)]
    assert found.count("fast:80") > 30


def test_outlier_detection_hears_of_copies() -> None:
    engine = engine_with(
        "a", "b", outlier_detection=OutlierDetection(consecutive_5xx=3, max_ejection_percent=50)
    )
    for _ in range(8):
        with engine.pick("one", now_ns=10**9) as pick:
            pick.report(status=503 if pick.endpoint == "a:80" else 200, now_ns=10**9)
    assert {engine.pick("one", now_ns=10**9).endpoint for _ in range(8)} == {"b:80"}
