"""Faults through the engine's Python face: what a policy of the documents does to requests."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshcore.config.envoy import load_parts
from meshcore.engine import Decision, Engine, Outcome
from meshcore.model import Config

FILTER = "envoy.filters.http.fault"
FAULT = {"@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"}
ENDPOINT = {"endpoint": {"address": {"socket_address": {"address": "10.0.0.1", "port_value": 80}}}}
CLUSTER = {
    "name": "one",
    "type": "STATIC",
    "load_assignment": {"cluster_name": "one", "endpoints": [{"lb_endpoints": [ENDPOINT]}]},
}
ALL = {"numerator": 100}


def config_with(
    fault: Mapping[str, Any],
    *,
    route: Mapping[str, Any] | None = None,
    runtime: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Config:
    """The filter's own policy, and perhaps one of the route."""
    more = {} if route is None else {"typed_per_filter_config": {FILTER: {**FAULT, **route}}}
    routes = [{"name": "all", "match": {"prefix": "/"}, "route": {"cluster": "one"}, **more}]
    chain = [{"name": FILTER, "typed_config": {**FAULT, **fault}}]
    table = {"name": "web", "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": routes}], **fields}
    return load_parts(table, [CLUSTER], http_filters=chain, runtime=runtime)


def ask(engine: Engine, headers: Mapping[str, str] | None = None, **more: Any) -> Decision:
    return engine.decide("GET", "a.example", "/", headers or {}, **more)


def test_an_abort() -> None:
    engine = Engine(config_with({"abort": {"http_status": 418, "percentage": ALL}}))
    with ask(engine) as d:
        assert (d.outcome, d.status, d.details, d.flags) == (Outcome.REJECT, 418, "fault_filter_abort", "FI")
        assert (d.body, d.response_headers()) == (b"fault filter abort", {"content-type": "text/plain"})
        assert (d.route, d.cluster, d.endpoint) == ("all", "one", None)
        assert (d.delay, d.response_rate) == (0.0, None)
        with pytest.raises(ValueError, match="nothing goes upstream"):
            d.request_headers()


def test_an_abort_of_grpc() -> None:
    engine = Engine(config_with({"abort": {"grpc_status": 5, "percentage": ALL}}))
    with ask(engine, {"content-type": "application/grpc"}) as d:
        assert (d.status, d.body) == (200, b"")
        assert d.response_headers() == {
            "content-type": "application/grpc",
            "grpc-status": "5",
            "grpc-message": "fault filter abort",
        }


def test_a_delay_is_decided_with_all_that_follows() -> None:
    engine = Engine(config_with({"delay": {"fixed_delay": "1.5s", "percentage": ALL}}))
    with ask(engine) as d:
        assert (d.outcome, d.delay, d.flags, d.endpoint) == (Outcome.FORWARD, 1.5, "DI", "10.0.0.1:80")
        assert engine.clusters()[0]["endpoints"][0]["active_requests"] == 1
        assert engine.faults()[0]["active_faults"] == 1
        d.end_delay()
        assert engine.faults()[0]["active_faults"] == 0
    assert engine.faults() == [
        {
            "listener": "web",
            "active_faults": 0,
            "aborts_injected": 0,
            "delays_injected": 1,
            "response_rl_injected": 0,
            "faults_overflow": 0,
        }
    ]


@pytest.mark.parametrize(("delay", "seconds"), [("0.15s", 0.15), ("0.0009s", 0.0), ("3600s", 3600.0)])
def test_delays_are_whole_milliseconds(delay: str, seconds: float) -> None:
    engine = Engine(config_with({"delay": {"fixed_delay": delay, "percentage": ALL}}))
    with ask(engine) as d:
        assert d.delay == seconds


def test_a_delay_that_no_clock_can_hold() -> None:
    engine = Engine(config_with({"delay": {"header_delay": {}, "percentage": ALL}}))
    with ask(engine, {"x-envoy-fault-delay-request": str(2**63 - 1)}) as d:
        assert d.delay > 10**10
    with ask(engine, {"x-envoy-fault-delay-request": str(2**63)}) as d:
        assert (d.delay, d.flags) == (0.0, "")


def test_a_rate() -> None:
    fixed = {"fixed_limit": {"limit_kbps": 3}, "percentage": ALL}
    with ask(Engine(config_with({"response_rate_limit": fixed}))) as d:
        assert (d.outcome, d.response_rate, d.flags) == (Outcome.FORWARD, 3072, "")
    engine = Engine(config_with({"response_rate_limit": {"header_limit": {}, "percentage": ALL}}))
    with ask(engine, {"x-envoy-fault-throughput-response": "2"}) as d:
        assert d.response_rate == 2048
    with ask(engine, {"x-envoy-fault-throughput-response": "0"}) as d:
        assert d.response_rate is None


def test_the_most_active_faults_are_counted_over_swaps() -> None:
    fault = {"abort": {"http_status": 500, "percentage": ALL}, "max_active_faults": 2}
    engine = Engine(config_with(fault))
    first, second = ask(engine), ask(engine)
    assert [first.status, second.status] == [500, 500]
    with ask(engine) as d:
        assert d.outcome is Outcome.FORWARD
    engine.swap(config_with(fault, route=fault))
    with ask(engine) as d:
        assert d.outcome is Outcome.FORWARD
    first.close()
    first.close()
    third = ask(engine)
    assert third.status == 500
    with ask(engine) as d:
        assert d.outcome is Outcome.FORWARD
    del second, third  # given back by the garbage collection, too
    assert engine.faults()[0]["active_faults"] == 0
    assert engine.faults()[0]["faults_overflow"] == 3


def test_an_explanation_injects_nothing() -> None:
    engine = Engine(config_with({"abort": {"http_status": 500, "percentage": ALL}, "max_active_faults": 1}))
    for _ in range(3):
        assert engine.explain("GET", "a.example", "/").status == 500
    assert engine.faults()[0]["active_faults"] == engine.faults()[0]["aborts_injected"] == 0


def test_without_a_policy_there_is_nothing_to_tell() -> None:
    table = {"virtual_hosts": [{"name": "v", "domains": ["*"]}]}
    assert Engine(load_parts(table, [CLUSTER])).faults() == []


RUNTIME = {
    "fault.http.delay.fixed_delay_percent": 100,
    "fault.http.delay.fixed_duration_ms": 7,
    "fault.http.abort.abort_percent": {"numerator": 1_000_000, "denominator": "MILLION"},
    "fault.http.abort.http_status": 418,
    "fault.http.rate_limit.response_percent": 100,
}
NEVER = {
    "delay": {"fixed_delay": "1s"},
    "abort": {"http_status": 500},
    "response_rate_limit": {"fixed_limit": {"limit_kbps": 1}},
}


def test_the_runtime_takes_the_place_of_what_the_policy_says() -> None:
    with ask(Engine(config_with(NEVER))) as d:
        assert (d.outcome, d.delay, d.response_rate) == (Outcome.FORWARD, 0.0, None)
    with ask(Engine(config_with(NEVER, runtime=RUNTIME))) as d:
        assert (d.status, d.delay, d.response_rate, d.flags) == (418, 0.007, 1024, "DI,FI")
    named = {**NEVER, "abort_percent_runtime": "mine", "max_active_faults_runtime": "most"}
    with ask(Engine(config_with(named, runtime={"mine": 100, "most": 0}))) as d:
        assert d.outcome is Outcome.FORWARD
    with ask(Engine(config_with(named, runtime={"mine": 100.5, "most": "many"}))) as d:
        assert d.status == 500


def test_keys_of_one_downstream_cluster() -> None:
    runtime = {"fault.http": {"a.b": {"abort": {"abort_percent": 100, "http_status": 451}}}}
    engine = Engine(config_with(NEVER, runtime=runtime))
    with ask(engine, {"x-envoy-downstream-service-cluster": "a.b"}) as d:
        assert d.status == 451
    with ask(engine, {"x-envoy-downstream-service-cluster": "a"}) as d:
        assert d.outcome is Outcome.FORWARD


def test_a_status_of_the_runtime_that_cannot_be_sent() -> None:
    config = config_with(NEVER, runtime={"fault.http.abort.http_status": 999})
    (warning,) = config.warnings
    assert "fault.http.abort.http_status is 999, not 200 to 599" in warning.message


def test_the_flags_can_be_written() -> None:
    edit = {"header": {"key": "x-flags", "value": "%RESPONSE_FLAGS%"}}
    abort = {"http_status": 500, "percentage": ALL}
    fault = {"delay": {"fixed_delay": "1s", "percentage": ALL}, "abort": abort}
    with ask(Engine(config_with(fault, response_headers_to_add=[edit]))) as d:
        assert d.flags == d.response_headers()["x-flags"] == "DI,FI"


DENOMINATORS = {"HUNDRED": 100, "TEN_THOUSAND": 10_000, "MILLION": 1_000_000}


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(DENOMINATORS)), st.floats(0, 1.2), st.integers(0, 2**64 - 1))
def test_percentages(denominator: str, wanted: float, first: int) -> None:
    """The share of the requests that is aborted is the policy's; all of them are, from 100 % on."""
    numerator = round(wanted * DENOMINATORS[denominator])
    share = min(numerator / DENOMINATORS[denominator], 1)
    percentage = {"numerator": numerator, "denominator": denominator}
    engine = Engine(config_with({"abort": {"http_status": 500, "percentage": percentage}}))
    tries, found = 2000, 0
    for seed in range(first, first + tries):
        with ask(engine, seed=seed) as d:
            found += d.status == 500
    # Six deviations, of the binomial distribution; none where nothing is left to chance.
    assert abs(found - tries * share) <= 6 * sqrt(tries * share * (1 - share))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100), st.integers(0, 2**40) | st.text("0123456789+-x ", max_size=4))
def test_percentages_by_header(configured: int, asked: int | str) -> None:
    """The header lowers the share and never raises it; what is no number does nothing."""
    abort = {"header_abort": {}, "percentage": {"numerator": configured}}
    engine = Engine(config_with({"abort": abort}))
    text = str(asked).strip()
    digits = text.removeprefix("+")
    usable = digits.isdigit() and int(digits) < 2**32
    share = min(configured, int(digits) if usable else configured) / 100
    headers = {"x-envoy-fault-abort-request": "503", "x-envoy-fault-abort-request-percentage": text}
    tries, found = 1000, 0
    for seed in range(tries):
        with ask(engine, headers, seed=seed) as d:
            found += d.status == 503
    assert abs(found - tries * share) <= 6 * sqrt(tries * share * (1 - share))
