"""What a rate limit service is to be asked, and what becomes of a request by its answer."""

from __future__ import annotations

from typing import Any

import pytest
from rate_limit_support import ALL, NONE, ask, bucket, config_of, generic, header_key, limit, service

from meshcore.engine import Decision, Engine, Outcome
from meshcore.model import GlobalRateLimit
from meshcore.rate_limits import ServiceLimit


def engine_of(*, rate_limits: list[dict[str, Any]] | None = None, **fields: Any) -> Engine:
    return Engine(config_of(service(**fields), rate_limits=rate_limits or [generic("a")]))


def answered(engine: Engine, verdict: Any, **answer: Any) -> Decision:
    d = ask(engine)
    (question,) = d.rate_limits
    d.answer_rate_limit(question, verdict, **answer)
    assert d.rate_limits == ()
    return d


def test_the_question() -> None:
    limits = [
        {"actions": [*generic("a")["actions"], {"remote_address": {}}]},
        header_key("x-u", "u"),
        generic("z"),
    ]
    with ask(engine_of(rate_limits=limits, timeout="0.5s"), source="192.0.2.7") as d:
        assert d.outcome is Outcome.FORWARD
        (question,) = d.rate_limits
        assert question.domain == "d"
        assert question.descriptors == (
            (("generic_key", "a"), ("remote_address", "192.0.2.7")),
            (("generic_key", "z"),),
        )
        assert (question.hits, question.refunds) == ((None, None), (False, False))
        assert isinstance(question.filter, GlobalRateLimit)
        assert (question.filter.cluster, question.filter.timeout) == ("one", 0.5)


def test_nobody_is_asked_where_there_is_nothing_to_ask() -> None:
    assert ask(engine_of(rate_limits=[header_key("x-u", "u")])).rate_limits == ()
    assert ask(engine_of(filter_enabled=NONE)).rate_limits == ()
    assert ask(engine_of(stage=1)).rate_limits == ()
    assert ask(engine_of(request_type="external")).rate_limits != ()
    assert ask(engine_of(request_type="internal")).rate_limits == ()
    direct = {"direct_response": {"status": 200}, "route": None}
    config = config_of(service(rate_limits=[generic("a")]), route=direct)
    assert ask(Engine(config)).rate_limits == ()


def test_the_answer_is_yes() -> None:
    d = answered(engine_of(), "ok", request_headers={"x-user": "7"}, response_headers={"x-quota": "9"})
    assert (d.outcome, d.endpoint) == (Outcome.FORWARD, "10.0.0.1:80")
    assert d.request_headers()["x-user"] == "7"
    assert d.response_headers({}, status=200) == {"x-quota": "9"}


def test_over_the_limit() -> None:
    engine = engine_of(response_headers_to_add=[{"header": {"key": "x-own", "value": "%ROUTE_NAME%"}}])
    d = answered(engine, "over_limit", response_headers=[(b"Retry-After", b"3")], body=b"slow down")
    assert (d.outcome, d.status, d.details, d.flags) == (Outcome.REJECT, 429, "request_rate_limited", "RL")
    assert (d.body, d.endpoint, d.cluster) == (b"slow down", None, "one")
    assert d.response_headers() == {
        "x-own": "all",
        "content-type": "text/plain",
        "Retry-After": "3",
        "x-envoy-ratelimited": "true",
    }
    assert engine.clusters()[0]["endpoints"][0]["active_requests"] == 0
    d.close()
    assert engine.clusters()[0]["endpoints"][0]["active_requests"] == 0


def test_how_it_is_said() -> None:
    unavailable = {"code": "ServiceUnavailable"}
    plain = engine_of(disable_x_envoy_ratelimited_header=True, rate_limited_status=unavailable)
    d = answered(plain, "over_limit")
    assert (d.status, d.body, d.response_headers()) == (503, b"", {})
    with ask(engine_of(rate_limited_as_resource_exhausted=True), {"content-type": "application/grpc"}) as d:
        d.answer_rate_limit(d.rate_limits[0], "over_limit")
        assert d.status == 200
        assert d.response_headers()["grpc-status"] == "8"


def test_what_is_not_enforced_goes_on() -> None:
    d = answered(engine_of(filter_enforced=NONE), "over_limit")
    assert d.outcome is Outcome.FORWARD
    assert d.response_headers({}, status=200) == {"x-envoy-ratelimited": "true"}


def test_a_service_that_fails() -> None:
    assert answered(engine_of(), "error").outcome is Outcome.FORWARD
    d = answered(engine_of(failure_mode_deny=True), "error")
    assert (d.status, d.details, d.flags, d.body) == (500, "rate_limiter_error", "RLSE", b"")
    d = answered(engine_of(failure_mode_deny_percent=ALL, status_on_error={"code": "BadGateway"}), "error")
    assert d.status == 502


def test_x_ratelimit_of_the_nearest_limit() -> None:
    limits = (ServiceLimit(10, 1, 7, 1, "per-ip"), None, ServiceLimit(1000, 3600, 3, 120))
    engine = engine_of(enable_x_ratelimit_headers="DRAFT_VERSION_03", rate_limits=[generic("a")] * 3)
    d = answered(engine, "ok", limits=limits)
    assert d.response_headers({}, status=200) == {
        "x-ratelimit-limit": '1000, 10;w=1;name="per-ip", 1000;w=3600',
        "x-ratelimit-remaining": "3",
        "x-ratelimit-reset": "120",
    }
    assert answered(engine, "ok").response_headers({}, status=200) == {}
    assert answered(engine_of(), "ok", limits=limits).response_headers({}, status=200) == {}
    told = engine_of(rate_limits=[{**generic("a"), "x_ratelimit_option": "DRAFT_VERSION_03"}])
    assert "x-ratelimit-limit" in answered(told, "ok", limits=limits[:1]).response_headers({}, status=200)


def test_a_question_is_answered_once() -> None:
    with ask(engine_of()) as d:
        (question,) = d.rate_limits
        d.answer_rate_limit(question, "ok")
        d.answer_rate_limit(question, "over_limit")
        assert d.outcome is Outcome.FORWARD
        with pytest.raises(ValueError, match="'maybe'"):
            d.answer_rate_limit(question, "maybe")  # type: ignore[arg-type]


def test_what_routes_say() -> None:
    level = {"@type": "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute"}
    own = {**level, "domain": "other", "rate_limits": [{**generic("b"), "hits_addend": {"number": 5}}]}
    config = config_of(
        service(), rate_limits=[generic("a")], route={"typed_per_filter_config": {"service": own}}
    )
    (question,) = ask(Engine(config)).rate_limits
    assert (question.domain, question.hits) == ("other", (5,))
    assert question.descriptors == ((("generic_key", "b"),),)
    include = {**level, "vh_rate_limits": "INCLUDE"}
    config = config_of(
        service(),
        rate_limits=[generic("a")],
        host={"rate_limits": [generic("vh")]},
        route={"typed_per_filter_config": {"service": include}},
    )
    (question,) = ask(Engine(config)).rate_limits
    assert [one[0][1] for one in question.descriptors] == ["a", "vh"]


def test_a_filter_that_a_level_turns_off() -> None:
    off = {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "disabled": True}
    for level in ("host", "route"):
        named: dict[str, Any] = {level: {"typed_per_filter_config": {"service": off}}}
        config = config_of(service(rate_limits=[generic("a")]), rate_limits=[generic("b")], **named)
        assert ask(Engine(config)).rate_limits == ()


def test_a_local_limit_before_it_spares_the_question() -> None:
    for filters, asked in ((0, False), (1, True)):
        chain = [limit(bucket(0)), service()]
        config = config_of(*(reversed(chain) if filters else chain), rate_limits=[generic("a")])
        with ask(Engine(config)) as d:
            assert (d.status, bool(d.rate_limits)) == (429, asked)


def test_disable_keys_are_for_services() -> None:
    keyed = {**generic("a"), "disable_key": "k"}
    assert ask(engine_of(rate_limits=[keyed])).rate_limits != ()
    rules = [{"entries": [{"key": "generic_key", "value": "a"}], "token_bucket": bucket(0)}]
    assert ask(Engine(config_of(limit(None, descriptors=rules), rate_limits=[keyed]))).status is None


def test_an_explanation_asks_nobody() -> None:
    explanation = engine_of().explain("GET", "a.example", "/")
    assert explanation.outcome == "forward"
    (asked,) = explanation.rate_limits
    assert (asked.filter, asked.service, asked.domain) == ("service", "one", "d")
    assert 'asks one for d: generic_key "a"' in str(explanation)
