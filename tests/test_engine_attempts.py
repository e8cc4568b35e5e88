"""The life of a decision: attempts, their endpoints and lines, their limits of time, and the end of it."""

from __future__ import annotations

import gc
from http import HTTPStatus
from typing import Any

import pytest
from exchange_support import active, engine_of
from hypothesis import given
from hypothesis import strategies as st

from meshcore import Attempt, Decision, Engine, Outcome

RETRY: dict[str, Any] = {"retry_on": "5xx", "num_retries": 2}
INTERNAL = {
    "hcm": {"internal_address_config": {"cidr_ranges": [{"address_prefix": "10.0.0.0", "prefix_len": 8}]}}
}
HOST_PREDICATES = "type.googleapis.com/envoy.extensions.retry.host"
FROM_INSIDE = ("x-forwarded-for", "10.1.1.1")


def decide(engine: Engine, headers: Any = (), **more: Any) -> Decision:
    return engine.decide("GET", "a.example", "/x", headers, **{"now_ns": 10**12, "seed": 7, **more})


def lines(of: Decision | Attempt) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in of.request_headers()}


def test_a_retry_goes_to_its_own_endpoint() -> None:
    engine = engine_of({"retry_policy": RETRY}, host={"include_request_attempt_count": True})
    with decide(engine) as decision:
        first = decision.endpoint
        second = decision.report(status=503, now_ns=10**12 + 5 * 10**9)
        assert second is not None
        assert (second.number, second.running, 0 <= second.backoff < 0.025) == (2, True, True)
        assert decision.endpoint == second.endpoint != first
        assert [one.number for one in decision.attempts] == [1, 2]
        assert active(engine) == 1
        assert lines(second)["x-envoy-attempt-count"] == "2"
        assert 9_950 <= int(lines(second)["x-envoy-expected-rq-timeout-ms"]) <= 10_000
        assert lines(decision)["x-envoy-attempt-count"] == "1"
        assert not decision.done
        assert decision.report(status=200) is None
        assert (decision.done, decision.answered, decision.details) == (True, True, "via_upstream")
        assert active(engine) == 1
    assert active(engine) == 0


def test_the_decision_becomes_the_answer() -> None:
    engine = engine_of({"retry_policy": RETRY}, host={"include_attempt_count_in_response": True})
    with decide(engine) as decision:
        for _ in range(2):
            assert decision.report(error="connect-failure") is not None
        assert decision.report(error="reset") is None
        assert (decision.outcome, decision.status, decision.flags) == (Outcome.REJECT, 503, "URX,UC")
        assert decision.details == "upstream_reset_before_response_started{connection_termination}"
        assert decision.body.endswith(b"retried and the latest reset reason: connection termination")
        assert (b"x-envoy-attempt-count", b"3") in decision.response_headers()
        assert decision.endpoint is not None
        assert (decision.done, decision.answered) == (True, False)
        assert active(engine) == 0


def test_limits_of_the_stream_are_answered_without_the_number_of_attempts() -> None:
    engine = engine_of(host={"include_attempt_count_in_response": True})
    for error, told in (("timeout", True), ("idle-timeout", False), ("max-stream-duration", False)):
        with decide(engine) as decision:
            assert decision.report(error=error) is None
            assert ((b"x-envoy-attempt-count", b"1") in decision.response_headers()) is told


def test_without_a_policy_there_is_one_attempt() -> None:
    engine = engine_of()
    with decide(engine) as decision:
        assert decision.report(status=503, headers=[(b"retry-after", b"1")]) is None
        assert (decision.done, decision.answered, decision.flags) == (True, True, "")
        assert decision.report(error="reset") is None
        assert decision.outcome is Outcome.FORWARD
    assert active(engine) == 0


def test_an_unknown_error_is_refused() -> None:
    with decide(engine_of()) as decision:
        with pytest.raises(
            ValueError, match=r"fail by 'cancelled', but by one of connect-failure, connect-timeout"
        ):
            decision.report(error="cancelled")
        with pytest.raises(ValueError, match="counted from 1"):
            decision.report(status=200, attempt=0)
        assert not decision.done
        assert decision.report() is None
        assert not decision.done


def test_attempts_are_those_of_the_decision() -> None:
    engine = engine_of({"retry_policy": RETRY})
    with decide(engine) as decision, decide(engine) as other:
        theirs = other.attempts[0]
        for call in (decision.on_timeout, lambda attempt: decision.report(status=503, attempt=attempt)):
            with pytest.raises(ValueError, match="an attempt of another decision"):
                call(theirs)
            for number in (0, -1, 1 << 32):
                with pytest.raises(ValueError, match=f"counted from 1: there is no {number}"):
                    call(number)
            for wrong in ("1", 1.0, True):
                with pytest.raises(TypeError, match=f"not by {wrong!r}"):
                    call(wrong)  # type: ignore[arg-type]
        assert decision.attempts[0].running
        assert theirs.running


@pytest.mark.parametrize("retry", [None, RETRY])
def test_statuses_are_those_of_http(retry: dict[str, Any] | None) -> None:
    with decide(engine_of({"retry_policy": retry} if retry else {})) as decision:
        for status in (-1, 0, 99, 1000, 70_000, 1 << 70):
            with pytest.raises(ValueError, match=f"status is {status}; expected 100 to 999"):
                decision.report(status=status)
        for wrong in ("200", 200.5, True):
            with pytest.raises(TypeError, match="a status is an int"):
                decision.report(status=wrong)  # type: ignore[arg-type]
        assert not decision.done
        decision.report(status=HTTPStatus.OK)
        assert decision.answered


def test_header_lines_of_answers_are_read() -> None:
    engine = engine_of(
        {"retry_policy": {"retry_on": "unavailable", "retry_back_off": {"base_interval": "1s"}}}
    )
    other = (b"content-type", b"application/grpc")
    for headers in (
        [("grpc-status", "14")],
        {"Grpc-Status": "14"},
        [other, (b"grpc-status", b"14")],
        (other, ("GRPC-Status", "14"), other),
        [["grpc-status", "14"]],
        iter([other, ("grpc-status", "14")]),
    ):
        with decide(engine) as decision:
            assert decision.report(status=200, headers=headers) is not None
    for wrong in ([("grpc-status", "14", "x")], [other, ("grpc-status",)]):
        with decide(engine) as decision, pytest.raises(ValueError, match="a header line is a pair"):
            decision.report(status=200, headers=wrong)  # type: ignore[arg-type]
    with decide(engine) as decision:
        assert decision.report(status=200, headers=[("grpc-status", "0"), ("x", "\udcff")]) is None


def test_rate_limits_of_the_upstream_are_read_in_any_answer() -> None:
    limited = [(b"x-envoy-ratelimited", b"true")]
    for retry_on, status, retried in (
        ("envoy-ratelimited", 200, True),
        ("5xx", 503, False),
        ("retriable-status-codes", 202, False),
        ("5xx", 200, False),
    ):
        engine = engine_of({"retry_policy": {"retry_on": retry_on, "retriable_status_codes": [202]}})
        with decide(engine) as decision:
            assert (decision.report(status=status, headers=limited) is not None) is retried


def test_a_header_of_any_length_may_be_retried_on() -> None:
    for size in (1, 62, 63, 64, 200):
        name = "n" * size
        policy = {
            "retry_on": "retriable-headers",
            "retriable_headers": [{"name": name, "present_match": True}],
        }
        engine = engine_of({"retry_policy": policy})
        for had, retried in ((name.upper(), True), (name + "n", False), ("x" * size, False)):
            with decide(engine) as decision:
                assert (decision.report(status=200, headers=[(had, "1")]) is not None) is retried


def test_the_clock_is_read_where_something_hangs_on_it() -> None:
    reads = []
    untimed = {"timeout": "0s", "retry_policy": RETRY}
    for route, more, read in (
        (untimed, (), False),
        ({**untimed, "timeout": "5s"}, (), True),
        ({**untimed, "max_stream_duration": {"max_stream_duration": "1s"}}, (), True),
        ({**untimed, "hedge_policy": {"initial_requests": 2}}, (), True),
        (untimed, [FROM_INSIDE], True),
    ):
        engine = engine_of(route, clock=lambda: reads.append(1) or 1000.0, hcm=INTERNAL["hcm"])
        reads.clear()
        with engine.decide("GET", "a.example", "/x", more, seed=7) as decision:
            assert bool(reads) is read
            reads.clear()
            decision.report(status=200, headers=[(b"etag", b"x")])
            assert not reads


def test_waits_that_the_upstream_asks_for() -> None:
    limited = {"reset_headers": [{"name": "Retry-After"}, {"name": "X-Reset", "format": "UNIX_TIMESTAMP"}]}
    engine = engine_of(
        {"retry_policy": {**RETRY, "rate_limited_retry_back_off": limited}}, clock=lambda: 1000.0
    )
    with decide(engine) as decision:
        asked = decision.report(status=503, headers={"retry-after": "4"})
        assert asked is not None
        assert 4 <= asked.backoff < 6
        until = decision.report(status=503, headers={"x-reset": "1010"})
        assert until is not None
        assert 10 <= until.backoff < 15


def test_only_what_can_be_sent_again_is_retried() -> None:
    with decide(engine_of({"retry_policy": RETRY})) as decision:
        assert decision.report(status=503, replayable=False) is None
        assert (decision.done, decision.flags) == (True, "")


def test_timeouts_of_the_route_and_of_internal_clients() -> None:
    engine = engine_of({"timeout": "5s", "retry_policy": {**RETRY, "per_try_timeout": "2s"}}, **INTERNAL)
    with decide(engine) as decision:
        assert (decision.timeout, decision.per_try_timeout, decision.idle_timeout) == (5.0, 2.0, 300.0)
        assert (decision.deadline, decision.attempts[0].per_try_timeout) == (1005.0, 2.0)
        assert (decision.max_stream_duration, decision.per_try_idle_timeout, decision.hedges) == (
            None,
            None,
            False,
        )
    inside = [
        FROM_INSIDE,
        ("x-envoy-upstream-rq-timeout-ms", "700"),
        ("x-envoy-hedge-on-per-try-timeout", "true"),
    ]
    with decide(engine, inside) as decision:
        assert (decision.timeout, decision.per_try_timeout, decision.hedges) == (0.7, None, True)
    with decide(engine, inside[1:]) as decision:
        assert (decision.timeout, decision.hedges) == (5.0, False)


def test_deadlines() -> None:
    with decide(engine_of({"timeout": "0s"})) as decision:
        assert (decision.timeout, decision.deadline) == (None, None)
    engine = engine_of({"timeout": "1s", "max_stream_duration": {"max_stream_duration": "3s"}})
    with decide(engine) as decision:
        assert (decision.timeout, decision.max_stream_duration, decision.deadline) == (None, 3.0, 1003.0)
        decision.on_deadline()
        assert (decision.status, decision.details) == (504, "max_duration_timeout")
    with decide(engine_of({"timeout": "1s"})) as decision:
        decision.on_deadline()
        assert (decision.status, decision.details, decision.flags) == (504, "response_timeout", "UT")
    late = engine_of({"timeout": "2s"}, clock=lambda: 50.0).decide("GET", "a.example", "/")
    assert late.deadline == 52.0  # counted from now on: nothing here needed the time before


def test_no_limits_where_nothing_is_forwarded() -> None:
    engine = engine_of(top={"match": {"path": "/there"}})
    with decide(engine) as decision:
        assert decision.outcome is Outcome.REJECT
        assert (decision.timeout, decision.deadline, decision.attempts, decision.done) == (
            None,
            None,
            (),
            True,
        )
        assert decision.report(status=503) is None
        assert decision.on_timeout() is None


def test_a_try_that_takes_too_long() -> None:
    engine = engine_of({"retry_policy": {**RETRY, "per_try_timeout": "1s"}})
    with decide(engine) as decision:
        second = decision.on_timeout()
        assert second is not None
        assert second.number == 2
        assert [one.running for one in decision.attempts] == [False, True]
        assert active(engine) == 1


def test_retries_say_whether_a_timeout_is_why() -> None:
    host = {"include_is_timeout_retry_header": True}
    policy = {"retry_policy": {**RETRY, "num_retries": 3, "per_try_timeout": "1s"}}
    with decide(engine_of(policy, host=host)) as decision:
        assert "x-envoy-is-timeout-retry" not in lines(decision)
        decision.report(status=503)
        decision.on_timeout()
        decision.report(error="per-try-idle-timeout")
        told = [lines(one)["x-envoy-is-timeout-retry"] for one in decision.attempts[1:]]
        assert told == ["false", "true", "true"]
    with decide(engine_of(policy)) as decision:
        again = decision.on_timeout()
        assert again is not None
        assert "x-envoy-is-timeout-retry" not in lines(again)


def test_upstreams_of_grpc_are_told_the_limit_of_the_stream() -> None:
    grpc = (b"content-type", b"application/grpc")
    engine = engine_of({"max_stream_duration": {"max_stream_duration": "5s"}})
    for headers, told in (
        ((grpc,), "5000m"),
        ((grpc, (b"grpc-timeout", b"1S")), "5000m"),
        (((b"grpc-timeout", b"1S"),), "1S"),
        ((), None),
    ):
        with decide(engine, headers) as decision:
            assert lines(decision).get("grpc-timeout") == told
    endless = engine_of({"max_stream_duration": {"max_stream_duration": "0s"}})
    with decide(endless, (grpc, (b"grpc-timeout", b"1S"))) as decision:
        assert lines(decision)["grpc-timeout"] == "1S"  # as it came (timeouts_grpc_malformed.json)


def test_a_stream_that_takes_too_long_is_past_its_deadline_for_grpc() -> None:
    engine = engine_of({"max_stream_duration": {"max_stream_duration": "5s"}})
    with decide(engine, ((b"content-type", b"application/grpc"),)) as decision:
        decision.report(error="max-stream-duration")
        assert dict(decision.response_headers())[b"grpc-status"] == b"4"


def test_hedges_do_not_ask_whether_the_request_may_be_retried() -> None:
    posts = [{"name": ":method", "string_match": {"exact": "POST"}}]
    retry = {**RETRY, "per_try_timeout": "1s", "retriable_request_headers": posts}
    hedging = {"hedge_policy": {"hedge_on_per_try_timeout": True}}
    with decide(engine_of({"retry_policy": retry, **hedging})) as decision:
        assert decision.on_timeout() is not None
    with decide(engine_of({"retry_policy": retry})) as decision:
        assert decision.on_timeout() is None
    with decide(engine_of({"retry_policy": retry, **hedging})) as decision:
        assert decision.on_timeout(replayable=False) is None


def test_an_attempt_that_lasts_too_long_does_not_wait_for_its_hedge() -> None:
    policy = {"retry_policy": {**RETRY, "retry_on": "5xx", "num_retries": 1, "per_try_timeout": "1s"}}
    with decide(engine_of({**policy, "hedge_policy": {"hedge_on_per_try_timeout": True}})) as decision:
        assert decision.on_timeout() is not None
        assert decision.report(error="upstream-max-stream-duration", attempt=1) is None
        assert (decision.done, decision.flags) == (True, "UMSDR")


def test_hedges_go_side_by_side() -> None:
    engine = engine_of(
        {
            "retry_policy": {**RETRY, "per_try_timeout": "1s"},
            "hedge_policy": {"hedge_on_per_try_timeout": True},
        }
    )
    with decide(engine) as decision:
        first = decision.attempts[0]
        second = decision.on_timeout(first)
        assert second is not None
        assert first.running
        assert second.running
        assert active(engine) == 2
        assert decision.on_timeout(first) is None
        assert decision.report(status=503, attempt=second) is not None
        assert decision.report(status=200, attempt=first) is None
        assert (decision.answered, decision.endpoint) == (True, first.endpoint)
        assert active(engine) == 1


def test_requests_from_the_start() -> None:
    engine = engine_of({"hedge_policy": {"initial_requests": 3}})
    with decide(engine) as decision:
        assert [one.number for one in decision.attempts] == [1, 2, 3]
        assert len({one.endpoint for one in decision.attempts}) == 3
        assert active(engine) == 3
        assert decision.report(error="reset", attempt=2) is None
        assert not decision.done
        assert decision.report(status=404, attempt=3) is None
        assert decision.done
    assert active(engine) == 0


def test_requests_from_the_start_end_where_there_is_no_room() -> None:
    engine = engine_of(
        {"retry_policy": RETRY, "hedge_policy": {"initial_requests": 4_000_000_000}},
        cluster={"circuit_breakers": {"thresholds": [{"max_requests": 5}]}},
    )
    with decide(engine) as decision:
        assert len(decision.attempts) == 5
        assert engine.clusters()[0]["circuit_breakers"]["default"]["requests"]["overflows"] == 1
    assert active(engine) == 0


def test_a_clock_at_the_end_of_time_holds_nothing_up() -> None:
    detection = {"consecutive_5xx": 1, "max_ejection_percent": 100, "interval": "0.001s"}
    engine = engine_of({"retry_policy": RETRY}, cluster={"outlier_detection": detection})
    with decide(engine) as decision:
        further = decision.report(status=503, now_ns=2**64 - 1)
        assert further is not None
        assert further.running
        assert decision.on_timeout(further, now_ns=2**64 - 1) is not None


def test_retries_are_held_within_their_circuit_breaker() -> None:
    engine = engine_of(
        {"retry_policy": RETRY}, cluster={"circuit_breakers": {"thresholds": [{"max_retries": 1}]}}
    )
    with decide(engine) as one, decide(engine) as other:
        assert one.report(status=503) is not None
        assert other.report(status=503) is None
        assert (other.done, other.answered, other.flags) == (True, True, "UO")
        assert one.report(status=200) is None  # the retry is over
        with decide(engine) as third:
            assert third.report(status=503) is not None
    assert engine.clusters()[0]["circuit_breakers"]["default"]["retries"]["used"] == 0


def test_an_attempt_for_which_there_is_no_room() -> None:
    engine = engine_of(
        {"retry_policy": RETRY}, cluster={"circuit_breakers": {"thresholds": [{"max_requests": 1}]}}
    )
    with decide(engine) as decision:
        other_engine_full = decision.report(status=503)
        assert other_engine_full is not None  # its own place is free again by then
        assert decision.report(status=200) is None
    assert active(engine) == 0


def test_ejected_endpoints_are_not_retried_at() -> None:
    engine = engine_of(
        {"retry_policy": {**RETRY, "num_retries": 9}},
        cluster={"common_lb_config": {"healthy_panic_threshold": {"value": 0}}},
    )
    with decide(engine) as decision:
        for endpoint in ("10.0.0.1:80", "10.0.0.2:80"):
            engine.set_health("c", endpoint, False)
        for _ in range(6):
            again = decision.report(status=503)
            assert again is not None
            assert again.endpoint == "10.0.0.3:80"
        engine.set_health("c", "10.0.0.3:80", False)
        assert decision.report(status=503) is None
        assert (decision.status, decision.flags, decision.details) == (503, "UH", "no_healthy_upstream")
    assert active(engine) == 0


def test_hosts_with_labels_are_left_out() -> None:
    hosts = [
        {
            "endpoint": {"address": {"socket_address": {"address": f"10.0.0.{i}", "port_value": 80}}},
            "metadata": {"filter_metadata": {"envoy.lb": {"v": "old" if i < 3 else "new"}}},
        }
        for i in range(1, 4)
    ]
    config = {
        "@type": f"{HOST_PREDICATES}.omit_host_metadata.v3.OmitHostMetadataConfig",
        "metadata_match": {"filter_metadata": {"envoy.lb": {"v": "old"}}},
    }
    policy = {
        "retry_on": "5xx",
        "num_retries": 5,
        "host_selection_retry_max_attempts": 9,
        "retry_host_predicate": [{"name": "omit", "typed_config": config}],
    }
    assignment = {"cluster_name": "c", "endpoints": [{"lb_endpoints": hosts}]}
    engine = engine_of({"retry_policy": policy}, cluster={"load_assignment": assignment})
    with decide(engine) as decision:
        for _ in range(5):
            again = decision.report(status=503)
            assert again is not None
            assert again.endpoint == "10.0.0.3:80"


def test_how_much_of_a_body_is_kept() -> None:
    def limit(route: dict[str, Any], host: dict[str, Any]) -> int:
        policy = {"retry_policy": {"retry_on": "5xx"}}
        return decide(engine_of(policy, top=route, host=host)).buffer_limit

    assert decide(engine_of()).buffer_limit == 0  # it is never sent again
    older, newer = "per_request_buffer_limit_bytes", "request_body_buffer_limit"
    assert limit({}, {}) == 1 << 20
    assert limit({}, {older: 5}) == 5
    assert limit({older: 7}, {older: 5}) == 7
    assert limit({older: 1 << 30}, {}) == 1 << 20
    assert limit({newer: 1 << 30, older: 7}, {}) == 1 << 30
    assert limit({newer: 0}, {older: 5}) == 0


# ---------------------------------------------------------------------- leases

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("status"), st.sampled_from([200, 404, 503]), st.integers(0, 5)),
        st.tuples(
            st.just("error"),
            st.sampled_from(["reset", "connect-failure", "timeout", "overflow"]),
            st.integers(0, 5),
        ),
        st.tuples(st.just("timeout"), st.just(0), st.integers(0, 5)),
        st.tuples(st.just("bad"), st.just(0), st.integers(0, 5)),
        st.tuples(st.just("close"), st.just(0), st.just(0)),
    ),
    max_size=12,
)


@given(steps=STEPS, hedged=st.booleans(), initial=st.integers(1, 3), closes=st.booleans())
def test_leases_end_once_whatever_happens(steps: list[Any], hedged: bool, initial: int, closes: bool) -> None:
    hedges = {"hedge_on_per_try_timeout": hedged, "initial_requests": initial}
    engine = engine_of({"retry_policy": {**RETRY, "num_retries": 3}, "hedge_policy": hedges})
    decision = decide(engine)
    for kind, what, number in steps:
        attempt = number or None
        if kind == "status":
            decision.report(status=what, attempt=attempt)
        elif kind == "error":
            decision.report(error=what, attempt=attempt)
        elif kind == "timeout":
            decision.on_timeout(attempt)
        elif kind == "close":
            decision.close()
        else:
            with pytest.raises(ValueError, match="does not fail by"):
                decision.report(error="boom", attempt=attempt)
        running = sum(one.running for one in decision.attempts)
        assert running <= active(engine) <= running + decision.answered
        assert not (decision.done and running)
    if closes:
        decision.close()
        assert active(engine) == 0
    del decision
    gc.collect()
    assert active(engine) == 0
    breakers = engine.clusters()[0]["circuit_breakers"]["default"]
    assert (breakers["requests"]["used"], breakers["retries"]["used"]) == (0, 0)
