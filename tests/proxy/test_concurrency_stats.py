"""Adaptive concurrency among the proxy's statistics, under the names of Envoy's controller."""

from __future__ import annotations

from dataclasses import replace

from meshcore import Engine
from meshcore.model import (
    AdaptiveConcurrency,
    AimdController,
    Cluster,
    ConcurrencyController,
    Config,
    Endpoint,
    ForwardAction,
    GradientController,
    Listener,
    LocalityEndpoints,
    PathKind,
    PathMatch,
    Route,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)
from meshcore.proxy.concurrency_stats import concurrency_counters, concurrency_gauges
from meshcore.telemetry.stats import Stats


def engine(controller: ConcurrencyController | None) -> Engine:
    endpoints = (LocalityEndpoints((Endpoint("10.0.0.1", 80),)),)
    route = Route(RouteMatch(PathMatch(PathKind.PREFIX, "/")), ForwardAction("c"))
    table = RouteConfiguration("t", (VirtualHost("v", ("*",), (route,)),))
    return Engine(
        Config((Listener("l", None, table),), (Cluster("c", localities=endpoints, concurrency=controller),))
    )


def test_what_a_limiter_did_and_how_it_stands() -> None:
    made = engine(AimdController(initial_limit=1))
    held = [made.decide("GET", "a.example", "/") for _ in range(3)]
    assert concurrency_counters(made) == {"cluster.c.adaptive_concurrency.rq_blocked": 2}
    assert concurrency_gauges(made) == {
        "cluster.c.adaptive_concurrency.concurrency_limit": 1,
        "cluster.c.adaptive_concurrency.rq_outstanding": 1,
    }
    stats = Stats()
    stats.gauges = concurrency_gauges(made)
    assert 'meshcore_cluster_adaptive_concurrency_concurrency_limit{cluster_name="c"} 1' in stats.prometheus()
    del held


def test_a_gradient_tells_more() -> None:
    found = concurrency_gauges(engine(GradientController(min_rtt=0.0205)))
    assert {name.rpartition(".")[2]: value for name, value in found.items()} == {
        "concurrency_limit": 3,
        "rq_outstanding": 0,
        "gradient": 1000,
        "burst_queue_size": 0,
        "min_rtt_msecs": 20,
        "sample_rtt_msecs": 0,
        "min_rtt_calculation_active": 0,
    }


def test_clusters_without_one_have_no_gauges() -> None:
    assert concurrency_gauges(engine(None)) == {}


def test_a_listener_has_its_own() -> None:
    config = engine(None).config
    limit = AdaptiveConcurrency(GradientController(min_concurrency=1))
    made = Engine(replace(config, listeners=(replace(config.listeners[0], filters=(("f", limit),)),)))
    held = [made.decide("GET", "a.example", "/") for _ in range(2)]
    prefix = "http.l.adaptive_concurrency.gradient_controller"
    assert concurrency_counters(made) == {f"{prefix}.rq_blocked": 1}
    assert concurrency_gauges(made)[f"{prefix}.concurrency_limit"] == 1
    stats = Stats()
    stats.gauges = concurrency_gauges(made)
    metric = "meshcore_http_adaptive_concurrency_gradient_controller_concurrency_limit"
    assert f'{metric}{{listener_name="l"}} 1' in stats.prometheus()
    del held
