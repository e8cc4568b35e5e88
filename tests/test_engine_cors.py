"""CORS through the engine's Python face: preflights, answers, the levels of both dialects."""

from __future__ import annotations

from typing import Any

import pytest

from meshcore.config.envoy import load_parts
from meshcore.engine import Decision, Engine, Outcome
from meshcore.model import Config

TYPE = "type.googleapis.com/envoy.extensions.filters.http.cors.v3."
FILTER = {"name": "envoy.filters.http.cors", "typed_config": {"@type": TYPE + "Cors"}}
ORIGIN = "https://shop.example"
POLICY = {
    "allow_origin_string_match": [{"exact": ORIGIN}],
    "allow_methods": "GET, PUT",
    "allow_headers": "*",
    "expose_headers": "x-total",
    "max_age": "600",
    "allow_credentials": True,
}
PREFLIGHT = {
    "origin": ORIGIN,
    "access-control-request-method": "PUT",
    "access-control-request-headers": "x-a",
}
ENDPOINT = {"endpoint": {"address": {"socket_address": {"address": "10.0.0.1", "port_value": 80}}}}
CLUSTER = {
    "name": "app",
    "type": "STATIC",
    "load_assignment": {"cluster_name": "app", "endpoints": [{"lb_endpoints": [ENDPOINT]}]},
}


def typed(**policy: Any) -> dict[str, Any]:
    return {"envoy.filters.http.cors": {"@type": TYPE + "CorsPolicy", **policy}}


def loaded(*filters: dict[str, Any], action: dict[str, Any] | None = None, **host: Any) -> Config:
    route = {"name": "all", "match": {"prefix": "/"}, "route": {"cluster": "app", **(action or {})}}
    table = {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [route], **host}]}
    return load_parts(table, [CLUSTER], http_filters=filters)


def ask(
    config: Config, method: str = "OPTIONS", headers: dict[str, str] = PREFLIGHT, **more: Any
) -> Decision:
    return Engine(config).decide(method, "a.example", "/x", headers, **more)


def test_a_preflight_is_answered() -> None:
    config = loaded(FILTER, typed_per_filter_config=typed(**POLICY))
    d = ask(config)
    assert (d.outcome, d.status, d.details, d.body) == (Outcome.RESPOND, 200, "cors_response", b"")
    assert (d.route, d.cluster, d.endpoint, d.mirrors) == ("all", "app", None, ())
    assert d.response_headers() == {
        "access-control-allow-origin": ORIGIN,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "GET, PUT",
        "access-control-allow-headers": "x-a",
        "access-control-max-age": "600",
        "access-control-expose-headers": "x-total",
    }
    assert Engine(config).clusters()[0]["endpoints"][0]["active_requests"] == 0


def test_an_answer_gets_the_headers_whoever_made_it() -> None:
    config = loaded(FILTER, typed_per_filter_config=typed(**POLICY))
    with ask(config, "GET") as d:
        assert d.outcome is Outcome.FORWARD
        lines = d.response_headers([("access-control-allow-origin", "*"), ("x-up", "1")], status=200)
        assert lines == [
            ("access-control-allow-origin", ORIGIN),
            ("x-up", "1"),
            ("access-control-allow-credentials", "true"),
            ("access-control-expose-headers", "x-total"),
        ]
    with ask(config, "GET", {"origin": "https://other.example"}) as d:
        untouched = [("access-control-allow-origin", "*")]
        assert d.response_headers(untouched, status=200) == untouched


def test_the_older_field_counts_with_a_filter_only() -> None:
    with_filter = loaded(FILTER, action={"cors": POLICY})
    assert not with_filter.warnings
    assert ask(with_filter).details == "cors_response"
    without = loaded(action={"cors": POLICY}, cors=POLICY)
    assert sorted(warning.message for warning in without.warnings) == [
        "route_config.virtual_hosts[0].cors: has no effect: the listener has no CORS filter",
        "route_config.virtual_hosts[0].routes[0].route.cors: has no effect: the listener has no CORS filter",
    ]
    assert ask(without).outcome is Outcome.FORWARD


@pytest.mark.parametrize(("share", "low", "high"), [(0, 0, 0), (100, 2000, 2000), (30, 500, 700)])
def test_the_filter_acts_on_a_share_of_the_requests(share: int, low: int, high: int) -> None:
    enabled = {"default_value": {"numerator": share}}
    engine = Engine(loaded(FILTER, typed_per_filter_config=typed(**POLICY, filter_enabled=enabled)))
    answered = 0
    for seed in range(2000):
        with engine.decide("OPTIONS", "a.example", "/", PREFLIGHT, seed=seed) as d:
            answered += d.details == "cors_response"
    assert low <= answered <= high


def test_origins_are_not_counted_and_that_is_said() -> None:
    shadow = {"default_value": {"numerator": 100}}
    off = {"default_value": {"numerator": 0}}
    policy = typed(**POLICY, filter_enabled=off, shadow_enabled=shadow)
    config = loaded(FILTER, typed_per_filter_config=policy)
    (warning,) = config.warnings
    assert warning.message.endswith("shadow_enabled: has no effect: origins are not counted")
    assert ask(config).outcome is Outcome.FORWARD


def test_a_private_network_may_be_asked_for() -> None:
    config = loaded(FILTER, typed_per_filter_config=typed(**POLICY, allow_private_network_access=True))
    asked = {**PREFLIGHT, "access-control-request-private-network": "true"}
    assert ask(config, headers=asked).response_headers()["access-control-allow-private-network"] == "true"
    assert "access-control-allow-private-network" not in ask(config).response_headers()


def test_other_origins_are_forwarded_unless_told_otherwise() -> None:
    other = {**PREFLIGHT, "origin": "https://other.example"}
    assert (
        ask(loaded(FILTER, typed_per_filter_config=typed(**POLICY)), headers=other).outcome is Outcome.FORWARD
    )
    ignoring = typed(**POLICY, forward_not_matching_preflights=False)
    d = ask(loaded(FILTER, typed_per_filter_config=ignoring), headers=other)
    assert (d.outcome, d.status) == (Outcome.RESPOND, 200)
    assert "access-control-allow-origin" not in d.response_headers()
