"""Outlier detection in the engine: reports eject, decisions heed it, state outlives configurations."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from meshcore import Engine, Outcome, load_text
from meshcore.model import (
    CircuitBreakers,
    Cluster,
    CommonLbConfig,
    Config,
    Endpoint,
    ForwardAction,
    HealthStatus,
    Listener,
    LocalityEndpoints,
    OutlierDetection,
    PathKind,
    PathMatch,
    RetryPolicy,
    Route,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)

HOSTS = tuple(f"10.0.0.{i}:80" for i in range(1, 5))
NEVER_PANIC = CommonLbConfig(healthy_panic_threshold=0.0, update_merge_window=0.0)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def config(
    detection: OutlierDetection | None,
    hosts: int = 2,
    common: CommonLbConfig = NEVER_PANIC,
    retry: RetryPolicy | None = None,
    **more: Any,
) -> Config:
    endpoints = tuple(Endpoint(host[:-3], 80) for host in HOSTS[:hosts])
    cluster = Cluster(
        "c",
        localities=(LocalityEndpoints(endpoints),),
        outlier_detection=detection,
        common_lb=common,
        **more,
    )
    action = ForwardAction(cluster="c", retry_policy=retry)
    route = Route(RouteMatch(PathMatch(PathKind.PREFIX, "/")), action)
    table = RouteConfiguration("t", (VirtualHost("v", ("*",), (route,)),))
    return Config((Listener("l", None, table),), (cluster,))


def detection(**parameters: Any) -> OutlierDetection:
    return OutlierDetection(**{"max_ejection_percent": 100, **parameters})


def engine_of(made: OutlierDetection | None, hosts: int = 2, **more: Any) -> tuple[Engine, Clock]:
    clock = Clock()
    return Engine(config(made, hosts, **more), clock=clock), clock


def send(engine: Engine, times: int, answers: dict[str, Any] | None = None) -> list[str | None]:
    """The endpoints of so many requests; each gets what its endpoint has in ``answers``, or a 200."""
    seen = []
    for _ in range(times):
        with engine.decide("GET", "a", "/") as decision:
            seen.append(decision.endpoint)
            if decision.endpoint is not None:
                decision.report(**(answers or {}).get(decision.endpoint, {"status": 200}))
    return seen


def fail(engine: Engine, host: str, times: int = 5, **what: Any) -> None:
    """Requests until the endpoint has had so many, all of which it answers with a 503."""
    for _ in range(100):
        with engine.decide("GET", "a", "/") as decision:
            if decision.endpoint == host:
                decision.report(**(what or {"status": 503}))
                times -= 1
        if not times:
            return
    raise AssertionError(f"{host} is not picked")


def about(engine: Engine, host: str) -> dict[str, Any]:
    (cluster,) = engine.clusters()
    found: dict[str, Any] = next(one for one in cluster["endpoints"] if one["address"] == host)
    return found


def test_an_ejection_is_logged_at_once_and_heeded_by_the_next_decision(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "meshcore.outlier")
    engine, clock = engine_of(detection())
    fail(engine, HOSTS[0])
    ejected = f"endpoint {HOSTS[0]} of cluster c is ejected for 30 s (consecutive_5xx, ejection 1)"
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [("WARNING", ejected)]
    assert set(send(engine, 10)) == {HOSTS[1]}
    clock.now += 29
    assert set(send(engine, 10)) == {HOSTS[1]}
    assert len(caplog.records) == 1
    clock.now += 1
    assert set(send(engine, 10)) == {HOSTS[0], HOSTS[1]}
    back = f"endpoint {HOSTS[0]} of cluster c is back: its ejection is over"
    assert [(record.levelname, record.getMessage()) for record in caplog.records[1:]] == [("INFO", back)]


@pytest.mark.parametrize(
    "how", ["error", "headers", "timeout", "deadline", "break", "retried", "swapped", "pick"]
)
def test_what_ejects_is_logged_before_anybody_asks_again(how: str, caplog: pytest.LogCaptureFixture) -> None:
    retry = RetryPolicy(("5xx",), 1) if how in ("timeout", "retried") else None
    made = detection(consecutive_5xx=1, consecutive_gateway_failure=0)
    engine, _ = engine_of(made, retry=retry)
    if how == "pick":
        with engine.pick("c") as pick:
            pick.report(status=503)
            host = pick.endpoint
    else:
        lines = {"content-type": "application/grpc"} if how == "headers" else {}
        with engine.decide("POST", "a", "/", lines) as decision:
            host = decision.endpoint
            if how == "swapped":
                engine.swap(replace(engine.config, digest="other"))
            if how == "headers":
                decision.report(status=200, headers={"grpc-status": "14"})
            elif how == "timeout":
                assert decision.on_timeout() is not None or decision.done
            elif how == "deadline":
                decision.on_deadline()
            elif how == "break":
                decision.report(status=200)
                decision.report(error="reset")
            elif how == "error":
                decision.report(error="reset")
            else:
                decision.report(status=503)
            assert len(caplog.records) == 1
    assert [record.getMessage() for record in caplog.records] == [
        f"endpoint {host} of cluster c is ejected for 30 s (consecutive_5xx, ejection 1)"
    ]


def test_a_sweep_that_a_report_makes_is_logged_with_it(caplog: pytest.LogCaptureFixture) -> None:
    """The report comes after the interval of the ejection, with no request in between."""
    caplog.set_level("INFO", "meshcore.outlier")
    engine, clock = engine_of(detection(consecutive_5xx=1))
    slow = engine.decide("GET", "a", "/")
    fail(engine, HOSTS[0], 1)
    clock.now += 60
    slow.report(status=200)
    slow.close()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_whoever_takes_what_is_logged_may_use_the_engine() -> None:
    engine, _clock = engine_of(detection())
    seen: list[Any] = []

    class Shipping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            engine.set_health("c", HOSTS[1], True)
            seen.append(send(engine, 1))

    handler, log = Shipping(), logging.getLogger("meshcore.outlier")
    log.addHandler(handler)
    try:
        fail(engine, HOSTS[0])
        send(engine, 1)
    finally:
        log.removeHandler(handler)
    assert seen == [[HOSTS[1]]]


def test_an_endpoint_that_leaves_while_it_is_ejected_is_not_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "meshcore.outlier")
    engine, clock = engine_of(detection(), 3)
    fail(engine, HOSTS[0])
    send(engine, 1)
    engine.update_endpoints("c", HOSTS[1:3])
    clock.now += 60
    send(engine, 10)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize("retry", [None, RetryPolicy(("5xx",), 1)])
def test_an_answer_that_breaks_off_counts(retry: RetryPolicy | None) -> None:
    engine, _ = engine_of(detection(consecutive_5xx=1), 1, retry=retry)
    with engine.decide("GET", "a", "/") as decision:
        decision.report(status=200)
        assert not about(engine, HOSTS[0])["ejected"]
        assert decision.report(error="reset") is None
        assert about(engine, HOSTS[0])["ejected"]
        assert (decision.flags, decision.answered, decision.done) == ("UC", True, True)
        decision.report(error="reset")
    decision.report(error="reset")
    assert engine.clusters()[0]["outlier_detection"]["ejections_detected"]["consecutive_5xx"] == 1


def test_without_detection_nothing_is_ejected_or_told() -> None:
    engine, _ = engine_of(None)
    fail(engine, HOSTS[0], 20)
    assert set(send(engine, 10)) == {HOSTS[0], HOSTS[1]}
    assert "outlier_detection" not in engine.clusters()[0]
    assert "ejected" not in about(engine, HOSTS[0])


def test_what_clusters_tell() -> None:
    engine, clock = engine_of(detection(success_rate_request_volume=1, success_rate_minimum_hosts=1))
    fail(engine, HOSTS[0])
    clock.now += 12
    found = about(engine, HOSTS[0])
    assert {name: found[name] for name in ("ejected", "reason", "time_left", "ejections", "multiplier")} == {
        "ejected": True,
        "reason": "consecutive_5xx",
        "time_left": 18.0,
        "ejections": 1,
        "multiplier": 1,
    }
    assert (about(engine, HOSTS[1])["ejected"], about(engine, HOSTS[1])["reason"]) == (False, None)
    counts = engine.clusters()[0]["outlier_detection"]
    assert counts["ejections_active"] == counts["ejections_enforced"]["consecutive_5xx"] == 1
    assert counts["ejections_overflow"] == 0
    send(engine, 3)  # the sweep that is due comes first
    assert counts["success_rate_average"] is None
    clock.now += 10
    engine.sweep()
    assert about(engine, HOSTS[1])["success_rate"] == 100.0
    assert engine.clusters()[0]["outlier_detection"]["success_rate_average"] == 100.0


def test_explanations_tell_who_is_ejected() -> None:
    engine, clock = engine_of(detection())
    fail(engine, HOSTS[0])
    clock.now += 18
    explained = engine.explain("GET", "a", "/")
    assert explained.endpoint is not None
    assert explained.endpoint.unwell == ((HOSTS[0], "ejected: consecutive_5xx, 12 s left"),)
    assert f"among 1 of 2 ({HOSTS[0]} is ejected: consecutive_5xx, 12 s left)" in str(explained)
    fail(engine, HOSTS[1])
    assert "UH" in str(engine.explain("GET", "a", "/"))


def test_all_ejected_is_no_healthy_upstream_or_panic() -> None:
    for threshold, flags, endpoints in ((0.0, "UH", {None}), (50.0, "", {HOSTS[0], HOSTS[1]})):
        common = replace(NEVER_PANIC, healthy_panic_threshold=threshold)
        engine, _ = engine_of(detection(), common=common)
        answers = {host: {"status": 503} for host in HOSTS}
        send(engine, 30, answers)
        assert set(send(engine, 10, answers)) == endpoints
        assert engine.decide("GET", "a", "/").flags == flags
        assert all(one["ejected"] for one in engine.clusters()[0]["endpoints"])


def test_a_swap_keeps_counters_and_ejections() -> None:
    engine, clock = engine_of(detection(), 3)
    fail(engine, HOSTS[0])
    fail(engine, HOSTS[1], 4)
    engine.swap(config(detection(base_ejection_time=60.0), 3, slow_start=None, connect_timeout=2.0))
    assert about(engine, HOSTS[0])["time_left"] == 60.0
    fail(engine, HOSTS[1], 1)
    assert set(send(engine, 6)) == {HOSTS[2]}
    engine.update_endpoints("c", HOSTS[1:4])
    assert set(send(engine, 6)) == {HOSTS[2], HOSTS[3]}
    engine.swap(config(None, 3))
    assert set(send(engine, 9)) == set(HOSTS[:3])
    clock.now += 1000
    assert set(send(engine, 9)) == set(HOSTS[:3])


def test_a_refused_swap_changes_nothing() -> None:
    engine, _ = engine_of(detection())
    fail(engine, HOSTS[0])
    bad = config(None)
    with pytest.raises(ValueError, match="two clusters"):
        engine.swap(replace(bad, clusters=bad.clusters * 2))
    assert about(engine, HOSTS[0])["ejected"]
    assert set(send(engine, 6)) == {HOSTS[1]}


def test_ejections_that_follow_one_wait_for_the_merge_window() -> None:
    common = CommonLbConfig(healthy_panic_threshold=0.0)  # Envoy's second
    engine, clock = engine_of(detection(), 4, common=common)
    fail(engine, HOSTS[0])
    assert HOSTS[0] not in send(engine, 12)
    fail(engine, HOSTS[1])
    assert HOSTS[1] in send(engine, 12)
    assert about(engine, HOSTS[1])["ejected"]
    clock.now += 0.9
    assert HOSTS[1] in send(engine, 12)
    clock.now += 0.1
    assert set(send(engine, 12)) == {HOSTS[2], HOSTS[3]}


def test_grpc_answers_count_by_their_status() -> None:
    engine, _ = engine_of(detection())
    for content_type, ejected in (("text/plain", False), ("application/grpc", True)):
        for _ in range(20):
            with engine.decide("POST", "a", "/", {"content-type": content_type}) as decision:
                status = "14" if decision.endpoint == HOSTS[0] else "0"
                decision.report(status=200, headers=[("grpc-status", status)])
        assert about(engine, HOSTS[0])["ejected"] is ejected


def test_errors() -> None:
    engine, _ = engine_of(detection(split_external_local_origin_errors=True))
    fail(engine, HOSTS[0], error="connect-failure")
    assert about(engine, HOSTS[0])["reason"] == "consecutive_local_origin_failure"
    with (
        engine.decide("GET", "a", "/") as decision,
        pytest.raises(ValueError, match="does not fail by 'cancelled'"),
    ):
        decision.report(error="cancelled")


def test_times_may_be_given() -> None:
    engine = Engine(config(detection()))
    second = 1_000_000_000
    for at in range(40):
        with engine.decide("GET", "a", "/", now_ns=at * second) as decision:
            decision.report(status=503 if decision.endpoint == HOSTS[0] else 200, now_ns=at * second)
    engine.sweep(now_ns=1000 * second)
    with engine.decide("GET", "a", "/", now_ns=1000 * second) as decision:
        assert decision.endpoint in HOSTS[:2]


ISTIO = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: shop}
spec:
  hosts: [shop.example]
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP}]
  endpoints: [{address: 10.0.0.1}, {address: 10.0.0.2}, {address: 10.0.0.3}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: shop}
spec:
  host: shop.example
  trafficPolicy:
    loadBalancer: {simple: ROUND_ROBIN}
    outlierDetection: {%s}
"""


def istio(policy: str) -> tuple[Engine, Clock]:
    clock = Clock()
    return Engine(load_text(ISTIO % policy), clock=clock), clock


def ask(engine: Engine, answers: dict[str, dict[str, Any]], times: int = 60) -> set[str | None]:
    seen = set()
    for _ in range(times):
        with engine.decide("GET", "shop.example", "/", port=80) as decision:
            seen.add(decision.endpoint)
            if decision.endpoint is not None:
                decision.report(**answers.get(decision.endpoint, {"status": 200}))
    return seen


ALL = set(HOSTS[:3])


# Istio's fields: the policy, what the first endpoint answers, where requests go then.
@pytest.mark.parametrize(
    ("policy", "answer", "left"),
    [
        ("consecutive5xxErrors: 3, maxEjectionPercent: 50", {"status": 500}, ALL - {HOSTS[0]}),
        ("consecutive5xxErrors: 0, maxEjectionPercent: 50", {"status": 500}, ALL),
        ("consecutive5xxErrors: 3", {"status": 500}, ALL),  # 10 % of three are none
        ("maxEjectionPercent: 50", {"status": 500}, ALL - {HOSTS[0]}),
        ("consecutiveGatewayErrors: 2, maxEjectionPercent: 50", {"status": 503}, ALL - {HOSTS[0]}),
        (
            "consecutiveGatewayErrors: 2, consecutive5xxErrors: 0, maxEjectionPercent: 50",
            {"status": 500},
            ALL,
        ),
        ("consecutive5xxErrors: 3, maxEjectionPercent: 50", {"error": "reset"}, ALL - {HOSTS[0]}),
        (
            "consecutive5xxErrors: 3, splitExternalLocalOriginErrors: true, maxEjectionPercent: 50",
            {"error": "connect-failure"},
            ALL - {HOSTS[0]},  # consecutiveLocalOriginFailures is 5
        ),
        (
            "outlierDetectionHttpErrorCodes: [429], maxEjectionPercent: 50",
            {"status": 429},
            ALL - {HOSTS[0]},
        ),
        ("outlierDetectionHttpErrorCodes: [429], maxEjectionPercent: 50", {"status": 503}, ALL),
    ],
)
def test_istio_policies(policy: str, answer: dict[str, Any], left: set[str]) -> None:
    engine, clock = istio(policy)
    ask(engine, {HOSTS[0]: answer})
    assert ask(engine, {}, 12) == left
    clock.now += 40
    assert ask(engine, {}, 12) == ALL


def test_istio_min_health_percent_is_the_panic_threshold() -> None:
    failing = {host: {"status": 500} for host in HOSTS}
    engine, clock = istio("consecutive5xxErrors: 1, maxEjectionPercent: 100")
    ask(engine, failing)
    clock.now += 2  # the ejections that came within a second of the first
    assert ask(engine, failing) == {None}
    engine, clock = istio("consecutive5xxErrors: 1, maxEjectionPercent: 100, minHealthPercent: 50")
    ask(engine, failing)
    clock.now += 2
    assert ask(engine, failing) == ALL


def test_threads_eject_once_and_never_too_many() -> None:
    engine, clock = engine_of(detection(max_ejection_percent=50, consecutive_5xx=3), 4)
    old = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    done = threading.Event()
    wrong: list[str] = []

    def load(worker: int) -> None:
        for turn in range(400):
            with engine.decide("GET", "a", "/") as decision:
                if decision.endpoint is None:
                    wrong.append("nobody left")
                else:
                    decision.report(status=503 if turn % 7 else 200)
            if worker == 0:
                clock.now += 0.5

    def change() -> None:
        while not done.is_set():
            engine.swap(config(detection(max_ejection_percent=50, consecutive_5xx=3, interval=5.0), 4))
            engine.sweep()
            engine.swap(config(detection(max_ejection_percent=50, consecutive_5xx=3), 4))

    try:
        with ThreadPoolExecutor(5) as pool:
            changes = pool.submit(change)
            for one in [pool.submit(load, worker) for worker in range(4)]:
                one.result()
            done.set()
            changes.result()
    finally:
        sys.setswitchinterval(old)
    assert wrong == []
    (found,) = engine.clusters()
    ejections = sum(one["ejections"] for one in found["endpoints"])
    assert ejections == sum(found["outlier_detection"]["ejections_enforced"].values()) > 0
    assert found["outlier_detection"]["ejections_active"] <= 2
    assert all(one["active_requests"] == 0 for one in found["endpoints"])


def test_every_attempt_of_a_request_counts_for_its_endpoint() -> None:
    made = detection(consecutive_5xx=2, enforcing_success_rate=0)
    engine, _ = engine_of(made, retry=RetryPolicy(retry_on=("5xx",), num_retries=1))
    for _ in range(2):
        with engine.decide("GET", "a", "/") as decision:
            first = decision.endpoint
            attempt = decision.report(status=503)
            assert attempt is not None
            second = attempt.endpoint
            decision.report(error="connect-failure")
            assert {first, second} == set(HOSTS[:2])
    assert [about(engine, host)["reason"] for host in HOSTS[:2]] == ["consecutive_5xx"] * 2


def test_a_timeout_of_the_request_counts_for_each_attempt_that_waits() -> None:
    engine, _ = engine_of(detection(consecutive_5xx=1))
    with engine.decide("GET", "a", "/") as decision:
        endpoint = decision.endpoint
        decision.report(error="idle-timeout")
    assert endpoint is not None
    assert not about(engine, endpoint)["ejected"]
    with engine.decide("GET", "a", "/") as decision:
        endpoint = decision.endpoint
        decision.report(error="timeout")
    assert endpoint is not None
    assert about(engine, endpoint)["ejected"]


@pytest.mark.parametrize("allowed", [None, False])
def test_a_health_check_that_passes_takes_an_endpoint_back(allowed: bool | None) -> None:
    engine, _ = engine_of(detection(successful_active_health_check_uneject_host=allowed))
    fail(engine, HOSTS[0])
    engine.set_checked_health("c", {HOSTS[0]: HealthStatus.UNHEALTHY, HOSTS[1]: HealthStatus.HEALTHY})
    assert about(engine, HOSTS[0])["ejected"]
    engine.set_checked_health("c", {HOSTS[0]: HealthStatus.HEALTHY})
    assert about(engine, HOSTS[0])["ejected"] is (allowed is False)
    assert (HOSTS[0] in send(engine, 6)) is (allowed is None)


@pytest.mark.parametrize("served", [False, True])
def test_a_swap_while_a_stale_cluster_is_brought_up_to_date(served: bool) -> None:
    """What is decided on then has fewer clusters than what the request came to, which ``served`` is of."""
    own = config(detection(consecutive_5xx=1)).clusters
    others = tuple(Cluster(f"other-{i}") for i in range(4000))
    large = replace(config(None), clusters=(*others, *own))
    small = config(None, hosts=0)
    engine = Engine(large)
    engine.decide("GET", "a", "/").report(status=503)

    def lines() -> Iterator[tuple[str, str]]:
        engine.swap(small)
        yield "x-a", "b"

    numbered = (large, bytes(4000) + b"\1") if served else None
    decision = engine.decide("GET", "a", "/", lines(), served=numbered)
    assert engine.config is small
    assert (decision.cluster, decision.status, decision.flags) == ("c", 503, "UH")


@pytest.mark.parametrize("bytes_", [b"", b"\1\1", bytearray(1), None])
def test_who_is_served_is_told_by_a_byte_for_each_cluster(bytes_: Any) -> None:
    engine, _ = engine_of(None)
    with pytest.raises(ValueError, match="one for each of its clusters"):
        engine.decide("GET", "a", "/", served=(engine.config, bytes_))
    assert engine.decide("GET", "a", "/", served=(engine.config, b"\0")).endpoint
    assert engine.decide("GET", "a", "/", served=(engine.config, b"\1")).endpoint is None


def test_what_the_service_answers_itself_is_said_of_no_endpoint() -> None:
    """Its cluster's breaker holds, and that alone."""
    one = CircuitBreakers(max_requests=1)
    engine, clock = engine_of(detection(consecutive_5xx=1), circuit_breakers=one)
    served = engine.config, b"\1"
    with engine.decide("GET", "a", "/", served=served) as first:
        assert (first.outcome, first.endpoint, first.attempts) == (Outcome.FORWARD, None, ())
        assert "forward to the service itself" in str(first.explain())
        (cluster,) = engine.clusters()
        assert [one["active_requests"] for one in cluster["endpoints"]] == [0, 0]
        with engine.decide("GET", "a", "/", served=served) as second:
            assert (second.status, second.flags) == (503, "UO")
        assert first.report(status=503) is None
        assert first.answered
    for error in ("reset", "per-try-timeout"):
        with engine.decide("GET", "a", "/", served=served) as decision:
            assert decision.report(error=error) is None
            assert decision.done
    with engine.decide("GET", "a", "/", served=served) as late:
        assert late.on_timeout() is None
        assert late.status == 504
    clock.now += 1
    assert not any(about(engine, host)["ejected"] for host in HOSTS[:2])
    assert set(send(engine, 10)) == set(HOSTS[:2])
