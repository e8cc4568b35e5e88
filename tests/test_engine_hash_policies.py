"""Hash policies of a cluster's own load balancing policy, which count in place of its routes'."""

from __future__ import annotations

from typing import Any

import pytest
import xxhash

from meshcore import Engine
from meshcore.config import ConfigError
from meshcore.config.envoy import load_parts
from meshcore.engine import Decision
from meshcore.model import Config, HashPolicy, HashPolicyKind

PREFIX = "type.googleapis.com/envoy.extensions.load_balancing_policies."
USER = {"header": {"header_name": "X-User"}}
KEY = {"header": {"header_name": "x-key"}}
COOKIE = {"cookie": {"name": "who", "ttl": "60s"}}
MAGLEV = {"@type": PREFIX + "maglev.v3.Maglev", "table_size": 101}
CONNECTED: dict[str, Any] = {"source": "9.9.9.9", "source_port": 4000, "local": "10.0.0.1", "port": 80}


def typed(policies: list[dict[str, Any]], kind: str = "maglev.v3.Maglev") -> dict[str, Any]:
    return {"@type": PREFIX + kind, "consistent_hashing_lb_config": {"hash_policy": policies}}


def subset(inner: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"@type": PREFIX + "subset.v3.Subset", "subset_lb_policy": policies_of(inner), **fields}


def policies_of(config: dict[str, Any]) -> dict[str, Any]:
    return {"policies": [{"typed_extension_config": {"name": "it", "typed_config": config}}]}


def config(
    policy: dict[str, Any],
    *,
    hosts: int = 5,
    health: str = "HEALTHY",
    route: dict[str, Any] | None = None,
    **action: Any,
) -> Config:
    endpoints = [
        {
            "endpoint": {"address": {"socket_address": {"address": f"10.0.0.{n}", "port_value": 80}}},
            "health_status": health,
            "metadata": {"filter_metadata": {"envoy.lb": {"v": str(n)}}},
        }
        for n in range(1, hosts + 1)
    ]
    cluster = {
        "name": "c",
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "load_balancing_policy": policies_of(policy),
        "load_assignment": {"cluster_name": "c", "endpoints": [{"lb_endpoints": endpoints}]},
    }
    routes = [{"match": {"prefix": "/"}, "route": {"cluster": "c", **action}, **(route or {})}]
    return load_parts({"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": routes}]}, [cluster])


def ask(engine: Engine, *headers: tuple[str, str], seed: int = 0, **more: Any) -> Decision:
    return engine.decide("GET", "a.example", "/", list(headers), seed=seed, **more)


def placed(engine: Engine, *headers: tuple[str, str], seed: int = 0, **more: Any) -> str | None:
    with ask(engine, *headers, seed=seed, **more) as decision:
        return decision.endpoint


def given(decision: Decision, *answer: tuple[str, str]) -> list[str]:
    status = 200 if decision.endpoint else None
    lines = decision.response_headers([("x", "y"), *answer], status=status)
    return [value for name, value in lines if name == "set-cookie"]


def cookie_for(*addresses: str) -> str:
    return f"{xxhash.xxh64_intdigest(''.join(addresses).encode()):016x}"


@pytest.mark.parametrize("kind", ["maglev.v3.Maglev", "ring_hash.v3.RingHash"])
def test_they_count_in_place_of_the_routes(kind: str) -> None:
    own = Engine(config(typed([USER], kind), hash_policy=[KEY]))
    of_route = Engine(config({"@type": PREFIX + kind}, hash_policy=[USER]))
    users = [("x-user", f"u{n}") for n in range(40)]
    landed = [placed(own, user, ("x-key", "k")) for user in users]
    assert landed == [placed(of_route, user) for user in users]
    assert len(set(landed)) == 5
    # the route's are not asked, not even where the cluster's find nothing
    assert len({placed(own, ("x-key", "k"), seed=seed) for seed in range(60)}) == 5


def test_an_empty_list_leaves_it_to_the_route() -> None:
    engine = Engine(config(typed([]), hash_policy=[KEY]))
    assert len({placed(engine, ("x-key", "k"), seed=seed) for seed in range(20)}) == 1
    assert engine.config.clusters[0].hash_policies is None


def test_policies_that_ask_for_nothing_are_still_the_clusters() -> None:
    engine = Engine(config(typed([{"connection_properties": {"source_ip": False}}]), hash_policy=[KEY]))
    assert len({placed(engine, ("x-key", "k"), seed=seed) for seed in range(60)}) == 5
    assert engine.config.clusters[0].hash_policies == ()


def test_several_combine_and_regexes_rewrite() -> None:
    rewrite = {"pattern": {"regex": "[0-9]+"}, "substitution": "N"}
    policies: list[dict[str, Any]] = [
        {"header": {"header_name": "x-user", "regex_rewrite": rewrite}},
        {"query_parameter": {"name": "q"}},
    ]
    own, of_route = (
        Engine(config(typed(policies))),
        Engine(config(MAGLEV | {"table_size": 65537}, hash_policy=policies)),
    )
    for n in range(30):
        users = [("x-user", f"u{n}-{letter}") for letter in "abc"]
        assert [placed(own, user) for user in users] == [placed(of_route, user) for user in users]
        assert placed(own, ("x-user", f"{n}a")) == placed(own, ("x-user", f"{n + 77}a"))


def test_they_are_the_models() -> None:
    own = config(typed([USER, {"connection_properties": {"source_ip": True}, "terminal": True}])).clusters[0]
    expected = (
        HashPolicy(HashPolicyKind.HEADER, "x-user"),
        HashPolicy(HashPolicyKind.SOURCE_IP, terminal=True),
    )
    assert own.hash_policies == expected


def test_refused_where_they_are_written() -> None:
    with pytest.raises(ConfigError, match=r"hash_policy\[0\]\.cookie\.name: found ''"):
        config(typed([{"cookie": {"name": ""}}]))
    with pytest.raises(ConfigError, match=r"hash_policy\[1\]\.filter_state: not supported"):
        config(typed([USER, {"filter_state": {"key": "k"}}]))


def test_a_change_of_membership_and_a_swap_keep_them() -> None:
    made = config(typed([USER]))
    engine = Engine(made)
    users = [("x-user", f"u{n}") for n in range(20)]
    before = [placed(engine, user) for user in users]
    addresses = engine.clusters()[0]["endpoints"]
    engine.update_endpoints("c", ["10.0.0.9:80"])
    engine.update_endpoints("c", [one["address"] for one in addresses])
    assert [placed(engine, user) for user in users] == before
    engine.swap(made)
    engine.swap(made)
    assert [placed(engine, user) for user in users] == before


# ---------------------------------------------------------------------- cookies


def test_a_cookie_goes_by_the_trusted_client() -> None:
    engine = Engine(config(typed([COOKIE])))
    with ask(engine, **CONNECTED) as decision:
        assert given(decision) == [f'who="{cookie_for("9.9.9.9:4000", "10.0.0.1:80")}"; Max-Age=60; HttpOnly']
        endpoint = decision.endpoint
    assert placed(engine, ("cookie", f"who={cookie_for('9.9.9.9:4000', '10.0.0.1:80')}")) == endpoint
    with ask(engine, ("x-forwarded-for", "2001:db8::1"), **CONNECTED) as decision:
        assert cookie_for("[2001:db8::1]:0", "10.0.0.1:80") in given(decision)[0]
    with ask(engine, ("cookie", "who=me"), **CONNECTED) as decision:
        assert given(decision) == []


def test_of_several_cookies_the_last_is_given() -> None:
    session = {"cookie": {"name": "session", "ttl": "0s", "path": "/p"}}
    engine = Engine(config(typed([COOKIE, session])))
    with ask(engine, **CONNECTED) as decision:
        assert [line.partition("=")[0] for line in given(decision)] == ["session"]


def test_it_is_added_after_the_edits() -> None:
    own, of_route = (
        Engine(config(policy, route={"response_headers_to_remove": ["set-cookie"]}, hash_policy=[COOKIE]))
        for policy in (typed([COOKIE]), MAGLEV)
    )
    with ask(own) as decision:
        assert [line[:4] for line in given(decision, ("set-cookie", "theirs=1"))] == ["who="]
    with ask(of_route) as decision:
        assert given(decision, ("set-cookie", "theirs=1")) == []


@pytest.mark.parametrize("endpoints", [{"hosts": 0}, {"health": "UNHEALTHY"}])
def test_refusals_give_it_too(endpoints: dict[str, Any]) -> None:
    engine = Engine(config(typed([COOKIE]), **endpoints))
    with ask(engine, **CONNECTED) as decision:
        assert (decision.status, decision.flags) == (503, "UH")
        assert len(given(decision)) == 1
    with ask(Engine(config(MAGLEV, hash_policy=[COOKIE], **endpoints)), **CONNECTED) as decision:
        assert given(decision) == []


def test_of_subsets_only_a_policy_that_is_asked_gives_one() -> None:
    selector: dict[str, Any] = {"keys": ["v"]}
    fields: dict[str, Any] = {"subset_selectors": [selector], "fallback_policy": "ANY_ENDPOINT"}
    match: dict[str, Any] = {"metadata_match": {"filter_metadata": {"envoy.lb": {"v": "1"}}}}
    with ask(Engine(config(subset(typed([COOKIE]), **fields), **match))) as decision:
        assert decision.endpoint == "10.0.0.1:80"
        assert len(given(decision)) == 1
    fields["fallback_policy"] = "NO_FALLBACK"
    with ask(Engine(config(subset(typed([COOKIE]), **fields)))) as decision:
        assert (decision.status, given(decision)) == (503, [])
    selector["single_host_per_subset"] = True
    with ask(Engine(config(subset(typed([COOKIE]), **fields), **match))) as decision:
        assert (decision.endpoint, given(decision)) == ("10.0.0.1:80", [])
