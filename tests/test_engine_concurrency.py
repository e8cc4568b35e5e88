"""Adaptive concurrency of clusters in decisions: what overflows, what is learned, what is given back."""

from __future__ import annotations

import gc
import threading
from dataclasses import replace
from typing import Any

import pytest

from meshcore import Decision, Engine, Outcome
from meshcore.model import (
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
    RetryPolicy,
    Route,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)

AIMD = AimdController(initial_limit=2, backoff_ratio=0.5, latency_threshold=0.1)
GRADIENT = GradientController(request_count=3, min_concurrency=2, jitter=0)
OVERFLOW = "upstream_reset_before_response_started{overflow}"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def config(controller: ConcurrencyController | None, retry: RetryPolicy | None = None) -> Config:
    action = ForwardAction("c", retry_policy=retry)
    endpoints = (LocalityEndpoints((Endpoint("10.0.0.1", 80), Endpoint("10.0.0.2", 80))),)
    routes = (Route(RouteMatch(PathMatch(PathKind.PREFIX, "/")), action),)
    table = RouteConfiguration("t", (VirtualHost("v", ("*",), routes),))
    return Config(
        (Listener("l", None, table),), (Cluster("c", localities=endpoints, concurrency=controller),)
    )


def ask(engine: Engine, *, own: bool = False) -> Decision:
    """``own``: by the service itself, which answers."""
    return engine.decide("GET", "a.example", "/", {}, served=(engine.config, b"\1") if own else None)


def standing(engine: Engine) -> dict[str, Any]:
    found: dict[str, Any] = engine.clusters()[0]["concurrency"]
    return found


def test_what_is_above_the_limit_overflows_as_at_a_breaker() -> None:
    engine = Engine(config(AIMD))
    held = [ask(engine), ask(engine)]
    over = ask(engine)
    assert (over.outcome, over.status, over.flags, over.details) == (Outcome.REJECT, 503, "UO", OVERFLOW)
    assert over.endpoint is None
    assert standing(engine) == {"limit": 2, "in_flight": 2, "refused": 1}
    breaker = engine.clusters()[0]["circuit_breakers"]["default"]["requests"]
    assert (breaker["used"], breaker["overflows"]) == (2, 0)
    held[0].close()
    held[0].close()
    assert ask(engine).outcome is Outcome.FORWARD
    del held, over
    gc.collect()
    assert standing(engine)["in_flight"] == 0


def test_clusters_without_it_say_nothing_of_it() -> None:
    assert "concurrency" not in Engine(config(None)).clusters()[0]


@pytest.mark.parametrize(
    ("seconds", "report", "limit"),
    [
        (0.05, {"status": 200}, 3),
        (0.2, {"status": 200}, 1),
        (0.2, {"status": 200, "latency": 0.01}, 3),
        (0.01, {"status": 200, "latency": 0.2}, 1),
        (0.01, {"status": 503}, 1),
        (0.01, {"error": "connect-failure"}, 1),
        (0.01, {"error": "timeout"}, 1),
        (0.01, {"status": 500}, 3),
    ],
)
@pytest.mark.parametrize("own", [False, True])
def test_reports_move_the_limit(seconds: float, report: dict[str, Any], limit: int, own: bool) -> None:
    clock = Clock()
    engine = Engine(config(replace(AIMD, increase=2.0)), clock=clock)
    with ask(engine, own=own) as decision, ask(engine, own=own):
        assert ask(engine, own=own).flags == "UO"
        clock.now += seconds
        decision.report(**report)
        assert standing(engine)["limit"] == limit
    assert standing(engine)["in_flight"] == 0


def test_a_gradient_measures_and_then_follows_the_latencies() -> None:
    clock = Clock()
    engine = Engine(config(GRADIENT), clock=clock)
    assert standing(engine) == {
        "limit": 2,
        "in_flight": 0,
        "refused": 0,
        "gradient": 1.0,
        "headroom": 0.0,
        "min_rtt": None,
        "sample_rtt": None,
        "measuring": True,
    }
    for _ in range(3):
        with ask(engine) as decision:
            clock.now += 0.020
            decision.report(status=200)
    assert standing(engine)["min_rtt"] == 0.0205
    limits = []
    for latency in (0.020, 0.020, 0.020, 0.080, 0.080):
        clock.now += 0.1
        with ask(engine) as decision:
            clock.now += latency
            decision.report(status=200)
        clock.now += 0.1
        engine.sweep()
        limits.append(standing(engine)["limit"])
    # 20.5 * 1.25 / 20.5 = 1.25: 2.5 + 1.58, 5 + 2.24, 8.75 + 2.96; then halves: 5.5 + 2.35, 3.5 + 1.87
    assert limits == [4, 7, 11, 7, 5]


def test_each_attempt_has_a_place_of_its_own() -> None:
    engine = Engine(config(AIMD, RetryPolicy(retry_on=("5xx",), num_retries=2)))
    with ask(engine) as one, ask(engine) as other:
        retry = one.report(status=500)
        assert retry is not None
        assert standing(engine)["in_flight"] == 2
        assert other.report(status=503) is None  # one at most, from now on: its retry finds no room
        assert (other.outcome, other.details) == (Outcome.REJECT, OVERFLOW)
        assert standing(engine) == {"limit": 1, "in_flight": 1, "refused": 1}
    assert standing(engine)["in_flight"] == 0


def test_a_swap_forgets_nothing_unless_the_policy_is_another() -> None:
    engine = Engine(config(AIMD))
    with ask(engine) as decision:
        decision.report(error="connect-failure")
    held = ask(engine)
    assert standing(engine) == {"limit": 1, "in_flight": 1, "refused": 0}
    engine.swap(replace(config(AIMD), digest="another"))
    engine.update_endpoints("c", ["10.0.0.3:80"])
    assert standing(engine) == {"limit": 1, "in_flight": 1, "refused": 0}
    engine.swap(config(replace(AIMD, initial_limit=5)))
    assert standing(engine) == {"limit": 5, "in_flight": 0, "refused": 0}
    held.close()
    assert standing(engine)["in_flight"] == 0
    engine.swap(config(None))
    assert ask(engine).outcome is Outcome.FORWARD


def test_an_explanation_tells_of_the_limit_that_is_full() -> None:
    engine = Engine(config(AIMD))
    held = [ask(engine), ask(engine)]
    explanation = engine.explain("GET", "a.example", "/")
    assert explanation.overflow is not None
    assert (explanation.overflow.max_requests, explanation.overflow.adaptive) == (2, True)
    assert "full: 2 requests are under way already, the limit of adaptive concurrency now" in str(explanation)
    assert standing(engine)["refused"] == 0  # a look counts nothing
    del held


def test_a_policy_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match=r"AimdController\.initial_limit: found 300, expected 1 to 200"):
        Engine(config(AimdController(initial_limit=300)))


def test_threads_never_pass_the_limit_and_leave_nothing() -> None:
    engine, gate = Engine(config(replace(AIMD, max_limit=3))), threading.Barrier(6)
    most: list[int] = []

    def work() -> None:
        gate.wait()
        for number in range(200):
            with ask(engine) as decision:
                if decision.outcome is Outcome.FORWARD:
                    most.append(standing(engine)["in_flight"])
                    decision.report(status=200 if number % 7 else 503)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) <= 3
    assert standing(engine)["in_flight"] == 0
