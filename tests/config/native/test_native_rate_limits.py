"""``kind: RateLimits``: what its rules limit, alone and beside other documents, and how mistakes are told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from rate_limit_support import CLUSTER, Clock

from meshcore.config import ConfigError, load, load_text
from meshcore.config.native.rates import BadRate, parse_rate
from meshcore.engine import Decision, Engine
from meshcore.model import TokenBucket

HEAD = "apiVersion: meshcore/v1\nkind: RateLimits\n"


def engine_of(rule: str, more: str = "", clock: Clock | None = None) -> Engine:
    """A document with one rule; ``rule`` are the lines of it after its name."""
    text = f"{HEAD}{more}\nrules:\n- name: it\n{indent(rule, '  ')}"
    return Engine(load_text(text), clock=clock or Clock())


def ask(
    engine: Engine,
    target: str = "/",
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    host: str = "a.example",
    source: str = "192.0.2.1",
) -> Decision:
    return engine.decide(method, host, target, headers or {}, source=source)


def test_a_rate_for_each_client() -> None:
    clock = Clock()
    engine = engine_of("rate: 2/minute\nkey: remote_address", clock=clock)
    assert [ask(engine).status for _ in range(3)] == [200, 200, 429]
    assert ask(engine, source="192.0.2.2").status == 200
    d = ask(engine)
    assert (d.retry_after, d.body, d.details) == (30.0, b"local_rate_limited", "local_rate_limited")
    assert [(one.filter, one.rule, one.descriptor) for one in d.limits] == [
        ("RateLimits", "it", (("rule", "it"), ("remote_address", "192.0.2.1/32")))
    ]
    clock.now += 30
    assert ask(engine).status == 200


def test_what_clients_are_told() -> None:
    engine = engine_of(
        "rate: 2/minute", "headers: [ratelimit, x-ratelimit]\nresponse_headers: {x-why: 5% off}"
    )
    assert ask(engine).response_headers() == {
        "ratelimit-policy": '"it";q=2;w=60',
        "ratelimit": '"it";r=1;t=30',
        "x-ratelimit-limit": "2",
        "x-ratelimit-remaining": "1",
        "x-ratelimit-reset": "0",
    }
    ask(engine)
    lines = ask(engine).response_headers()
    assert (lines["retry-after"], lines["x-why"], lines["ratelimit"]) == ("30", "5% off", '"it";r=0;t=30')
    engine = engine_of("rate: 1/minute\nstatus: 503", "headers: []\nretry_after: false")
    assert ask(engine).response_headers() == {}
    d = ask(engine)
    assert (d.status, d.response_headers()) == (503, {"content-type": "text/plain"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100/minute", (100, 60.0)),
        ("1_000 per hour", (1000, 3600.0)),
        ("10/s", (10, 1.0)),
        ("5 per 10 seconds", (5, 10.0)),
        ("7/15min", (7, 900.0)),
        ("1 PER 2 Days", (1, 172800.0)),
        ("4294967295/106751 days", (4294967295, 106751 * 86400.0)),
    ],
)
def test_rates(text: str, expected: tuple[int, float]) -> None:
    assert parse_rate(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0/second", "1 to 4294967295 tokens in that time"),
        ("4294967296/second", "1 to 4294967295 tokens in that time"),
        ("1/0 seconds", "a time of 1 to 9223372035 seconds"),
        ("1/106752 days", "a time of 1 to 106751 days"),
        (f"{'9' * 40}/s", "1 to 4294967295 tokens in that time"),
        ("1/fortnight", "a rate such as 100/minute"),
        ("minute", "a rate such as 100/minute"),
        ("-1/minute", "a rate such as 100/minute"),
        ("1.5/minute", "a rate such as 100/minute"),
        ("60", "a rate such as 60/minute, 60/second or 60 per 15 minutes"),
        (f"{'9' * 41}", "a rate such as 100/minute"),
        ("", "a rate such as 100/minute"),
    ],
)
def test_no_rates(text: str, expected: str) -> None:
    with pytest.raises(BadRate) as raised:
        parse_rate(text)
    assert str(raised.value).startswith(expected)


@pytest.mark.parametrize(
    ("rule", "bucket"),
    [
        ("rate: 10/minute", TokenBucket(10, 60.0, 10)),
        ("rate: 10/minute\nburst: 3", TokenBucket(3, 60.0, 10)),
        ("bucket: {max_tokens: 9, fill_interval: 1m30s}", TokenBucket(9, 90.0, 1)),
        ("bucket: {maxTokens: 9, tokensPerFill: 2, fillInterval: 0.5s}", TokenBucket(9, 0.5, 2)),
    ],
)
def test_buckets(rule: str, bucket: TokenBucket) -> None:
    ((_, limit),) = engine_of(rule).config.listeners[0].filters
    assert limit.descriptors[0].bucket == bucket


@pytest.mark.parametrize(
    ("key", "alike", "other"),
    [
        ("remote_address/24", {"source": "192.0.2.77"}, {"source": "192.0.3.1"}),
        ("remote_address", {}, {"source": "192.0.2.2"}),
        ("header:X-Api-Key", {"headers": {"x-api-key": "k"}}, {"headers": {"x-api-key": "K"}}),
        ("query:user", {"target": "/?user=a%62"}, {"target": "/?user=a"}),
        ("cookie:sid", {"headers": {"cookie": "a=1; sid=k"}}, {"headers": {"cookie": "sid=2"}}),
        ("path", {"target": "/x?1"}, {"target": "/y"}),
        ("method", {"method": "PUT"}, {"method": "GET"}),
        ("[path, method]", {"target": "/x", "method": "PUT"}, {"target": "/x", "method": "GET"}),
        ("route", {}, None),
    ],
)
def test_keys(key: str, alike: dict[str, Any], other: dict[str, Any] | None) -> None:
    engine = engine_of(f"rate: 1/hour\nkey: {key}")
    assert [ask(engine, **alike).status for _ in range(2)] == [200, 429]
    if other is not None:
        assert ask(engine, **other).status == 200


def test_addresses_of_ipv6_are_counted_by_network() -> None:
    engine = engine_of("rate: 1/hour\nkey: remote_address")
    sources = ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1")
    assert [ask(engine, source=source).status for source in sources] == [200, 429, 200]
    engine = engine_of("rate: 1/hour\nkey: remote_address/32/128")
    assert [ask(engine, source=source).status for source in sources] == [200, 200, 200]


def test_ipv4_within_ipv6_is_ipv4() -> None:
    """As sockets of both say it, and proxies behind them: else all of IPv4 would be one network."""
    same, other = ("192.0.2.7", "::ffff:192.0.2.7", "::ffff:c000:207"), "::ffff:192.0.2.8"
    engine = engine_of("rate: 1/hour\nkey: remote_address")
    assert [ask(engine, source=source).status for source in (*same, other)] == [200, 429, 429, 200]
    engine = engine_of("rate: 1/hour\nkey: remote_address", "trusted_proxies: 1")
    forwarded = [{"x-forwarded-for": source} for source in (*same, other)]
    assert [ask(engine, headers=headers).status for headers in forwarded] == [200, 429, 429, 200]


@pytest.mark.parametrize(
    "target", ["/%6cogin", "/%6Cogin", "//login", "/./login", "/a/../login", "/a/..%2Flogin"]
)
def test_another_way_to_write_a_path_is_no_way_around(target: str) -> None:
    for rule in ("match: {path: /login}", "match: {path: '/l*'}", "key: path"):
        engine = engine_of(f"rate: 1/hour\n{rule}")
        assert [ask(engine, target=path).status for path in ("/login", target)] == [200, 429]


def test_nobody_is_believed_to_be_another_client() -> None:
    forged = [{"x-forwarded-for": f"203.0.113.{number}"} for number in range(2)]
    engine = engine_of("rate: 1/hour\nkey: remote_address")
    assert [ask(engine, headers=headers).status for headers in forged] == [200, 429]
    engine = engine_of("rate: 1/hour\nkey: remote_address", "trusted_proxies: 1")
    assert [ask(engine, headers=headers).status for headers in forged] == [200, 200]
    assert ask(engine, headers={"x-forwarded-for": "1.1.1.1, 203.0.113.0"}).status == 429


@pytest.mark.parametrize("came", ["9b2f6a0c-41d7-498f-9a1c-3e7b9d204f68", "my-id-42"])
@pytest.mark.parametrize("source", ["127.0.0.1", "192.0.2.1"])
def test_the_callers_request_id_is_kept_as_in_a_mesh_of_services(came: str, source: str) -> None:
    engine = engine_of("rate: 9/minute\nmatch: {path: /login}")
    for target in ("/login", "/other"):
        with ask(engine, target, {"x-request-id": came}, source=source) as d:
            assert d.request_id == came
        with ask(engine, target, source=source) as d:
            assert len(d.request_id or "") == 36


def test_what_is_no_address_is_nobodys() -> None:
    """A port behind it, say: they share a bucket, rather than that nobody is limited."""
    engine = engine_of("rate: 1/hour\nkey: remote_address")
    sources = ("192.0.2.1:1", "192.0.2.1:2", "[2001:db8::1]:1", "")
    assert [ask(engine, source=source).status for source in sources] == [200, 429, 429, 429]
    assert ask(engine, source="192.0.2.1").status == 200


@pytest.mark.parametrize(
    "rule", ["rate: 1/106751 days", "bucket: {max_tokens: 4294967295, fill_interval: 2562047h}"]
)
def test_the_slowest_buckets(rule: str) -> None:
    assert ask(engine_of(rule)).status == 200


def test_to_leave_the_key_out_is_no_way_around() -> None:
    engine = engine_of("rate: 1/hour\nkey: header:x-api-key")
    assert [ask(engine).status for _ in range(2)] == [200, 429]
    assert ask(engine, headers={"x-api-key": "k"}).status == 200


@pytest.mark.parametrize(
    ("match", "hits", "misses"),
    [
        (
            "path: /login",
            [{"target": "/login"}, {"target": "/login?x=1"}],
            [{"target": "/login/x"}, {"target": "/"}],
        ),
        ("path: [/a, /b/*]", [{"target": "/a"}, {"target": "/b/c?d"}], [{"target": "/b"}, {"target": "/ab"}]),
        ("method: [POST, PUT]", [{"method": "PUT"}], [{"method": "GET"}]),
        (
            "host: A.example",
            [{"host": "a.EXAMPLE:8080"}, {"host": "a.example.:80"}],
            [{"host": "b.a.example"}, {"host": "aXexample"}],
        ),
        ("host: '*.Example'", [{"host": "a.b.eXample"}], [{"host": "example"}, {"host": "a.example.com"}]),
        ("host: a.example:81", [{"host": "a.example:81"}], [{"host": "a.example"}, {"host": "a.example:8"}]),
        ("host: '[::1]'", [{"host": "[::1]:8080"}], [{"host": "[::2]"}]),
        ("path: /v1/*", [{"target": "/v1/"}, {"target": "/v1/a"}], [{"target": "/v1"}, {"target": "/v1?b"}]),
        (
            "path: '/@me:x/a é%3f'",
            [{"target": "/@me:x/a%20%c3%A9%3F"}, {"target": "/%40me%3Ax/a%20%C3%A9%3f?q"}],
            [{"target": "/@me:x/a%20%C3%A9?q"}, {"target": "/@me;x/a%20%C3%A9%3F"}],
        ),
        ("path: /%2541", [{"target": "/%2541"}], [{"target": "/%41"}, {"target": "/A"}]),
        ("path: /v1*", [{"target": "/v1"}, {"target": "/v1x"}, {"target": "/v1/a"}], [{"target": "/V1"}]),
        (
            "headers: {x-plan: free}",
            [{"headers": {"X-Plan": "free"}}],
            [{"headers": {"x-plan": "freemium"}}, {}],
        ),
        (
            "headers: {x-plan: {prefix: fr}, x-a: {present: false}}",
            [{"headers": {"x-plan": "free"}}],
            [{"headers": {"x-plan": "free", "x-a": "1"}}],
        ),
        ("headers: {x-n: {regex: '[0-9]+'}}", [{"headers": {"x-n": "12"}}], [{"headers": {"x-n": "1a"}}]),
        ("query: {q: {present: true}}", [{"target": "/?q"}], [{"target": "/?p"}]),
        ("{method: POST, query: {q: '1'}}", [{"method": "POST", "target": "/?q=1"}], [{"target": "/?q=1"}]),
    ],
)
def test_matches(match: str, hits: list[dict[str, Any]], misses: list[dict[str, Any]]) -> None:
    given = match if match.startswith("{") else f"{{{match}}}"
    for requests, expected in ((hits, [200, 429]), (misses, [200, 200])):
        for request in requests:
            engine = engine_of(f"rate: 1/hour\nmatch: {given}")
            assert [ask(engine, **request).status for _ in range(2)] == expected, request


def test_a_brace_that_is_meant_is_written_as_in_a_url() -> None:
    engine = engine_of("rate: 1/hour\nmatch: {path: '/users/%7Bid%7D'}")
    assert [ask(engine, target).status for target in ("/users/{id}", "/users/%7bid%7d", "/users/7")] == [
        200,
        429,
        200,
    ]


def test_costs() -> None:
    engine = engine_of("rate: 10/hour\ncost: header:x-tokens")
    tokens = ({"x-tokens": "7"}, {"x-tokens": "4"}, {"x-tokens": "0"}, {"x-tokens": "3"})
    assert [ask(engine, headers=headers).status for headers in tokens] == [200, 429, 200, 200]
    engine = engine_of("rate: 10/hour\ncost: 6")
    assert [ask(engine).status for _ in range(2)] == [200, 429]


@pytest.mark.parametrize("cost", ["11", "1000000000", "1000000001", "4294967296", "1e30", "9" * 30])
def test_a_cost_above_the_burst_never_passes(cost: str) -> None:
    engine = engine_of("rate: 10/hour\ncost: header:x-tokens\nkey: header:x-key")
    with ask(engine, headers={"x-tokens": cost}) as d:
        assert (d.status, d.limits[0].remaining) == (429, 10), "nothing is taken"
    biggest = engine_of("bucket: {max_tokens: 4294967295, fill_interval: 1s}\ncost: header:x-tokens")
    assert ask(biggest, headers={"x-tokens": cost}).status == (200 if float(cost) <= 1e9 else 429)


@pytest.mark.parametrize(
    ("cost", "taken"), [("1.9", 1), ("0.9", 0), (" +7 ", 7), ("1e1", 10), ("-5", None), ("x", None)]
)
def test_the_whole_part_of_a_cost_counts_and_what_is_none_passes(cost: str, taken: int | None) -> None:
    engine = engine_of("rate: 10/hour\ncost: header:x-tokens")
    with ask(engine, headers={"x-tokens": cost}) as d:
        assert (d.status, [one.remaining for one in d.limits]) == (200, [] if taken is None else [10 - taken])


def test_a_key_that_is_hardly_like_another_is_no_slip_of_it() -> None:
    with pytest.raises(ConfigError) as caught:
        engine_of("rate: 1/s\nkey: user")
    assert "did you mean" not in str(caught.value)


def test_shadow() -> None:
    for engine in (engine_of("rate: 1/hour\nshadow: true"), engine_of("rate: 1/hour", "shadow: true")):
        assert [ask(engine).status for _ in range(3)] == [200, 200, 200]
        assert ask(engine).limits[0].remaining == 0
        assert not [name for name, _ in ask(engine).response_headers() if "ratelimit" in name]
        [counts] = engine.limits()
        assert [counts[it] for it in ("enabled", "ok", "rate_limited", "enforced")] == [5, 1, 4, 0]


def test_the_least_is_told() -> None:
    """Of rules that pass, neither the slowest nor the one in shadow."""
    rules = "rules:\n- {name: day, rate: 100/day}\n- {name: minute, rate: 3/minute}\n"
    rules += "- {name: trial, rate: 1/hour, shadow: true}\n"
    engine = Engine(load_text(HEAD + rules + "headers: [ratelimit, x-ratelimit]\n"), clock=Clock())
    for left in (2, 1, 0):
        decision = ask(engine)
        told = dict(decision.response_headers())
        assert told["ratelimit"].startswith(f'"minute";r={left};t=')
        assert told["x-ratelimit-remaining"] == str(left)
        assert (decision.limits[0].rule, decision.limits[0].remaining) == ("minute", left)
    assert ask(engine).status == 429


def test_several_rules() -> None:
    """All that match have to let a request through."""
    rules = "rules:\n- {name: all, rate: 3/hour}\n- {name: login, rate: 1/hour, match: {path: /login}}\n"
    engine = Engine(load_text(HEAD + rules), clock=Clock())
    assert [ask(engine, "/login").status for _ in range(2)] == [200, 429]
    assert [ask(engine).status for _ in range(3)] == [200, 200, 429]


def test_beside_envoys_documents(tmp_path: Path) -> None:
    route = {"match": {"prefix": "/"}, "route": {"cluster": "one"}, "name": "all"}
    table = {"name": "t", "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [route]}]}
    typed = {"@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration", **table}
    cluster = {"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", **CLUSTER}
    (tmp_path / "envoy.json").write_text(json.dumps({"resources": [typed, cluster]}))
    (tmp_path / "limits.yaml").write_text(
        f"{HEAD}metadata: {{name: api}}\nrules:\n- {{name: a, rate: 1/hour}}\n"
    )
    engine = Engine(load(tmp_path), clock=Clock())
    assert ask(engine).endpoint == "10.0.0.1:80"
    d = ask(engine)
    assert (d.status, d.route, d.limits[0].filter) == (429, "all", "RateLimits api")


def test_beside_istios_documents() -> None:
    rule = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v}\n"
    rule += "spec: {hosts: [a.example], http: [{directResponse: {status: 204}}]}\n"
    text = f"{rule}---\n{HEAD}rules:\n- {{name: a, rate: 1/hour}}\n"
    engine = Engine(load_text(text), clock=Clock())
    assert [ask(engine).status for _ in range(2)] == [204, 429]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            "rate: 1/s\nmatch: {path: '/users/{id}/posts'}",
            "{id} is no part that may be anything, found '/users/{id}/posts', expected '/users/*', all",
        ),
        ("rate: 1/s\nmatch: {path: ['/a', '/users/<int:id>']}", "<int:id> is no part that may be anything"),
        ("rate: 60", "6:9: error: rules[0].rate: found the number 60, expected a rate such as 60/m"),
        ("rate: {a: b}", "rules[0].rate: found a mapping, expected a rate such as 100/minute"),
        ("rate: 0/s", "rules[0].rate: found '0/s', expected 1 to 4294967295 tokens in that time"),
        ("bucket: {max_tokens: 1, fill_interval: 3000000h}", "expected a value from 0.05 to 9,223,372,035"),
        ("rate: 3/fortnight", "6:9: error: rules[0].rate: found '3/fortnight', expected a rate such as"),
        ("rate: 1/s\nkey: remote_adress", "did you mean 'remote_address'?"),
        ("rate: 1/s\nkey: header", "rules[0].key: found 'header', expected one of remote_address,"),
        ("rate: 1/s\nkey: header", "cookie:NAME; did you mean 'header:NAME'?"),
        ("rate: 1/s\nkey: Header:x", "did you mean 'header:x'?"),
        ("rate: 1/s\nkey: remote_address/33", "1 to 32 bits of IPv4"),
        ("rate: 1/s\nkey: 'header:'", "'' is no name of a header"),
        ("rate: 1/s\nkey: [path, path]", "7:15: error: rules[0].key: the rule counts by this already"),
        ("rate: 1/s\nkey: {a: b}", "expected a key, or a list of keys"),
        ("rate: 1/s\ncost: query:x", "expected a number, or header:NAME"),
        ("rate: 1/s\ncost: -1", "found -1, expected from 0 to 1000000000"),
        ("rate: 1/s\ncost: 2", "cost: no request could ever pass, found 2, expected at most 1, the rate"),
        ("rate: 9/s\nburst: 3\ncost: 4", "expected at most 3, the burst"),
        ("bucket: {max_tokens: 3, fill_interval: 1s}\ncost: 4", "expected at most 3, max_tokens"),
        ("rate: 1/s\nmatch: {methods: GET}", "unknown field 'methods'; did you mean 'method'?"),
        ("rate: 1/s\nmatch: {method: get}", "7:19: error: rules[0].match.method: found 'get'"),
        ("rate: 1/s\nmatch: {path: login}", "found 'login', expected a path"),
        ("rate: 1/s\nmatch: {path: /v1/*/chat}", "found '/v1/*/chat', expected a path"),
        ("rate: 1/s\nmatch: {path: /v1/**}", "found '/v1/**', expected a path"),
        ("rate: 1/s\nmatch: {path: '*'}", "match.path: found '*', expected a path; leave it out for all"),
        ("rate: 1/s\nmatch: {host: ['*']}", "match.host: found '*', expected a host; leave it out for all"),
        ("rate: 1/s\nmatch: {method: '*'}", "match.method: found '*', expected a method; leave it out"),
        ("rate: 1/s\nmatch: {path: ''}", "match.path: found an empty text, expected a path; leave it out"),
        ("rate: 1/s\nmatch: {path: /v1#a}", "found '/v1#a', expected a path without fragment"),
        ("rate: 1/s\nmatch: {path: '/v1?a#b'}", "expected a path without query"),
        ("rate: 1/s\nburst: -1", "found the number -1, expected a value from 1 to 4,294,967,295"),
        (
            "rate: 1/s\nwindow: 3",
            "unknown field 'window', expected one of name, rate, burst, bucket, key, match",
        ),
        ("rate: 1/s\nburst: 0", "found the number 0, expected a value from 1 to 4,294,967,295"),
        ("rate: 1/s\nkey: []", "key: found an empty list, expected a key, or a list of keys; leave it out"),
        ("rate: 1/s\nkey: {header: x}", "such as header:NAME, without a blank behind the colon"),
        ("rate: 1/s\nkey: header: x", "has no blank behind the colon (header:NAME), or stands in quotes"),
        ("rate: 1/s\nmatch: {path: [/a, /b?c=1]}", "7:22: error: rules[0].match.path: found '/b?c=1'"),
        ("rate: 1/s\nmatch: {host: '*'}", "7:17: error: rules[0].match.host: found '*'"),
        ("rate: 1/s\nmatch: {host: a.*.example}", "found 'a.*.example', expected a host"),
        ("rate: 1/s\nmatch: {host: '*api.example'}", "found '*api.example', expected a host"),
        ("rate: 1/s\nmatch: {host: 'http://a/'}", "found 'http://a/', expected a host"),
        ("rate: 1/s\nmatch: {path: []}", "found an empty list"),
        ("rate: 1/s\nmatch: {headers: {a: {regex: '('}}}", "rules[0].match.headers.a.regex: missing )"),
        ("rate: 1/s\nmatch: {headers: {a: 1}}", "expected a text, or a mapping with one of exact"),
        ("rate: 1/s\nmatch: {query: {a: {present: false}}}", "can only be asked to be there"),
        ("burst: 3", "expected one of rate, bucket"),
        ("rate: 1/s\nbucket: {max_tokens: 1, fill_interval: 1s}", "'rate' is set already"),
        ("burst: 2\nbucket: {max_tokens: 1, fill_interval: 1s}", "rules[0].burst: goes with rate"),
        ("bucket: {max_tokens: 0, fill_interval: 1s}", "max_tokens"),
        ("rate: 1/s\nstatus: 200", "expected a value 400 or more and less than 600"),
    ],
)
def test_mistakes_of_a_rule(rule: str, expected: str) -> None:
    with pytest.raises(ConfigError) as raised:
        engine_of(rule, "status: 429")
    assert expected in str(raised.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("apiVersion: meshcore/v2\nkind: RateLimits\n", "1:13: error: apiVersion: found 'meshcore/v2'"),
        (
            "apiVersion: meshcore.io/v1\nkind: RateLimits\n",
            "<string>:1:13: error: apiVersion: found 'meshcore.io/v1', expected meshcore/v1",
        ),
        ("apiVersion: meshcore.io/v1\nkind: RateLimit\n", "found 'meshcore.io/v1', expected meshcore/v1"),
        ("kind: RateLimits\napiVersion: x.example/v1\n", "2:13: error: apiVersion: found 'x.example/v1'"),
        ("kind: RateLimits\n", "1:1: error: apiVersion: missing, expected apiVersion: meshcore/v1"),
        ("apiVersion: meshcore/v1\nkind: RateLimit\n", "did you mean 'RateLimits'?"),
        ("apiVersion: meshcore/v1\n", "there is no kind ''"),
        (f"{HEAD}rules: []\n", "rules: found 0 items"),
        (f"{HEAD}limits: []\n", "unknown field 'limits', expected one of apiVersion, kind, rules, metadata"),
        (f"{HEAD}rulez: []\n", "unknown field 'rulez'; did you mean 'rules'?"),
        (f"{HEAD}rules: [{{name: a, rate: 1/s}}, {{name: a, rate: 1/s}}]\n", "another rule has this name"),
        (f"{HEAD}rules: [{{name: 'a b', rate: 1/s}}]\n", "rules[0].name"),
        (f"{HEAD}headers: [x]\nrules: [{{name: a, rate: 1/s}}]\n", "one of ratelimit, x-ratelimit"),
        (
            "\n---\n".join([f"{HEAD}rules: [{{name: a, rate: 1/s}}]\n"] * 2),
            "6:1: error: metadata.name: missing, and another document of RateLimits has no name either "
            "(<string>:1), expected a name for each (RateLimits)",
        ),
        (
            "\n---\n".join([f"{HEAD}metadata: {{name: x}}\nrules: [{{name: a, rate: 1/s}}]\n"] * 2),
            "9:18: error: metadata.name: another document of RateLimits has this name (<string>:1), found",
        ),
    ],
)
def test_mistakes_of_a_document(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_text(text)
    assert expected in str(raised.value)
