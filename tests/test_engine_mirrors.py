"""Mirrors through the engine's Python face: which copies there are, and how often."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from meshcore.config.envoy import load_parts
from meshcore.engine import Decision, Engine, Mirror


def cluster(name: str, *, empty: bool = False) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": {"socket_address": {"address": "10.0.0.1", "port_value": 80}}}}
    endpoints = [] if empty else [{"lb_endpoints": [endpoint]}]
    return {"name": name, "type": "STATIC", "load_assignment": {"cluster_name": name, "endpoints": endpoints}}


CLUSTERS = [cluster("one"), cluster("two"), cluster("three"), cluster("empty", empty=True)]


def engine_with(*mirrors: dict[str, Any], host: Any = (), table: Any = (), **action: Any) -> Engine:
    action = {"request_mirror_policies": mirrors, **(action or {"cluster": "one"})}
    hosts = [
        {
            "name": "v",
            "domains": ["*"],
            "routes": [{"name": "all", "match": {"prefix": "/"}, "route": action}],
            "request_mirror_policies": host,
        }
    ]
    routes = {"virtual_hosts": hosts, "request_mirror_policies": table}
    return Engine(load_parts(routes, CLUSTERS, hcm={"generate_request_id": False}))


def ask(engine: Engine, headers: Any = (), **more: Any) -> Decision:
    return engine.decide("POST", "a.example:81", "/x?q", headers, local="10.9.9.9", **more)


def share(percent: int) -> dict[str, Any]:
    return {"default_value": {"numerator": percent}}


def test_a_copy() -> None:
    mutations = [{"append": {"header": {"key": "x-to", "value": "%REQ(x-user)%"}}}, {"remove": "x-secret"}]
    engine = engine_with({"cluster": "two", "request_headers_mutations": mutations})
    with ask(engine, {"x-user": "jo", "x-secret": "1", "x-forwarded-for": "1.1.1.1"}) as d:
        (copy,) = d.mirrors
        assert (copy.cluster, copy.authority) == ("two", "a.example-shadow:81")
        assert repr(copy) == "<Mirror cluster='two' authority='a.example-shadow:81'>"
        assert copy.request_headers() == {
            "x-user": "jo",
            "x-forwarded-for": "1.1.1.1,10.9.9.9",
            "x-forwarded-proto": "http",
            "x-envoy-expected-rq-timeout-ms": "15000",
            "x-to": "jo",
            "x-envoy-internal": "true",
        }
        assert d.request_headers()["x-secret"] == "1"
    assert copy.request_headers()["x-to"] == "jo"  # it keeps its decision


def test_no_copy_is_made_by_hand() -> None:
    with pytest.raises(TypeError, match=r"Decision\.mirrors"):
        Mirror()


@pytest.mark.parametrize(
    ("levels", "clusters"),
    [
        ({}, []),
        ({"table": [{"cluster": "three"}]}, ["three"]),
        ({"table": [{"cluster": "three"}], "host": [{"cluster": "two"}, {"cluster": "one"}]}, ["two", "one"]),
    ],
)
def test_the_next_level_counts_where_a_route_has_none(levels: dict[str, Any], clusters: list[str]) -> None:
    with ask(engine_with(**levels)) as d:
        assert [copy.cluster for copy in d.mirrors] == clusters
    with ask(engine_with({"cluster": "two"}, **levels)) as d:
        assert [copy.cluster for copy in d.mirrors] == ["two"]


def test_authorities() -> None:
    engine = engine_with(
        {"cluster": "two"},
        {"cluster": "two", "disable_shadow_host_suffix_append": True},
        {"cluster": "two", "host_rewrite_literal": "m.example"},
        cluster="one",
        host_rewrite_literal="up.example",
    )
    with ask(engine) as d:
        assert [copy.authority for copy in d.mirrors] == ["up.example-shadow", "up.example", "m.example"]


def test_headers_name_clusters() -> None:
    engine = engine_with({"cluster_header": "X-To"}, {"cluster_header": "x-none"})
    with ask(engine, [("x-to", "three")]) as d:
        assert [copy.cluster for copy in d.mirrors] == ["three"]
    with ask(engine, [("x-to", "nobody")]) as d:
        assert d.mirrors == ()


def test_what_is_not_forwarded_has_no_copies() -> None:
    with ask(engine_with({"cluster": "two"}, cluster="empty")) as d:
        assert d.details == "no_healthy_upstream"
        assert d.mirrors == ()
    with engine_with({"cluster": "two"}).decide("POST", "a", "no path") as d:
        assert d.mirrors == ()


def test_shares_hold_and_each_policy_draws_by_itself() -> None:
    engine = engine_with(
        {"cluster": "one", "runtime_fraction": share(50)},
        {"cluster": "two", "runtime_fraction": share(20)},
        {"cluster": "three", "runtime_fraction": share(0)},
        {"cluster": "empty"},
        weighted_clusters={"clusters": [{"name": "one", "weight": 1}, {"name": "two", "weight": 1}]},
    )
    requests = 8000
    found: Counter[str] = Counter()
    for seed in range(requests):
        with ask(engine, seed=seed) as d:
            names = {copy.cluster for copy in d.mirrors}
            assert names == {copy.cluster for copy in d.mirrors}  # asking again draws nothing anew
            found.update(names)
            found["both"] += {"one", "two"} <= names
            found["with the first of the split"] += d.cluster == "one" and "one" in names
    assert found["empty"] == requests
    assert found["three"] == 0
    for name, part in (("one", 0.5), ("two", 0.2), ("both", 0.1), ("with the first of the split", 0.25)):
        deviation = (requests * part * (1 - part)) ** 0.5
        assert abs(found[name] - requests * part) < 5 * deviation, name
