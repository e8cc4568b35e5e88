"""Sessions through the engine's Python face: where requests go, what answers tell, and why."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from meshcore.config.envoy import load_parts
from meshcore.engine import Decision, Engine, Outcome
from meshcore.model import Config

TYPES = "type.googleapis.com/envoy.extensions."
FILTER = "envoy.filters.http.stateful_session"
KIND = TYPES + "filters.http.stateful_session.v3.StatefulSession"
#: C is degraded, and gets nothing while the others are healthy.
A, B, C, D = "10.0.0.1:80", "10.0.0.2:80", "[2001:db8::3]:80", "10.0.0.4:80"


def state(kind: str, **config: Any) -> dict[str, Any]:
    message = f"{TYPES}http.stateful_session.{kind}.v3.{kind.capitalize()}BasedSessionState"
    return {"name": f"envoy.http.stateful_session.{kind}", "typed_config": {"@type": message, **config}}


COOKIE = state("cookie", cookie={"name": "sid", "ttl": "60s", "path": "/app"})
HEADER = state("header", name="X-Session")


def session(session_state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": FILTER, "typed_config": {"@type": KIND, "session_state": session_state, **more}}


def endpoint(address: str, **more: Any) -> dict[str, Any]:
    where = {"socket_address": {"address": address, "port_value": 80}}
    return {"endpoint": {"address": where}, **more}


def loaded(*filters: dict[str, Any], cluster: dict[str, Any] | None = None, **route: Any) -> Config:
    group = [endpoint(f"10.0.0.{number}") for number in (1, 2, 4)]
    group.append(endpoint("2001:DB8:0::3", health_status="DEGRADED"))
    app = {
        "name": "app",
        "load_assignment": {"cluster_name": "app", "endpoints": [{"lb_endpoints": group}]},
        **(cluster or {}),
    }
    table = {
        "virtual_hosts": [
            {
                "name": "v",
                "domains": ["*"],
                "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "app"}, **route}],
            }
        ]
    }
    return load_parts(table, [app], http_filters=filters)


def encoded(address: str) -> str:
    return base64.b64encode(address.encode()).decode()


def told(decision: Decision, name: str) -> list[str]:
    """What the answer says, to which the upstream gave a line of its own."""
    lines = decision.response_headers([("x-session", "up"), ("set-cookie", "up=1")], status=200)
    return [value for found, value in lines if found == name]


def ask(engine: Engine, headers: dict[str, str], **more: Any) -> Decision:
    return engine.decide("GET", "a.example", "/app/x", headers, **more)


@pytest.mark.parametrize("address", [A, B, C])
def test_a_request_goes_to_the_endpoint_of_its_header(address: str) -> None:
    engine = Engine(loaded(session(HEADER)))
    for _ in range(4):
        with ask(engine, {"x-session": encoded(address)}) as d:
            assert d.endpoint == address
            assert told(d, "x-session") == ["up"]


def test_the_answer_tells_of_the_endpoint_that_served() -> None:
    engine = Engine(loaded(session(HEADER)))
    for asked in ({}, {"x-session": encoded("10.0.0.9:80")}, {"x-session": "nonsense"}):
        with ask(engine, asked) as d:
            assert d.endpoint in (A, B, D)
            assert told(d, "x-session") == [encoded(d.endpoint)]


def test_a_cookie_is_given_kept_and_runs_out() -> None:
    engine = Engine(loaded(session(COOKIE)))
    with ask(engine, {}, unix_time=1_795_662_355.9) as d:
        given, own = told(d, "set-cookie")[::-1]
        assert own == "up=1"
    value, *attributes = given.split("; ")
    assert attributes == ["Max-Age=60", "Path=/app", "HttpOnly"]
    message = base64.b64decode(value.removeprefix('sid="').removesuffix('"'))
    served = message[2:-6].decode()
    assert message == b"\n\x0b" + served.encode() + b"\x10\xcf\xc4\x9e\xd8\x06"  # 1795662415
    for _ in range(4):
        with ask(engine, {"cookie": f"x=y; {value}"}, unix_time=1_795_662_415) as d:
            assert (d.endpoint, told(d, "set-cookie")) == (served, ["up=1"])
    with ask(engine, {"cookie": value}, unix_time=1_795_662_416) as d:
        assert len(told(d, "set-cookie")) == 2
    with engine.decide("GET", "a.example", "/application", {"cookie": value}) as d:
        assert told(d, "set-cookie") == ["up=1"]


def test_the_time_of_day_is_that_of_the_engines_clock() -> None:
    now = 1000.0
    engine = Engine(loaded(session(COOKIE)), clock=lambda: now)
    with ask(engine, {}) as d:
        cookie = told(d, "set-cookie")[-1].partition(";")[0]
        served = d.endpoint
    now = 1061.0
    with ask(engine, {"cookie": cookie}) as d:
        assert len(told(d, "set-cookie")) == 2
    now = 1060.0
    with ask(engine, {"cookie": cookie}) as d:
        assert d.endpoint == served


def test_strict_sessions_take_no_other_endpoint() -> None:
    strict = session(HEADER, strict=True, status_on_strict_destination_not_found=421)
    engine = Engine(loaded(strict))
    with ask(engine, {"x-session": encoded("10.0.0.9:80")}) as d:
        assert (d.outcome, d.status, d.flags, d.details) == (Outcome.REJECT, 421, "UH", "no_healthy_upstream")
        assert (d.endpoint, d.body) == (None, b"no healthy upstream")
        assert "x-session" not in dict(d.response_headers([]))
    engine.set_health("app", B, False)
    with ask(engine, {"x-session": encoded(B)}) as d:
        assert (d.outcome, d.status) == (Outcome.REJECT, 503)
    engine.set_health("app", B, True)
    with ask(engine, {"x-session": encoded(B)}) as d:
        assert d.endpoint == B
    with ask(engine, {}) as d:
        assert d.outcome is Outcome.FORWARD


def test_the_cluster_says_of_what_health_endpoints_may_be() -> None:
    none = {"common_lb_config": {"override_host_status": {"statuses": []}}}
    degraded = {"common_lb_config": {"override_host_status": {"statuses": ["DEGRADED"]}}}
    for cluster, kept in ((none, []), (degraded, [C]), (None, [A, B, C])):
        engine = Engine(loaded(session(HEADER, strict=True), cluster=cluster))
        found = []
        for address in (A, B, C):
            with ask(engine, {"x-session": encoded(address)}) as d:
                found += [d.endpoint] if d.endpoint else []
        assert found == kept


def test_an_endpoint_that_leaves_is_given_up() -> None:
    engine = Engine(loaded(session(HEADER)))
    engine.update_endpoints("app", [A])
    with ask(engine, {"x-session": encoded(B)}) as d:
        assert (d.endpoint, told(d, "x-session")) == (A, [encoded(A)])
    engine.update_endpoints("app", [A, B])
    with ask(engine, {"x-session": encoded(B)}) as d:
        assert d.endpoint == B


def test_a_swap_keeps_sessions_and_brings_them() -> None:
    engine = Engine(loaded())
    with ask(engine, {"x-session": encoded(C)}) as d:
        assert d.endpoint != C
    engine.swap(loaded(session(HEADER)))
    with ask(engine, {"x-session": encoded(C)}) as d:
        assert d.endpoint == C


def test_a_route_without_sessions() -> None:
    off = {"@type": KIND + "PerRoute", "disabled": True}
    engine = Engine(loaded(session(HEADER), typed_per_filter_config={FILTER: off}))
    with ask(engine, {"x-session": encoded(C)}) as d:
        assert d.endpoint in (A, B, D)
        assert told(d, "x-session") == ["up"]


def test_a_route_with_a_session_of_its_own() -> None:
    own = {"@type": KIND + "PerRoute", "stateful_session": {"session_state": HEADER, "strict": True}}
    engine = Engine(loaded(session(COOKIE), typed_per_filter_config={FILTER: own}))
    with ask(engine, {"x-session": encoded(C)}) as d:
        assert (d.endpoint, told(d, "set-cookie")) == (C, ["up=1"])
    with ask(engine, {"x-session": encoded("10.0.0.9:80")}) as d:
        assert d.status == 503


def test_answers_of_our_own_tell_nothing() -> None:
    config = loaded(session(HEADER), route=None, direct_response={"status": 200})
    with ask(Engine(config), {}) as d:
        assert d.outcome is Outcome.RESPOND
        assert "x-session" not in dict(d.response_headers([]))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"cookie": f"sid={encoded(C)}"}, f'{C}, by the cookie "sid"'),
        ({}, ', the cookie "sid" asks for none'),
        (
            {"cookie": f"sid={encoded('10.0.0.9:9080')}"},
            'the cookie "sid" asks for "10.0.0.9:9080", which the cluster has not',
        ),
        ({"cookie": f"sid={encoded(chr(27) + '[2J')}"}, "\\x1b[2J"),
    ],
)
def test_an_explanation_says_what_the_session_had_to_do_with_it(
    headers: dict[str, str], expected: str
) -> None:
    engine = Engine(loaded(session(COOKIE)))
    explained = engine.explain("GET", "a.example", "/app", headers)
    assert expected in str(explained)
    assert "\x1b" not in str(explained)


def test_an_explanation_of_a_strict_session() -> None:
    engine = Engine(loaded(session(HEADER, strict=True)))
    engine.set_health("app", B, False)
    explained = engine.explain("GET", "a.example", "/app", {"x-session": encoded(B)})
    assert (
        f'none of 4 can be picked ({C} is degraded), the header "x-session" asks for "{B}", '
        "of a health that sessions may not use, which is strict"
    ) in str(explained)
    assert explained.endpoint is not None
    assert explained.endpoint.session is not None
    assert explained.endpoint.session.reason == "unfit"


def test_a_request_that_overflows_is_told_nothing() -> None:
    full = {"circuit_breakers": {"thresholds": [{"max_requests": 0}]}}
    for asked in ({}, {"x-session": encoded(C)}):
        with ask(Engine(loaded(session(HEADER), cluster=full)), asked) as d:
            assert (d.outcome, d.flags) == (Outcome.REJECT, "UO")
            assert "x-session" not in dict(d.response_headers([]))


def test_endpoints_that_headers_name() -> None:
    rotation = {"@type": TYPES + "load_balancing_policies.round_robin.v3.RoundRobin"}
    fallback = {"policies": [{"typed_extension_config": {"name": "r", "typed_config": rotation}}]}
    override = {
        "@type": TYPES + "load_balancing_policies.override_host.v3.OverrideHost",
        "override_host_sources": [{"header": "x-to"}],
        "fallback_policy": fallback,
    }
    policy = {"policies": [{"typed_extension_config": {"name": "o", "typed_config": override}}]}
    engine = Engine(loaded(session(HEADER), cluster={"load_balancing_policy": policy}))
    with ask(engine, {"x-to": f"10.0.0.9:80, {C}"}) as d:
        assert d.endpoint == C
        assert told(d, "x-session") == [encoded(C)]
    with ask(engine, {"x-to": C, "x-session": encoded(B)}) as d:
        assert d.endpoint == B  # a session comes first
    with ask(engine, {"x-to": "10.0.0.9:80"}) as d:
        assert d.endpoint in (A, B, D)
    explained = engine.explain("GET", "a.example", "/", {"x-to": C})
    assert f"{C}, by override host among 1 of 4" in str(explained)
