"""Policies that go by load, through the engine: leases, weights, time and reports."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from meshcore import Engine
from meshcore.model import (
    ClientSideWeighted,
    Cluster,
    Config,
    Endpoint,
    ForwardAction,
    LeastRequest,
    Listener,
    LocalityEndpoints,
    PathKind,
    PathMatch,
    PeakEwma,
    Policy,
    Route,
    RouteConfiguration,
    RouteMatch,
    SlowStart,
    VirtualHost,
)

REPORT = "endpoint-load-metrics"


def config(*weights: int, **fields: Any) -> Config:
    """A cluster of the endpoints a0:80, a1:80 and so on, of these weights."""
    endpoints = tuple(Endpoint(f"a{i}", 80, weight=weight) for i, weight in enumerate(weights))
    cluster = Cluster("c", localities=(LocalityEndpoints(endpoints),), **fields)
    route = Route(RouteMatch(PathMatch(PathKind.PREFIX, "/")), ForwardAction(cluster="c"))
    table = RouteConfiguration("t", (VirtualHost("v", ("*",), (route,)),))
    return Config((Listener("l", None, table),), (cluster,))


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def shares(engine: Engine, count: int) -> list[int]:
    """How many of ``count`` requests, one after another, go to each endpoint."""
    counts: Counter[str | None] = Counter()
    for seed in range(count):
        with engine.decide("GET", "a", "/", seed=seed) as d:
            counts[d.endpoint] += 1
    addresses = [one["address"] for one in engine.clusters()[0]["endpoints"]]
    assert counts.keys() <= set(addresses)
    return [counts[address] for address in addresses]


def test_round_robin_by_weight() -> None:
    assert shares(Engine(config(1, 2, 4)), 70) == [10, 20, 40]


def test_the_lease_is_what_least_request_goes_by() -> None:
    engine = Engine(config(1, 1, policy=Policy.LEAST_REQUEST, least_request=LeastRequest(full_scan=True)))
    first, second = (engine.decide("GET", "a", "/") for _ in range(2))
    assert {first.endpoint, second.endpoint} == {"a0:80", "a1:80"}
    first.close()
    with engine.decide("GET", "a", "/") as third:
        assert third.endpoint == first.endpoint
    second.close()


def test_the_bias_counts_where_weights_differ() -> None:
    engine = Engine(config(1, 3, policy=Policy.LEAST_REQUEST))
    assert shares(engine, 40) == [10, 30]
    held = []
    while len(held) < 8:  # of which a1 has 5: its weight is 3 / 6, and a0's is 1 / 4
        held.append(engine.decide("GET", "a", "/"))
    counts = Counter(one.endpoint for one in held)
    assert counts["a1:80"] > counts["a0:80"] > 0


def test_a_new_endpoint_starts_slowly(clock: Clock) -> None:
    fields = {"slow_start": SlowStart(100.0)}
    engine = Engine(config(1, 1, **fields), clock=clock)
    clock.seconds += 500
    engine.swap(config(1, 1, 1, **fields))
    found = shares(engine, 2100)
    assert found[2] in range(99, 102)
    clock.seconds += 50
    found = shares(engine, 2500)
    assert found[2] in range(490, 511)
    clock.seconds += 50
    assert shares(engine, 30) == [10, 10, 10]


def test_one_decision_may_have_a_time_of_its_own(clock: Clock) -> None:
    fields = {"slow_start": SlowStart(100.0)}
    engine = Engine(config(1, **fields), clock=clock)
    clock.seconds += 500
    engine.swap(config(1, 1, **fields))
    late = round((clock.seconds + 100) * 1e9)
    found = {engine.decide("GET", "a", "/", now_ns=late).endpoint for _ in range(2)}
    assert found == {"a0:80", "a1:80"}


def test_reported_latency_moves_requests(clock: Clock) -> None:
    engine = Engine(config(1, 1, policy=Policy.PEAK_EWMA, peak_ewma=PeakEwma(10.0)), clock=clock)
    slow = {"a0:80": 0.2, "a1:80": 0.1}
    for seed in range(20):
        with engine.decide("GET", "a", "/", seed=seed) as d:
            assert d.endpoint is not None
            d.report(status=200, latency=slow[d.endpoint])
    assert shares(engine, 20) == [0, 20]
    with engine.decide("GET", "a", "/") as d:
        d.report(latency=0.5)  # a peak counts at once
    assert shares(engine, 20) == [20, 0]


def test_reported_load_is_the_weight(clock: Clock) -> None:
    policy = {"policy": Policy.CLIENT_SIDE_WEIGHTED_ROUND_ROBIN}
    engine = Engine(config(1, 1, client_side_weighted=ClientSideWeighted(0.0), **policy), clock=clock)
    load = {"a0:80": "TEXT rps_fractional=100,cpu_utilization=0.5", "a1:80": "TEXT rps_fractional=100,eps=0"}
    load["a1:80"] += ",cpu_utilization=1"
    for _ in range(2):
        with engine.decide("GET", "a", "/") as d:
            assert d.endpoint is not None
            d.report(status=200, headers=[(REPORT, load[d.endpoint])])
    clock.seconds += 1
    assert shares(engine, 30) == [20, 10]
    engine.report_load("c", "a0:80", qps=100, utilization=0.1, eps=90)
    clock.seconds += 1
    assert shares(engine, 40) == [20, 20]


def test_reports_that_nobody_reads() -> None:
    engine = Engine(config(1))
    with engine.decide("GET", "a", "/") as d:
        assert d.report(status=200, headers=[(REPORT, "TEXT nonsense")], latency=1.0) is None  # type: ignore[func-returns-value]
    engine.report_load("c", "a0:80", qps=1, utilization=1)


def test_loads_of_what_is_not_there() -> None:
    engine = Engine(config(1))
    with pytest.raises(ValueError, match="no cluster 'd'"):
        engine.report_load("d", "a0:80", qps=1, utilization=1)
    with pytest.raises(ValueError, match="cluster 'c' has no endpoint 'b:80'"):
        engine.report_load("c", "b:80", qps=1, utilization=1)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"least_request": LeastRequest(1)}, "LeastRequest.choice_count: found 1, expected 2"),
        ({"slow_start": SlowStart(-1.0)}, "SlowStart.window: found -1.0, expected 0 or more"),
    ],
)
def test_parameters_out_of_range(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Engine(config(1, **fields))
