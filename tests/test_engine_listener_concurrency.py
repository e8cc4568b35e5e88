"""Adaptive concurrency of listeners in decisions: Envoy's filter, which counts whole requests."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Any

import pytest

from meshcore import Decision, Engine, Outcome
from meshcore.model import (
    AdaptiveConcurrency,
    Cluster,
    Config,
    DirectResponse,
    Endpoint,
    FaultDelay,
    FaultPolicy,
    ForwardAction,
    Fraction,
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

LIMIT = AdaptiveConcurrency(GradientController(min_concurrency=2, request_count=1, jitter=0))
DELAY = FaultPolicy(delay=FaultDelay(Fraction(100), fixed=0.03))


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def route(path: str, action: Any) -> Route:
    return Route(RouteMatch(PathMatch(PathKind.PREFIX, path)), action)


def config(*filters: object) -> Config:
    forward = ForwardAction("c", retry_policy=RetryPolicy(retry_on=("5xx",), num_retries=1))
    routes = (route("/direct", DirectResponse(200, b"here")), route("/", forward))
    table = RouteConfiguration("t", (VirtualHost("v", ("a.example",), routes),))
    named = tuple((f"f{at}", one) for at, one in enumerate(filters))
    fault = next((one for one in filters if isinstance(one, FaultPolicy)), None)
    endpoints = (LocalityEndpoints((Endpoint("10.0.0.1", 80),)),)
    return Config(
        (Listener("l", None, table, fault=fault, filters=named),), (Cluster("c", localities=endpoints),)
    )


def ask(engine: Engine, path: str = "/", host: str = "a.example") -> Decision:
    return engine.decide("GET", host, path, {})


def standing(engine: Engine) -> dict[str, Any]:
    (found,) = engine.concurrency()
    return found


def test_what_is_above_the_limit_is_answered_as_by_envoy() -> None:
    engine = Engine(config(LIMIT))
    held = [ask(engine), ask(engine, "/direct")]
    for path, host in (("/", "a.example"), ("/direct", "a.example"), ("/", "nobody.example")):
        over = ask(engine, path, host)
        assert (over.outcome, over.status, over.flags) == (Outcome.REJECT, 503, "")
        assert (over.details, over.body) == ("reached_concurrency_limit", b"reached concurrency limit")
    assert standing(engine)["listener"] == "l"
    assert (standing(engine)["in_flight"], standing(engine)["refused"]) == (2, 3)
    held[0].close()
    assert ask(engine).outcome is Outcome.FORWARD


def test_the_status_is_the_filters() -> None:
    engine = Engine(config(replace(LIMIT, status=429)))
    held = [ask(engine), ask(engine)]
    assert ask(engine).status == 429
    grpc = engine.decide("POST", "a.example", "/", {"content-type": "application/grpc"})
    assert grpc.response_headers({})["grpc-status"] == "14"
    del held


@pytest.mark.parametrize("path", ["/", "/direct"])
def test_a_request_takes_until_it_is_closed(path: str) -> None:
    clock = Clock()
    engine = Engine(config(LIMIT), clock=clock)
    with ask(engine, path) as decision:
        clock.now += 0.010
        decision.report(status=200)
        clock.now += 0.010
        assert standing(engine)["in_flight"] == 1
    assert (standing(engine)["in_flight"], standing(engine)["min_rtt"]) == (0, 0.0205)


def test_retries_are_within_and_a_failure_is_an_answer() -> None:
    clock = Clock()
    engine = Engine(config(LIMIT), clock=clock)
    with ask(engine) as decision:
        clock.now += 0.010
        assert decision.report(status=500) is not None
        assert standing(engine)["in_flight"] == 1
        clock.now += 0.010
        decision.report(error="connect-failure")
        assert (decision.outcome, standing(engine)["in_flight"]) == (Outcome.REJECT, 1)
    assert standing(engine)["min_rtt"] == 0.0205


def give_up_by_exception(decision: Decision) -> None:
    decision.report(status=200)
    with pytest.raises(ConnectionResetError), decision:
        raise ConnectionResetError


def give_up_by_closing(decision: Decision) -> None:
    decision.report(status=200)
    decision.finish(complete=False)
    decision.close()


def give_up_without_report(decision: Decision) -> None:
    decision.close()


@pytest.mark.parametrize("give_up", [give_up_by_exception, give_up_by_closing, give_up_without_report])
def test_what_is_given_up_says_nothing(give_up: Any) -> None:
    engine = Engine(config(LIMIT))
    give_up(ask(engine))
    assert (standing(engine)["in_flight"], standing(engine)["measuring"]) == (0, True)


def test_a_decision_that_is_collected_says_nothing() -> None:
    engine = Engine(config(LIMIT))
    ask(engine, "/direct")
    gc.collect()
    assert (standing(engine)["in_flight"], standing(engine)["measuring"]) == (0, True)


@pytest.mark.parametrize(("filters", "taken"), [((LIMIT, DELAY), 0.0505), ((DELAY, LIMIT), 0.0205)])
def test_faults_count_where_they_stand_behind(filters: tuple[object, ...], taken: float) -> None:
    clock = Clock()
    engine = Engine(config(*filters), clock=clock)
    with ask(engine) as decision:
        assert decision.delay == 0.03
        clock.now += 0.050
        decision.report(status=200)
    assert standing(engine)["min_rtt"] == taken


def test_the_time_may_be_given() -> None:
    engine = Engine(config(LIMIT), clock=Clock())
    decision = engine.decide("GET", "a.example", "/direct", {}, now_ns=2_000_000_000_000)
    decision.finish(now_ns=2_000_040_000_000)
    assert standing(engine)["min_rtt"] == 0.0405


def test_a_swap_forgets_nothing_unless_the_filter_is_another() -> None:
    clock = Clock()
    engine = Engine(config(LIMIT), clock=clock)
    held = ask(engine)
    with ask(engine, "/direct"):
        clock.now += 0.020
    engine.swap(replace(config(LIMIT, DELAY), digest="another"))
    assert (standing(engine)["in_flight"], standing(engine)["min_rtt"]) == (1, 0.0205)
    engine.swap(config(AdaptiveConcurrency(GradientController(min_concurrency=5))))
    assert (standing(engine)["in_flight"], standing(engine)["limit"]) == (0, 5)
    held.close()
    engine.swap(config())
    assert engine.concurrency() == []


def test_an_explanation_counts_nothing() -> None:
    engine = Engine(config(LIMIT))
    held = [ask(engine), ask(engine)]
    explanation = engine.explain("GET", "a.example", "/")
    assert (explanation.status, explanation.details) == (503, "reached_concurrency_limit")
    assert (standing(engine)["in_flight"], standing(engine)["refused"]) == (2, 0)
    del held
