"""Sticky splits and generated cookies through the engine, by both dialects."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from meshcore import Engine, WeightedSplit, load_text
from meshcore.config import ConfigError
from meshcore.config.envoy import load_parts
from meshcore.engine import Decision
from meshcore.model import Config

KEYS = [f"user-{number}" for number in range(3000)]
#: The 99.99 % point of chi square, by degrees of freedom.
CHI_SQUARE = {3: 21.11, 9: 33.72}


def cluster(name: str, first: int, **fields: Any) -> dict[str, Any]:
    hosts = [
        {"endpoint": {"address": {"socket_address": {"address": f"10.0.{first}.{n}", "port_value": 80}}}}
        for n in range(1, 5)
    ]
    return {
        "name": name,
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": hosts}]},
        **fields,
    }


def config(sticky: object, weights: dict[str, int], *, policy: str = "RING_HASH", **action: Any) -> Config:
    clusters = [cluster(name, number, lb_policy=policy) for number, name in enumerate(weights)]
    route: dict[str, Any] = {
        "match": {"prefix": "/"},
        "route": {
            "weighted_clusters": {
                "clusters": [{"name": name, "weight": weight} for name, weight in weights.items()]
            },
            **action,
        },
    }
    if sticky is not None:
        route["metadata"] = {"filter_metadata": {"meshcore.sticky": sticky}}
    return load_parts({"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [route]}]}, clusters)


def ask(engine: Engine, headers: list[tuple[str, str]], seed: int = 0, **more: Any) -> Decision:
    return engine.decide("GET", "a.example", "/", headers, seed=seed, **more)


def placed(engine: Engine, headers: list[tuple[str, str]], seed: int = 0, **more: Any) -> tuple[str, str]:
    with ask(engine, headers, seed, **more) as decision:
        assert decision.cluster is not None
        assert decision.endpoint is not None
        return decision.cluster, decision.endpoint


def set_cookies(decision: Decision) -> list[str]:
    return [value for name, value in decision.response_headers([("x", "y")]) if name == "set-cookie"]


def test_a_header_keeps_users_where_a_split_by_itself_keeps_them() -> None:
    weights = {"v1": 70, "v2": 20, "v3": 10}
    engine = Engine(config({"header": {"name": "X-User"}}, weights))
    split = WeightedSplit(weights)
    for seed, key in enumerate(KEYS[:300]):
        assert placed(engine, [("x-user", key)], seed)[0] == split.pick(key)


def test_without_the_header_it_is_by_chance() -> None:
    engine = Engine(config({"header": {"name": "x-user"}}, {"v1": 50, "v2": 50}))
    counts = Counter(placed(engine, [], seed)[0] for seed in range(100))
    assert counts == {"v1": 50, "v2": 50}


def test_the_source_address_keeps_users() -> None:
    engine = Engine(config({"source_ip": True}, {"v1": 50, "v2": 50}))
    found = set()
    for number in range(50):
        source = f"192.0.2.{number}"
        first = placed(engine, [], 1, source=source)[0]
        assert placed(engine, [], 2, source=source, source_port=number)[0] == first
        found.add(first)
    assert found == {"v1", "v2"}


@pytest.mark.parametrize(("ttl", "attributes"), [("3600s", "; Max-Age=3600"), ("0s", "")])
def test_a_cookie_is_given_once_and_keeps_destination_and_endpoint(ttl: str, attributes: str) -> None:
    cookie = {"name": "who", "ttl": ttl, "path": "/"}
    engine = Engine(config({"cookie": cookie}, {"v1": 50, "v2": 50}, hash_policy=[{"cookie": cookie}]))
    found = set()
    for seed in range(50):
        with ask(engine, [], seed) as decision:
            (line,) = set_cookies(decision)
            first = decision.cluster, decision.endpoint
        match = re.fullmatch(rf'who="([0-9a-f]{{16}})"{attributes}; Path=/; HttpOnly', line)
        assert match, line
        with ask(engine, [("cookie", f"a=b; who={match[1]}")], seed + 1) as decision:
            assert (decision.cluster, decision.endpoint) == first
            assert set_cookies(decision) == []
        found.add(first[0])
    assert found == {"v1", "v2"}


def test_a_cookie_without_ttl_is_never_given() -> None:
    engine = Engine(config({"cookie": {"name": "who"}}, {"v1": 50, "v2": 50}))
    with ask(engine, []) as decision:
        assert set_cookies(decision) == []
    first = placed(engine, [("cookie", "who=me")], 1)
    assert placed(engine, [("cookie", "who=me")], 2)[0] == first[0]


def test_two_cookies_are_given_where_key_and_hash_have_other_names() -> None:
    hashed = [
        {"cookie": {"name": "shard", "ttl": "60s", "attributes": [{"name": "SameSite", "value": "Lax"}]}}
    ]
    engine = Engine(
        config({"cookie": {"name": "who", "ttl": "0s"}}, {"v1": 50, "v2": 50}, hash_policy=hashed)
    )
    with ask(engine, []) as decision:
        first, second = set_cookies(decision)
    assert first.startswith("who=")
    assert first.endswith('"; HttpOnly')
    assert second.startswith("shard=")
    assert second.endswith('"; Max-Age=60; SameSite=Lax; HttpOnly')


def test_answers_of_our_own_give_no_cookie() -> None:
    cookie = {"cookie": {"name": "who", "ttl": "0s"}}
    made = config(cookie, {"v1": 50, "v2": 50})
    empty = {**cluster("v1", 1), "load_assignment": {"cluster_name": "v1", "endpoints": []}}
    route = {
        "match": {"prefix": "/"},
        "metadata": {"filter_metadata": {"meshcore.sticky": cookie}},
        "route": {
            "weighted_clusters": {"clusters": [{"name": "v1", "weight": 1}, {"name": "v1", "weight": 1}]}
        },
    }
    made = load_parts({"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [route]}]}, [empty])
    with Engine(made).decide("GET", "a", "/", []) as decision:
        assert decision.flags == "UH"
        assert all(name != "set-cookie" for name, _ in decision.response_headers())


def test_a_canary_uses_all_its_endpoints_evenly() -> None:
    """The key of the split and the hash of the endpoint are one text, and must not be one choice."""
    hashed = [{"header": {"header_name": "x-user"}}]
    for policy in ("RING_HASH", "MAGLEV"):
        made = config({"header": {"name": "x-user"}}, {"v1": 90, "v2": 10}, policy=policy, hash_policy=hashed)
        engine, alone = Engine(made), Engine(config(None, {"v2": 1}, policy=policy, hash_policy=hashed))
        keys = [f"{policy}-{number}" for number in range(20_000)]
        everywhere = Counter(placed(alone, [("x-user", key)])[1][-4:] for key in keys)
        canary: Counter[str] = Counter()
        for key in keys:
            name, endpoint = placed(engine, [("x-user", key)])
            canary[endpoint[-4:]] += name == "v2"
        total = canary.total()
        assert 1800 < total < 2200
        expected = {end: total * count / len(keys) for end, count in everywhere.items()}
        assert set(canary) == set(expected)
        assert len(expected) == 4
        distance = sum((canary[end] - expected[end]) ** 2 / expected[end] for end in expected)
        assert distance < CHI_SQUARE[3], (policy, canary, expected)


def test_two_splits_by_the_same_key_agree_and_other_names_do_not() -> None:
    weights = {"v1": 50, "v2": 50}
    one, two = (WeightedSplit(dict.fromkeys(names, 50)) for names in (("v1", "v2"), ("w1", "w2")))
    assert [one.pick(key) for key in KEYS] == [WeightedSplit(weights).pick(key) for key in KEYS]
    both = Counter((one.pick(key), two.pick(key)) for key in KEYS)
    expected = len(KEYS) / 4
    assert sum((count - expected) ** 2 / expected for count in both.values()) < CHI_SQUARE[3]


def test_an_explanation_has_the_key_and_the_scores() -> None:
    engine = Engine(config({"cookie": {"name": "who", "ttl": "0s"}}, {"v1": 90, "v2": 10}))
    why = engine.explain("GET", "a.example", "/", [("cookie", "who=me")])
    assert why.split is not None
    assert (why.split.by, why.split.key, why.split.key_in) == ("sticky", "me", "cookie who")
    best = max(why.split.shares, key=lambda share: share.score or 0)
    assert best.chosen
    assert best.cluster == why.cluster
    assert 'by key "me" of cookie who: the highest score' in str(why)
    assert f"score {best.score:.5g}  {best.cluster}" in str(why)
    why = engine.explain("GET", "a.example", "/", [], seed=4)
    with ask(engine, [], 4) as decision:
        assert why.split is not None
        assert why.split.by == "cookie"
        assert set_cookies(decision)[0].startswith(f'who="{why.split.key}"')
        assert why.cluster == decision.cluster
    assert "of cookie who, which the answer gives" in str(why)
    engine = Engine(config({"header": {"name": "x-user"}}, {"v1": 90, "v2": 10}))
    assert "drawn at random, seed 4: header x-user is not there" in str(
        engine.explain("GET", "a.example", "/", [], seed=4)
    )


@pytest.mark.parametrize(
    ("sticky", "message"),
    [
        ({}, "one of header, cookie, source_ip"),
        ({"header": {"name": "x"}, "source_ip": True}, "only one of them may be"),
        ({"header": {"name": "a b"}}, "'a b' is no name of a header"),
        ({"cookie": {"name": "a;b"}}, "'a;b' is no name of a cookie"),
        ({"cookie": {"name": "a", "ttl": "-1s"}}, "ttl"),
        ({"cookie": {"name": "a", "ttl": "1s", "path": "x"}}, "'x' is no path of a cookie"),
        ({"cookie": {"name": "a", "path": "/"}}, "a path without a ttl"),
        ({"cookie": {"name": "a", "tttl": "1s"}}, "tttl"),
        ({"source_ip": False}, "expected true"),
    ],
)
def test_what_is_no_key(sticky: object, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        config(sticky, {"v1": 1, "v2": 1})
    assert "meshcore.sticky" in str(caught.value)


def test_a_key_beside_another_way_to_choose() -> None:
    for field, value in (("use_hash_policy", True), ("header_name", "x-weight")):
        route = {
            "match": {"prefix": "/"},
            "metadata": {"filter_metadata": {"meshcore.sticky": {"source_ip": True}}},
            "route": {"weighted_clusters": {"clusters": [{"name": "v1", "weight": 1}], field: value}},
        }
        with pytest.raises(ConfigError, match=f"{field}.*only one of them may be"):
            load_parts(
                {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [route]}]}, [cluster("v1", 1)]
            )


@pytest.mark.parametrize("level", ["route", "virtual host", "table"])
def test_a_key_without_a_split(level: str) -> None:
    metadata = {"metadata": {"filter_metadata": {"meshcore.sticky": {"source_ip": True}, "other": {"a": 1}}}}
    at = [metadata if level == name else {} for name in ("route", "virtual host", "table")]
    route = {"match": {"prefix": "/"}, "route": {"cluster": "v1"}, **at[0]}
    table = {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [route], **at[1]}], **at[2]}
    with pytest.raises(ConfigError, match=r"'meshcore\.sticky' is for routes with weighted_clusters"):
        load_parts(table, [cluster("v1", 1)])


ISTIO = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: reviews
  annotations:
    meshcore-sticky: {annotation}
spec:
  hosts: [reviews]
  http:
  - route:
    - {{destination: {{host: reviews, subset: v1}}, weight: {stable}}}
    - {{destination: {{host: reviews, subset: v2}}, weight: {canary}}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: reviews}}
spec:
  host: reviews
  subsets: [{{name: v1, labels: {{version: v1}}}}, {{name: v2, labels: {{version: v2}}}}]
  trafficPolicy: {{loadBalancer: {{consistentHash: {hashing}}}}}
"""
ENDPOINTS = {
    "reviews": {
        "ports": [80],
        "endpoints": [
            {"address": f"10.0.0.{n}", "port": 80, "labels": {"version": "v1" if n < 5 else "v2"}}
            for n in range(1, 9)
        ],
    }
}


def istio(annotation: str, canary: int = 10, hashing: str = "{httpHeaderName: x-user}") -> Engine:
    text = ISTIO.format(annotation=annotation, stable=100 - canary, canary=canary, hashing=hashing)
    return Engine(load_text(text, endpoints=ENDPOINTS))


def subset(engine: Engine, headers: list[tuple[str, str]], seed: int = 0, **more: Any) -> str:
    with engine.decide("GET", "reviews", "/", headers, seed=seed, **more) as decision:
        assert decision.cluster is not None
        return decision.cluster.split("|")[2]


def test_users_stay_on_the_canary_as_its_share_grows() -> None:
    before: set[str] = set()
    for canary in (10, 20, 35, 50):
        engine = istio("header=X-User", canary)
        now = {key for seed, key in enumerate(KEYS) if subset(engine, [("x-user", key)], seed) == "v2"}
        assert before <= now
        assert abs(len(now) / len(KEYS) - canary / 100) < 0.04
        before = now


def test_an_annotation_with_a_cookie() -> None:
    engine = istio('"cookie=canary; ttl=1h30m; path=/shop"', 50)
    with engine.decide("GET", "reviews", "/", [], seed=1) as decision:
        (line,) = set_cookies(decision)
    assert re.fullmatch(r'canary="[0-9a-f]{16}"; Max-Age=5400; Path=/shop; HttpOnly', line)


def test_an_annotation_with_the_source() -> None:
    engine = istio("source", 50)
    found = {subset(engine, [], seed, source=f"192.0.2.{seed}") for seed in range(40)}
    assert found == {"v1", "v2"}
    assert len({subset(engine, [], seed, source="192.0.2.1") for seed in range(40)}) == 1


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        ("heder=x", "unknown key 'heder'; did you mean 'header'"),
        ("header", "'' is no name of a header"),
        ("header=a b", "'a b' is no name of a header"),
        ('"header=x; ttl=1h"', "a header has no options"),
        ("source=x", "'source' stands alone"),
        ("cookie=", "'' is no name of a cookie"),
        ('"cookie=a; ttl=soon"', "the ttl 'soon' is no duration"),
        ('"cookie=a; ttl=-1s"', "is no duration"),
        ('"cookie=a; tll=1s"', "unknown option 'tll'; did you mean 'ttl'"),
        ('"cookie=a; ttl=1s; ttl=2s"', "'ttl' is there twice"),
        ('"cookie=a; ttl=1s; path=x"', "'x' is no path of a cookie"),
        ('"cookie=a; path=/"', "a path without a ttl"),
        ('""', "unknown key ''"),
    ],
)
def test_what_is_no_annotation(annotation: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        istio(annotation)
    (finding,) = caught.value.findings
    assert message in str(finding)
    assert (finding.file, finding.line) == ("<string>", 6)
    assert "meshcore-sticky" in str(finding)


HASHED = {
    "{httpHeaderName: x-user}": lambda key: {"headers": [("x-user", key)]},
    "{httpCookie: {name: who, ttl: 0s}}": lambda key: {"headers": [("cookie", f"who={key}")]},
    "{useSourceIp: true}": lambda key: {"source": f"10.1.{len(key)}.{hash_free(key)}"},
    "{httpQueryParameterName: q, maglev: {tableSize: 251}}": lambda key: {"query": f"?q={key}"},
    "{httpHeaderName: x-user, ringHash: {minimumRingSize: 64}}": lambda key: {"headers": [("x-user", key)]},
    "{httpHeaderName: x-user, minimumRingSize: 64}": lambda key: {"headers": [("x-user", key)]},
    "{httpHeaderName: x-user, maglev: {tableSize: 65537}}": lambda key: {"headers": [("x-user", key)]},
}


def hash_free(key: str) -> int:
    """A byte of a key, the same in every process."""
    return sum(key.encode()) % 250


@pytest.mark.parametrize("hashing", HASHED)
def test_every_form_of_consistent_hash_keeps_the_endpoint(hashing: str) -> None:
    engine = istio("header=x-release", 50, hashing)
    found = set()
    for key in KEYS[:60]:
        more = HASHED[hashing](key)
        headers = [("x-release", "one"), *more.get("headers", ())]
        ends = set()
        for seed in range(3):
            path = "/" + more.get("query", "")
            with engine.decide(
                "GET", "reviews", path, headers, seed=seed, source=more.get("source")
            ) as decision:
                ends.add(decision.endpoint)
        assert len(ends) == 1
        found |= ends
    assert len(found) == 4


@pytest.mark.parametrize(
    ("ttl", "attributes", "line"),
    [
        ("60s", "", r'who="[0-9a-f]{16}"; Max-Age=60; Path=/p; HttpOnly'),
        ("0s", ", attributes: [{name: Secure}]", r'who="[0-9a-f]{16}"; Path=/p; Secure; HttpOnly'),
        ("1.9s", "", r'who="[0-9a-f]{16}"; Max-Age=1; Path=/p; HttpOnly'),
    ],
)
def test_a_hash_by_cookie_gives_one(ttl: str, attributes: str, line: str) -> None:
    engine = istio("source", 50, f"{{httpCookie: {{name: who, path: /p, ttl: {ttl}{attributes}}}}}")
    with engine.decide("GET", "reviews", "/", [], source="10.0.0.1") as decision:
        (given,) = set_cookies(decision)
        endpoint = decision.endpoint
    assert re.fullmatch(line, given)
    value = given.split('"')[1]
    with engine.decide("GET", "reviews", "/", [("cookie", f"who={value}")], source="10.0.0.1") as decision:
        assert decision.endpoint == endpoint
        assert set_cookies(decision) == []
