"""Subsets through the engine, against a model that follows Envoy's description word for word."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshcore.config.envoy import load_parts
from meshcore.engine import Engine
from meshcore.replay.envoy import load_recording

Labels = dict[str, Any]


def engine_of(hosts: list[Labels], subsets: dict[str, Any], criteria: Labels, **action: Any) -> Engine:
    return Engine(load_parts(table(criteria, **action), [cluster(hosts, subsets)]))


def table(criteria: Labels, **action: Any) -> dict[str, Any]:
    route = {"cluster": "c", **action, "metadata_match": metadata(criteria)}
    if not criteria:
        del route["metadata_match"]
    if "cluster_header" in action or "weighted_clusters" in action:
        del route["cluster"]
    routes = [{"match": {"prefix": "/"}, "route": route}]
    return {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": routes}]}


def metadata(labels: Labels) -> dict[str, Any]:
    return {"filter_metadata": {"envoy.lb": labels}}


def cluster(hosts: list[Labels], subsets: dict[str, Any], **more: Any) -> dict[str, Any]:
    endpoints = [
        {
            "endpoint": {"address": {"socket_address": {"address": f"10.0.0.{number}", "port_value": 80}}},
            "metadata": metadata(labels),
            **({"health_status": labels["health"]} if "health" in labels else {}),
        }
        for number, labels in enumerate(hosts)
    ]
    return {
        "name": "c",
        "type": "STATIC",
        **(typed(subsets) if "allow_redundant_keys" in subsets else {"lb_subset_config": subsets}),
        "load_assignment": {"cluster_name": "c", "endpoints": [{"lb_endpoints": endpoints}]},
        **more,
    }


def typed(subsets: dict[str, Any]) -> dict[str, Any]:
    """The typed policy, around round robin."""
    types = "type.googleapis.com/envoy.extensions.load_balancing_policies"
    inner = {"@type": f"{types}.round_robin.v3.RoundRobin"}
    config = {"@type": f"{types}.subset.v3.Subset", **subsets, "subset_lb_policy": policies(inner)}
    return {"load_balancing_policy": policies(config)}


def policies(config: dict[str, Any]) -> dict[str, Any]:
    return {"policies": [{"typed_extension_config": {"name": "p", "typed_config": config}}]}


def reached(engine: Engine, picks: int = 6, headers: Any = ()) -> set[int]:
    """The hosts that get requests: round robin visits all of up to ``picks``."""
    found = set()
    for _ in range(picks):
        with engine.decide("GET", "a.example", "/", headers) as decision:
            if decision.endpoint is None:
                assert decision.flags == "UH"
            else:
                found.add(int(decision.endpoint.split(":")[0].rsplit(".", 1)[1]))
    return found


# -- the model: nothing but dictionaries


def same(one: object, other: object) -> bool:
    """Booleans are no numbers."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def values_of(labels: Labels, key: str, any_of_list: bool) -> list[object]:
    if key not in labels:
        return []
    value = labels[key]
    return value if any_of_list and isinstance(value, list) else [value]


def members(hosts: list[Labels], wanted: Labels, any_of_list: bool) -> set[int]:
    return {
        number
        for number, labels in enumerate(hosts)
        if all(
            any(same(value, found) for found in values_of(labels, key, any_of_list))
            for key, value in wanted.items()
        )
    }


def expected(hosts: list[Labels], config: dict[str, Any], criteria: Labels) -> set[int]:
    everyone, any_of_list = set(range(len(hosts))), bool(config.get("list_as_any"))
    default = members(hosts, config.get("default_subset", {}), any_of_list)
    selectors = config["subset_selectors"]
    if config.get("allow_redundant_keys"):
        selectors = sorted(selectors, key=lambda selector: len(selector["keys"]), reverse=True)

    def outer() -> set[int]:
        policy = config.get("fallback_policy", "NO_FALLBACK")
        if policy == "NO_FALLBACK":
            return set()
        found = everyone if policy == "ANY_ENDPOINT" else default
        return found or (everyone if config.get("panic_mode_any") else set())

    def once(asked: Labels) -> set[int]:
        if config.get("allow_redundant_keys"):
            for selector in selectors:
                if set(selector["keys"]) <= asked.keys():
                    asked = {key: asked[key] for key in selector["keys"]}
                    break
        for at, selector in enumerate(selectors):
            if set(selector["keys"]) != asked.keys():
                continue
            found = members(hosts, asked, any_of_list)
            if found:
                return found
            begun = [sorted(one["keys"])[: len(asked)] for one in selectors[:at]]
            policy = selector.get("fallback_policy", "NOT_DEFINED")
            if policy == "NOT_DEFINED" or sorted(asked) in begun:
                continue
            if policy == "KEYS_SUBSET":
                return once({key: asked[key] for key in selector["fallback_keys_subset"]})
            return {"NO_FALLBACK": set(), "ANY_ENDPOINT": everyone, "DEFAULT_SUBSET": default}[policy]
        return outer()

    if config.get("metadata_fallback_policy") == "FALLBACK_LIST" and "fallback_list" in criteria:
        entries = criteria["fallback_list"] or [{}]
        rest = {key: value for key, value in criteria.items() if key != "fallback_list"}
        return next(filter(None, (once({**rest, **entry}) for entry in entries)), set())
    return once(criteria)


KEYS = "abc"
SCALARS = st.sampled_from(["1", "2", "", 1, 1.5, True, False])
VALUES = st.one_of(SCALARS, st.lists(SCALARS, min_size=1, max_size=3))
HOSTS = st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES), max_size=5)
CRITERIA = st.dictionaries(st.sampled_from([*KEYS, "d"]), VALUES)


@st.composite
def selectors(draw: st.DrawFn) -> dict[str, Any]:
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, unique=True))
    policies = ["NOT_DEFINED", "NO_FALLBACK", "ANY_ENDPOINT", "DEFAULT_SUBSET"]
    policy = draw(st.sampled_from([*policies, "KEYS_SUBSET"] if len(keys) > 1 else policies))
    selector: dict[str, Any] = {"keys": keys, "fallback_policy": policy}
    if policy == "KEYS_SUBSET":
        selector["fallback_keys_subset"] = keys[: draw(st.integers(1, len(keys) - 1))]
    return selector


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    flags = ("list_as_any", "panic_mode_any")
    redundant = {"allow_redundant_keys": draw(st.booleans())} if draw(st.booleans()) else {}
    return {
        **redundant,
        "subset_selectors": draw(st.lists(selectors(), min_size=1, max_size=4)),
        "fallback_policy": draw(st.sampled_from(["NO_FALLBACK", "ANY_ENDPOINT", "DEFAULT_SUBSET"])),
        "default_subset": draw(st.dictionaries(st.sampled_from(KEYS), SCALARS, max_size=2)),
        "metadata_fallback_policy": draw(st.sampled_from(["METADATA_NO_FALLBACK", "FALLBACK_LIST"])),
        **{flag: draw(st.booleans()) for flag in flags},
    }


@given(HOSTS, configs(), CRITERIA, st.none() | st.lists(CRITERIA, max_size=3))
@settings(max_examples=300, deadline=None)
def test_as_the_model(
    hosts: list[Labels], config: dict[str, Any], criteria: Labels, entries: list[Labels] | None
) -> None:
    if entries is not None:
        criteria = {**criteria, "fallback_list": entries}
    assert reached(engine_of(hosts, config, criteria)) == expected(hosts, config, criteria)


@given(HOSTS, configs(), CRITERIA)
@settings(max_examples=60, deadline=None)
def test_a_cluster_named_by_a_header_is_no_different(
    hosts: list[Labels], config: dict[str, Any], criteria: Labels
) -> None:
    engine = engine_of(hosts, config, criteria, cluster_header="x-to")
    assert reached(engine, headers={"x-to": "c"}) == expected(hosts, config, criteria)


# -- by example

VERSIONS: list[Labels] = [{"v": "1"}, {"v": "1", "s": "p"}, {"v": "2"}]
BY_VERSION = {"subset_selectors": [{"keys": ["v"]}]}


def test_a_weighted_cluster_asks_over_its_route() -> None:
    for own, hosts in (({}, {0, 1}), ({"v": "2"}, {2}), ({"s": "p"}, {1})):
        part: dict[str, Any] = {"name": "c", "weight": 1}
        if own:
            part["metadata_match"] = metadata(own)
        config = {"subset_selectors": [{"keys": ["v"]}, {"keys": ["v", "s"]}]}
        engine = engine_of(VERSIONS, config, {"v": "1"}, weighted_clusters={"clusters": [part]})
        assert reached(engine) == hosts


def test_a_list_without_values_is_left_out() -> None:
    """Envoy goes on with the other keys, as if the selector did not have this one."""
    config = {"subset_selectors": [{"keys": ["s", "v"]}], "list_as_any": True}
    assert reached(engine_of([{"s": [], "v": "1"}], config, {"v": "1"})) == {0}


def test_a_single_host_is_used_whatever_its_health() -> None:
    config = {"subset_selectors": [{"keys": ["v"], "single_host_per_subset": True}]}
    hosts: list[Labels] = [{"v": "1", "health": "UNHEALTHY"}, {"v": "1"}]
    assert reached(engine_of(hosts, config, {"v": "1"})) == {0}


def test_no_selectors_are_no_subsets() -> None:
    assert reached(engine_of(VERSIONS, {"fallback_policy": "NO_FALLBACK"}, {"v": "9"})) == {0, 1, 2}


@pytest.mark.parametrize(
    ("policy", "criteria", "text"),
    [
        ("NO_FALLBACK", {"v": "2"}, "10.0.0.2:80, by round robin among 1 of 3, in subset v=2"),
        ("NO_FALLBACK", {"v": "9"}, "none of 3 can be picked, no subset v=9, and there is no fallback"),
        ("DEFAULT_SUBSET", {"v": True}, "no subset v=true, the cluster falls back to subset v=2"),
        ("ANY_ENDPOINT", {}, "the route asks for no subset, the cluster falls back to any endpoint"),
    ],
)
def test_what_explanations_say(policy: str, criteria: Labels, text: str) -> None:
    config = {**BY_VERSION, "fallback_policy": policy, "default_subset": {"v": "2"}}
    assert text in str(engine_of(VERSIONS, config, criteria).explain("GET", "a.example", "/"))


def test_explanations_name_a_selectors_fallback() -> None:
    both = {"keys": ["s", "v"], "fallback_policy": "KEYS_SUBSET", "fallback_keys_subset": ["v"]}
    config = {"subset_selectors": [{"keys": ["v"], "fallback_policy": "ANY_ENDPOINT"}, both]}
    text = str(engine_of(VERSIONS, config, {"s": "q", "v": "1"}).explain("GET", "a.example", "/"))
    assert "no subset s=q v=1, by fewer keys subset v=1" in text
    text = str(engine_of(VERSIONS, config, {"v": "7"}).explain("GET", "a.example", "/"))
    assert "no subset v=7, the selector falls back to any endpoint" in text


def test_a_swap_keeps_the_turn_of_each_subset() -> None:
    engine = engine_of(VERSIONS, BY_VERSION, {"v": "1"})
    again = load_parts(table({"v": "1"}), [cluster(VERSIONS, BY_VERSION)])
    seen = []
    for _ in range(4):
        with engine.decide("GET", "a.example", "/") as decision:
            seen.append(decision.endpoint)
        engine.swap(again)
    assert seen[0] != seen[1]
    assert seen[:2] == seen[2:]


def test_a_locality_without_hosts_in_the_subset_makes_its_ring_smaller() -> None:
    """What Envoy 1.40 answered; keys that a ring of the other two localities alone sends elsewhere."""

    def locality(*hosts: tuple[int, int, str]) -> dict[str, Any]:
        listed = [
            {
                "endpoint": {"address": {"socket_address": {"address": f"127.1.0.{host}", "port_value": 1}}},
                "load_balancing_weight": weight,
                "metadata": metadata({"v": version}),
            }
            for host, weight, version in hosts
        ]
        return {"locality": {"zone": str(hosts)}, "load_balancing_weight": 5, "lb_endpoints": listed}

    places = [locality((1, 1, "1")), locality((2, 1, "2")), locality((3, 7, "1"), (4, 1, "1"), (5, 7, "1"))]
    ring = cluster(
        [],
        {"subset_selectors": [{"keys": ["v"]}], "locality_weight_aware": True},
        lb_policy="RING_HASH",
        ring_hash_lb_config={"minimum_ring_size": 100, "maximum_ring_size": 200},
        common_lb_config={"locality_weighted_lb_config": {}},
        load_assignment={"cluster_name": "c", "endpoints": places},
    )
    hashed = table({"v": "1"}, hash_policy=[{"header": {"header_name": "x-k"}}])
    engine = Engine(load_parts(hashed, [ring]))
    envoy = {"u11": 1, "u27": 1, "u30": 1, "u46": 5, "u50": 1, "u51": 5, "u62": 1, "u65": 1, "u104": 5}
    assert {key: reached(engine, 1, {"x-k": key}) for key in envoy} == {
        key: {host} for key, host in envoy.items()
    }


def test_subsets_of_lists_are_bounded() -> None:
    labels: Labels = {"a": list(map(str, range(300))), "b": list(map(str, range(300)))}
    config = {"subset_selectors": [{"keys": ["a", "b"]}], "list_as_any": True}
    with pytest.raises(ValueError, match="more than 65536 subsets"):
        engine_of([labels], config, {})


def test_every_pair_of_lists_is_a_subset() -> None:
    config = {"subset_selectors": [{"keys": ["a", "b"]}], "list_as_any": True}
    hosts: list[Labels] = [{"a": ["1", "2"], "b": ["3", "4"]}]
    for a, b in product("12", "34"):
        assert reached(engine_of(hosts, config, {"a": a, "b": b})) == {0}
    assert reached(engine_of(hosts, config, {"a": "1", "b": "5"})) == set()


def test_recordings_load_with_subsets() -> None:
    document = {"route_config": table({"v": "1"}), "clusters": [cluster(VERSIONS, BY_VERSION)]}
    assert not load_recording(document).warnings
