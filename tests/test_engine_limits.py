"""Local rate limits through the engine's Python face: whom they refuse, and what is told of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from rate_limit_support import ALL, NONE, Clock, ask, bucket, config_of, generic, header_key, limit, rule

from meshcore import ConfigError, load_text
from meshcore.engine import Engine, Outcome

WRAPPER = "type.googleapis.com/envoy.config.route.v3.FilterConfig"
CONNECTION = "stat_prefix: all\n              local_rate_limit_per_downstream_connection: true"
ROUTE = "route_config.virtual_hosts[0].routes[0]"
DIVIDED = """
cluster_manager: {local_cluster_name: self}
static_resources:
  clusters:
  - {name: one, load_assignment: {cluster_name: one, endpoints: [{lb_endpoints: [
      {endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 1}}}}]}]}}
  - {name: self, load_assignment: {cluster_name: self}}
  listeners:
  - name: all
    address: {socket_address: {address: 0.0.0.0, port_value: 80}}
    filter_chains:
    - filters:
      - name: manager
        typed_config:
          "@type": x/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: all
          route_config:
            virtual_hosts:
            - {name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: one}}]}
          http_filters:
          - name: limits
            typed_config:
              "@type": x/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
              stat_prefix: all
              local_cluster_rate_limit: {}
              token_bucket: {max_tokens: 6, fill_interval: 60s}
              filter_enabled: {default_value: {numerator: 100}}
              filter_enforced: {default_value: {numerator: 100}}
          - name: router
            typed_config: {"@type": x/envoy.extensions.filters.http.router.v3.Router}
"""


def statuses(engine: Engine, count: int, headers: Mapping[str, str] | None = None, **more: Any) -> list[int]:
    """Of so many requests, one after the other; 200: forwarded."""
    found = []
    for _ in range(count):
        with ask(engine, headers, **more) as d:
            found.append(d.status or 200)
    return found


def test_a_refusal() -> None:
    engine = Engine(config_of(limit(bucket(1), response_headers={"x-l": "1"})), clock=Clock())
    with ask(engine) as d:
        assert (d.outcome, d.retry_after) == (Outcome.FORWARD, None)
        assert [one.allowed for one in d.limits] == [True]
    with ask(engine) as d:
        assert (d.outcome, d.status, d.details, d.flags) == (Outcome.REJECT, 429, "local_rate_limited", "RL")
        assert (d.body, d.cluster, d.endpoint, d.route) == (b"local_rate_limited", "one", None, "all")
        assert d.response_headers() == {"x-l": "1", "content-type": "text/plain"}
        assert d.retry_after == 60.0
        (one,) = d.limits
        assert (one.filter, one.stat_prefix, one.rule, one.descriptor) == ("limits", "x", "default", ())
        assert (one.allowed, one.enforced, one.limit, one.remaining) == (False, True, 1, 0)
        assert (one.retry_after, one.reset) == (60.0, 60.0)
    assert engine.clusters()[0]["endpoints"][0]["active_requests"] == 0


def test_it_fills_with_time() -> None:
    clock = Clock()
    engine = Engine(config_of(limit(bucket(2, 1, "10s"))), clock=clock)
    assert statuses(engine, 3) == [200, 200, 429]
    clock.now += 9.999
    assert statuses(engine, 1) == [429]
    clock.now += 0.001
    assert statuses(engine, 2) == [200, 429]


def test_grpc_clients_hear_it_in_headers() -> None:
    grpc = {"content-type": "application/grpc"}
    for exhausted, status in ((False, "14"), (True, "8")):
        config = config_of(limit(bucket(0), rate_limited_as_resource_exhausted=exhausted))
        with ask(Engine(config), grpc) as d:
            assert d.status == 200
            lines = d.response_headers()
            assert (lines["grpc-status"], lines["grpc-message"]) == (status, "local_rate_limited")


def test_nothing_is_limited_unless_it_says_so() -> None:
    for shares in ({"filter_enabled": None}, {"filter_enabled": NONE}):
        assert statuses(Engine(config_of(limit(bucket(0), **shares))), 2) == [200, 200]
    with ask(Engine(config_of(limit(bucket(0), filter_enforced=None)))) as d:
        assert [(one.allowed, one.enforced) for one in d.limits] == [(False, False)]


def test_a_share_of_the_requests() -> None:
    share = {"default_value": {"numerator": 25}}
    engine = Engine(config_of(limit(bucket(0), filter_enabled=share)))
    refused = sum(ask(engine, seed=seed).status == 429 for seed in range(2000))
    assert 390 < refused < 610  # 500, and five deviations of 19
    engine = Engine(config_of(limit(bucket(0), filter_enabled=share, filter_enforced=share)))
    refused = sum(ask(engine, seed=seed).status == 429 for seed in range(4000))
    assert 170 < refused < 330  # 250, since the two are drawn apart


def test_what_is_not_enforced_is_told_to_the_upstream() -> None:
    lines = [{"header": {"key": "x-would", "value": "%REQ(x-u)% %ROUTE_NAME%"}}]
    engine = Engine(
        config_of(
            limit(bucket(1), filter_enforced=NONE, request_headers_to_add_when_not_enforced=lines),
            route={"request_headers_to_add": [{"header": {"key": "x-seen", "value": "%REQ(x-would)%"}}]},
        )
    )
    passed = ask(engine, {"x-u": "U"})
    assert passed.request_headers() == {
        "x-u": "U",
        "x-forwarded-proto": "http",
        "x-request-id": passed.request_id,
        "x-envoy-expected-rq-timeout-ms": "15000",
    }
    with ask(engine, {"x-u": "U"}) as d:
        assert d.request_headers()["x-would"] == d.request_headers()["x-seen"] == "U all"
        assert d.request_headers({"x-u": "V"})["x-would"] == "V all"


@pytest.mark.parametrize(
    ("tells", "expected"),
    [
        ({}, {}),
        (
            {"enable_x_ratelimit_headers": "DRAFT_VERSION_03"},
            {"x-ratelimit-limit": "2", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "4"},
        ),
    ],
)
def test_answers_tell_of_the_bucket(tells: dict[str, str], expected: dict[str, str]) -> None:
    clock = Clock()
    engine = Engine(config_of(limit(bucket(2, 3, "10s"), **tells)), clock=clock)
    first, second, third = (ask(engine).response_headers({}, status=200) for _ in range(3))
    if tells:
        assert [first["x-ratelimit-remaining"], first["x-ratelimit-reset"]] == ["1", "0"]
    assert second == expected
    assert third == {**expected, "content-type": "text/plain"}
    clock.now += 2.3
    assert ask(engine).response_headers().get("x-ratelimit-reset") == ("2" if tells else None)


def test_each_filter_tells_of_itself_as_with_envoy() -> None:
    """What Envoy 1.40 answers to three requests in a row."""
    tells = {"enable_x_ratelimit_headers": "DRAFT_VERSION_03"}
    filters = limit(bucket(5), name="one", **tells), limit(bucket(3), name="two", **tells)
    engine = Engine(config_of(*filters), clock=Clock())
    for two, one in (
        ((b"2", b"0"), (b"4", b"0")),
        ((b"1", b"0"), (b"3", b"0")),
        ((b"0", b"60"), (b"2", b"0")),
    ):
        assert ask(engine).response_headers([], status=200) == [
            (b"x-ratelimit-limit", b"3"),
            (b"x-ratelimit-remaining", two[0]),
            (b"x-ratelimit-reset", two[1]),
            (b"x-ratelimit-limit", b"5"),
            (b"x-ratelimit-remaining", one[0]),
            (b"x-ratelimit-reset", one[1]),
        ]


def test_a_descriptor_has_its_own_bucket() -> None:
    rules = [rule(bucket(1), generic_key="a"), rule(bucket(2), generic_key="b")]
    for value, allowed in (("a", 1), ("b", 2), ("c", 5)):
        engine = Engine(config_of(limit(bucket(5), descriptors=rules), rate_limits=[generic(value)]))
        assert statuses(engine, 6) == [200] * allowed + [429] * (6 - allowed)
        with ask(engine) as d:
            expected = () if value == "c" else (("generic_key", value),)
            assert d.limits[0].descriptor == expected
            assert d.limits[0].rule == ("default" if value == "c" else f"generic_key={value}")


def test_the_bucket_of_all_counts_those_of_rules_unless_told_not_to() -> None:
    rules = [rule(bucket(9), generic_key="a")]
    for always, allowed in ((True, 2), (False, 9)):
        limits = limit(bucket(2), descriptors=rules, always_consume_default_token_bucket=always)
        engine = Engine(config_of(limits, rate_limits=[generic("a")]))
        assert statuses(engine, 10).count(200) == allowed


def test_a_wildcard_gives_each_value_a_bucket() -> None:
    limits = limit(None, descriptors=[rule(bucket(1), u="")])
    engine = Engine(config_of(limits, rate_limits=[header_key("x-u", "u")]))
    for user in ("a", "b", "", "a" * 5000):
        assert statuses(engine, 2, {"x-u": user}) == [200, 429]
    assert statuses(engine, 3) == [200, 200, 200]  # no header, no descriptor, no bucket


def test_many_values_take_no_more_memory_and_give_nobody_a_fresh_bucket() -> None:
    limits = limit(None, descriptors=[rule(bucket(1, 1, "3600s"), u="")])
    engine = Engine(config_of(limits, rate_limits=[header_key("x-u", "u")]), clock=Clock())
    assert statuses(engine, 1, {"x-u": "me"}) == [200]
    for number in range(20_000):
        ask(engine, {"x-u": str(number)})
    assert statuses(engine, 1, {"x-u": "me"}) == [429]


def test_several_open_values_are_told_apart_as_lists() -> None:
    limits = limit(None, descriptors=[rule(bucket(1), a="", b="")])
    both = {"actions": header_key("x-a", "a")["actions"] + header_key("x-b", "b")["actions"]}
    engine = Engine(config_of(limits, rate_limits=[both]))
    for pair in (("1", "23"), ("12", "3"), ("", "123"), ("123", "")):
        assert statuses(engine, 2, dict(zip(("x-a", "x-b"), pair, strict=True))) == [200, 429]


def test_a_fixed_value_comes_before_an_open_one() -> None:
    limits = limit(None, descriptors=[rule(bucket(1), u=""), rule(bucket(3), u="vip")])
    engine = Engine(config_of(limits, rate_limits=[header_key("x-u", "u")]))
    assert statuses(engine, 4, {"x-u": "vip"}) == [200, 200, 200, 429]
    assert statuses(engine, 2, {"x-u": "other"}) == [200, 429]


def test_the_slowest_comes_first_and_what_was_taken_stays_taken() -> None:
    rules = [rule(bucket(3, 1), generic_key="slow"), rule(bucket(2, 10), generic_key="fast")]
    limits = limit(bucket(9), descriptors=rules)
    engine = Engine(config_of(limits, rate_limits=[generic("fast"), generic("slow")]))
    assert statuses(engine, 3) == [200, 200, 429]
    with ask(engine) as d:
        assert d.limits[0].rule == "generic_key=slow"  # the third request took its last token


def test_a_rule_in_shadow_refuses_nobody() -> None:
    rules = [rule(bucket(1), shadow=True, generic_key="a")]
    engine = Engine(config_of(limit(bucket(3), descriptors=rules), rate_limits=[generic("a")]))
    assert statuses(engine, 4) == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("hits", "headers", "expected"),
    [
        ({"number": 3}, {}, [200, 200, 200, 429]),
        ({"number": 0}, {}, [429]),
        ({"format": "%REQ(x-cost)%"}, {"x-cost": " 4.9 "}, [200, 200, 429]),
        ({"format": "%REQ(x-cost)%"}, {"x-cost": "1e1"}, [200, 429]),
        ({"format": "%REQ(x-cost)%"}, {"x-cost": "-1"}, [200] * 12),
        ({"format": "%REQ(x-cost)%"}, {"x-cost": "many"}, [200] * 12),
        ({"format": "%REQ(x-cost)%"}, {"x-cost": "1000000001"}, [200] * 12),
        ({"format": "%REQ(x-cost)%"}, {}, [200] * 12),
        ({"number": 3, "is_negative_hits": True}, {}, [200] * 12),
    ],
)
def test_requests_may_cost_more(
    hits: Mapping[str, Any], headers: Mapping[str, str], expected: Sequence[int]
) -> None:
    own = [{**generic("a"), "hits_addend": hits}]
    limits = limit(None, descriptors=[rule(bucket(10), generic_key="a")], rate_limits=own)
    assert statuses(Engine(config_of(limits)), len(expected), headers) == list(expected)


@pytest.mark.parametrize(
    ("limits", "host", "route", "expected"),
    [
        ({}, ["vh"], ["route"], {"route"}),
        ({}, ["vh"], [], {"vh"}),
        ({"vh_rate_limits": "INCLUDE"}, ["vh"], ["route"], {"route", "vh"}),
        ({"vh_rate_limits": "IGNORE"}, ["vh"], [], set()),
        ({"vh_rate_limits": "IGNORE"}, ["vh"], ["route", "include"], {"route", "vh"}),
    ],
)
def test_limits_of_the_virtual_host(
    limits: Mapping[str, Any], host: list[str], route: list[str], expected: set[str]
) -> None:
    rules = [rule(bucket(1), generic_key=value) for value in ("route", "vh")]
    include = {"include_vh_rate_limits": True} if "include" in route else {}
    config = config_of(
        limit(None, descriptors=rules, **limits),
        rate_limits=[generic(value) for value in route if value != "include"],
        host={"rate_limits": [generic(value) for value in host]},
        action=include,
    )
    engine = Engine(config)
    ask(engine)
    with ask(engine) as d:
        assert {one.descriptor[0][1] for one in d.limits} <= expected
        assert (d.status == 429) == bool(expected)


def test_levels_and_several_filters() -> None:
    """The innermost level counts; each filter has its own name and limit."""
    first, second = limit(bucket(2), name="first"), limit(bucket(9), name="second")
    inner = {"first": limit(bucket(1), name="first")["typed_config"]}
    engine = Engine(config_of(first, second, route={"typed_per_filter_config": inner}))
    assert statuses(engine, 2) == [200, 429]
    with ask(engine) as d:
        assert [(one.filter, one.allowed) for one in d.limits] == [("first", False)]
    engine = Engine(config_of(first, second, host={"typed_per_filter_config": {"second": inner["first"]}}))
    assert statuses(engine, 2) == [200, 429]
    with ask(engine) as d:
        assert [(one.filter, one.allowed) for one in d.limits] == [("first", False)]


@pytest.mark.parametrize("where", ["route", "host", "filter"])
def test_limits_by_the_metadata_of_routes(where: str) -> None:
    """Texts alone count; what a route does not say is the default, or makes no descriptor."""
    place = {"key": "shop", "path": [{"key": "who"}, {"key": "plan"}]}
    plan = {"descriptor_key": "plan", "metadata_key": place, "source": "ROUTE_ENTRY"}
    limits = [
        {"actions": [{"metadata": plan}]},
        {"actions": [{"metadata": {**plan, "descriptor_key": "other", "default_value": "none"}}]},
    ]
    rules = [rule(bucket(2), plan="gold"), rule(bucket(1), other="none")]
    own = {"rate_limits": limits if where == "filter" else []}
    for metadata, expected in (
        ({"shop": {"who": {"plan": "gold"}}}, [200, 200, 429]),
        ({"shop": {"who": {"plan": "silver"}}}, [200, 200, 200]),
        ({"shop": {"who": {"plan": 1}}, "who": {"plan": "gold"}}, [200, 429, 429]),
        ({"shop": {"who": "plan"}}, [200, 429, 429]),
        ({}, [200, 429, 429]),
    ):
        config = config_of(
            limit(bucket(100), descriptors=rules, **own),
            rate_limits=limits if where == "route" else (),
            host={"rate_limits": limits} if where == "host" else {},
            route={"metadata": {"filter_metadata": metadata}},
        )
        assert statuses(Engine(config), 3) == expected


def test_a_filter_that_a_level_turns_off_and_on() -> None:
    off, first = {"@type": WRAPPER, "disabled": True}, limit(bucket(1))
    again = {"@type": WRAPPER, "config": limit(bucket(2))["typed_config"]}
    for levels, expected in (
        ({"host": off}, [200] * 4),
        ({"route": off}, [200] * 4),
        ({"host": off, "route": again}, [200, 200, 429, 429]),
        ({"host": again, "route": off}, [200] * 4),
    ):
        named = {level: {"typed_per_filter_config": {"limits": config}} for level, config in levels.items()}
        engine = Engine(config_of(first, **named))
        assert statuses(engine, 4) == expected
        assert {one["stat_prefix"] for one in engine.limits()} == {"x"}


def test_a_filter_that_is_off_until_a_level_turns_it_on() -> None:
    """An empty configuration turns on what there is around, up to the filter's own bucket."""
    on, off = {"@type": WRAPPER, "config": {}}, {"@type": WRAPPER, "disabled": True}
    own = limit(bucket(2))["typed_config"]
    first = {**limit(bucket(1)), "disabled": True}
    levels: dict[str, Any]
    for levels, expected in (
        ({}, [200, 200, 200]),
        ({"route": on}, [200, 429, 429]),
        ({"route": own}, [200, 200, 429]),
        ({"host": on, "route": off}, [200, 200, 200]),
        ({"host": own, "route": on}, [200, 200, 429]),
        ({"host": off, "route": on}, [200, 429, 429]),
    ):
        named = {level: {"typed_per_filter_config": {"limits": config}} for level, config in levels.items()}
        assert statuses(Engine(config_of(first, **named)), 3) == expected
    other = {"match": {"prefix": "/other"}, "route": {"cluster": "one"}}
    routes = [{**other, "typed_per_filter_config": {"limits": on}}]
    engine = Engine(config_of(first, host={"routes": routes}))
    with engine.decide("GET", "a.example", "/nowhere") as d:  # nobody turns it on there
        assert (d.status, d.limits) == (404, ())


def test_one_bucket_for_all_routes_that_turn_the_filter_on() -> None:
    on = {"typed_per_filter_config": {"limits": {"@type": WRAPPER, "config": {}}}}
    routes = [{"match": {"prefix": path}, "route": {"cluster": "one"}, **on} for path in ("/a", "/b")]
    engine = Engine(config_of({**limit(bucket(1)), "disabled": True}, host={"routes": routes}))
    assert [engine.decide("GET", "a.example", path).status for path in ("/a", "/b")] == [None, 429]


@pytest.mark.parametrize(("hosts", "allowed"), [(0, 6), (1, 6), (3, 2), (9, 0)])
def test_a_limit_that_is_divided_among_a_cluster(hosts: int, allowed: int) -> None:
    """By as many hosts as that has now, be they well or not."""
    engine = Engine(load_text(DIVIDED))
    addresses = [f"10.1.0.{i}:80" for i in range(9)]
    engine.update_endpoints("self", addresses[:hosts])
    if hosts:
        engine.set_health("self", addresses[0], False)
    assert statuses(engine, 8).count(200) == allowed
    engine.update_endpoints("self", addresses[:6])
    assert statuses(engine, 1) == [429 if allowed else 200]


def test_what_a_divided_limit_cannot_be() -> None:
    for old, new, why in (
        ("local_cluster_name: self", "enable_deferred_cluster_creation: false", "needs the bootstrap"),
        (
            "stat_prefix: all\n              local_c",
            f"{CONNECTION}\n              local_c",
            "cannot be combined",
        ),
    ):
        assert old in DIVIDED
        with pytest.raises(ConfigError, match=f"local_cluster_rate_limit: {why}"):
            load_text(DIVIDED.replace(old, new))


def test_connections_have_buckets_of_their_own() -> None:
    engine = Engine(config_of(limit(bucket(1), local_rate_limit_per_downstream_connection=True)))
    for source, port in (("1.1.1.1", 1), ("1.1.1.1", 2), ("1.1.1.2", 1)):
        assert statuses(engine, 2, source=source, source_port=port) == [200, 429]


def test_limits_hold_where_there_is_no_route() -> None:
    engine = Engine(config_of(limit(bucket(1)), host={"domains": ["b.example"]}))
    assert statuses(engine, 2) == [404, 429]


def test_a_swap_fills_no_bucket() -> None:
    clock = Clock()
    limits = limit(bucket(2), descriptors=[rule(bucket(1), u="")])
    config = config_of(limits, rate_limits=[header_key("x-u", "u")])
    engine = Engine(config, clock=clock)
    assert statuses(engine, 2, {"x-u": "a"}) == [200, 429]
    assert statuses(engine, 2) == [200, 429]
    engine.swap(config_of(limits, rate_limits=[header_key("x-u", "u"), generic("new")]))
    assert statuses(engine, 1, {"x-u": "a"}) == [429]
    assert statuses(engine, 1) == [429]
    engine.swap(config_of(limit(bucket(3))))  # another bucket is another limit
    assert statuses(engine, 4) == [200, 200, 200, 429]


def test_what_limits_did_is_counted() -> None:
    inner = {"limits": limit(bucket(0), filter_enforced=NONE)["typed_config"]}
    config = config_of(limit(bucket(1)), host={"domains": ["b.example"], "typed_per_filter_config": inner})
    engine = Engine(config)
    assert statuses(engine, 3) == [404, 429, 429]
    engine.decide("GET", "b.example", "/")
    engine.explain("GET", "b.example", "/")
    engine.swap(config)
    assert engine.limits() == [
        {
            "scope": "web/v/limits",
            "stat_prefix": "x",
            "enabled": 1,
            "ok": 0,
            "rate_limited": 1,
            "enforced": 0,
        },
        {"scope": "web/limits", "stat_prefix": "x", "enabled": 3, "ok": 1, "rate_limited": 2, "enforced": 2},
    ]


def test_an_explanation_says_so() -> None:
    rules = [rule(bucket(1), u="")]
    engine = Engine(config_of(limit(None, descriptors=rules), rate_limits=[header_key("x-u", "u")]))
    for expected in ('u=* of limits (u "a"): 0 of 1 left', "refused, 0 of 1 left, again in "):
        assert expected in str(engine.explain("GET", "a.example", "/", {"x-u": "a"}))
        ask(engine, {"x-u": "a"})
    (tried,) = engine.explain("GET", "a.example", "/", {"x-u": "a"}).limits
    assert (tried.filter, tried.rule, tried.descriptor, tried.enforced) == (
        "limits",
        "u=*",
        (("u", "a"),),
        True,
    )


def test_an_explanation_takes_no_tokens() -> None:
    engine = Engine(config_of(limit(bucket(1))))
    for _ in range(3):
        assert engine.explain("GET", "a.example", "/").outcome == "forward"
    assert statuses(engine, 2) == [200, 429]
    assert engine.explain("GET", "a.example", "/").status == 429


def test_what_takes_centuries_to_fill() -> None:
    clock = Clock()
    engine = Engine(config_of(limit(bucket(4_294_967_295, 1, "86400s"))), clock=clock)
    with ask(engine) as d:
        assert (d.limits[0].limit, d.limits[0].remaining) == (4_294_967_295, 4_294_967_294)
        assert d.limits[0].reset == pytest.approx(86400.0, rel=1e-6)
    clock.now += 86401
    with ask(engine) as d:
        assert d.limits[0].remaining == 4_294_967_294


def test_a_bucket_without_tokens_refuses_forever() -> None:
    with ask(Engine(config_of(limit(bucket(0), enable_x_ratelimit_headers="DRAFT_VERSION_03")))) as d:
        assert d.retry_after == math.inf
        assert d.response_headers() == {"content-type": "text/plain"}
    rules = [rule(bucket(0), generic_key="a")]
    tells = {"enable_x_ratelimit_headers": "DRAFT_VERSION_03"}
    config = config_of(limit(bucket(9), descriptors=rules, **tells), rate_limits=[generic("a")])
    with ask(Engine(config)) as d:
        assert d.response_headers()["x-ratelimit-reset"] == "60"


def test_shares_are_all_or_nothing_here() -> None:
    """What the other tests lean on."""
    assert (ALL["default_value"]["numerator"], NONE["default_value"]["numerator"]) == (100, 0)
