"""Host names: expansion, wildcards, precedence, visibility."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshcore.config.istio.names import (
    HostMap,
    covers,
    expand,
    gateway_name,
    is_wildcard,
    split_host,
    visible,
)


@pytest.mark.parametrize(
    ("host", "full"),
    [
        ("reviews", "reviews.prod.svc.cluster.local"),
        ("Reviews", "reviews.prod.svc.cluster.local"),
        ("reviews.prod", "reviews.prod"),
        ("Example.com", "example.com"),
        ("*", "*"),
        ("*-a", "*-a"),
        ("10.0.0.1", "10.0.0.1"),
    ],
)
def test_only_short_names_are_expanded(host: str, full: str) -> None:
    assert expand(host, "prod") == full


@pytest.mark.parametrize(
    ("pattern", "host", "yes"),
    [
        ("*.a.b", "x.a.b", True),
        ("*.a.b", "x.y.a.b", True),
        ("*.a.b", "a.b", False),
        ("*.a.b", "*.x.a.b", True),
        ("*.x.a.b", "*.a.b", False),
        ("*", "anything", True),
        ("*", "*.a", True),
        ("*-x.a", "y-x.a", True),
        ("a.b", "a.b", True),
        ("a.b", "c.b", False),
    ],
)
def test_what_a_pattern_covers(pattern: str, host: str, yes: bool) -> None:
    assert covers(pattern, host) is yes


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("gw", "ns/gw"),
        ("./gw", "ns/gw"),
        ("other/gw", "other/gw"),
        ("gw.other.svc.cluster.local", "other/gw"),
        ("gw.other", "other/gw"),
        ("mesh", "mesh"),
    ],
)
def test_gateway_names(name: str, full: str) -> None:
    assert gateway_name(name, "ns") == full


@pytest.mark.parametrize(
    ("host", "parts"),
    [
        ("a.b.svc.cluster.local", ("a", "b")),
        ("a.b.c.svc.cluster.local", None),
        ("example.com", None),
        ("svc.cluster.local", None),
    ],
)
def test_names_of_kubernetes(host: str, parts: tuple[str, str] | None) -> None:
    assert split_host(host) == parts


@pytest.mark.parametrize(
    ("export_to", "seen"), [([], True), (["*"], True), (["."], False), (["b"], True), (["c"], False)]
)
def test_visibility(export_to: list[str], seen: bool) -> None:
    assert visible(export_to, "a", "b") is seen
    assert visible(["."], "a", "a")


labels = st.sampled_from(["a", "b", "c"])
names = st.lists(labels, min_size=1, max_size=4).map(".".join)
patterns = st.one_of(names, names.map(lambda name: f"*.{name}"), st.just("*"))


@given(st.lists(patterns, max_size=12), patterns)
def test_the_map_finds_what_a_scan_finds(entries: list[str], host: str) -> None:
    hosts: HostMap[str] = HostMap()
    for entry in entries:
        hosts.set(entry, entry)
    covering = {entry for entry in entries if covers(entry, host)}
    found = [entry for entry, _ in hosts.matches(host)]
    assert set(found) == covering
    assert found == sorted(covering, key=lambda entry: (is_wildcard(entry), -len(entry)))
