"""meshcore.global_limit.rls.rules: which limit holds, after the examples of envoyproxy/ratelimit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rls_support import descriptor, limits

from meshcore.global_limit.rls.messages import Descriptor
from meshcore.global_limit.rls.rules import Match, Pattern, RateLimitConfig


@pytest.fixture
def config(tmp_path: Path) -> RateLimitConfig:
    return limits(
        tmp_path,
        """\
        domain: shop
        descriptors:
          - key: path
            rate_limit: {unit: second, requests_per_unit: 10}
          - key: path
            value: /login
            rate_limit: {unit: second, requests_per_unit: 1}
          - key: path
            value: /api/*
            rate_limit: {unit: second, requests_per_unit: 2}
          - key: path
            value: /api/v1/*
            rate_limit: {unit: second, requests_per_unit: 3}
          - key: files
            value: "*.pdf"
            share_threshold: true
            rate_limit: {unit: second, requests_per_unit: 4}
          - key: user
            descriptors:
              - key: plan
                value: free
                rate_limit: {unit: second, requests_per_unit: 5}
              - key: plan
                value_to_metric: true
                descriptors:
                  - key: method
                    rate_limit: {unit: second, requests_per_unit: 6}
          - key: details
            detailed_metric: true
            rate_limit: {unit: second, requests_per_unit: 7}
        """,
    )


def number(match: Match | None) -> int | None:
    return match.rule.limit.requests_per_unit if match is not None and match.rule.limit is not None else None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (descriptor(path="/login"), 1),  # what is written out goes first
        (descriptor(path="/other"), 10),
        (descriptor(path="/api/v1/x"), 2),  # the first wildcard in the document
        (descriptor(path="/API/x"), 10),
        (descriptor(files="a.pdf"), 4),
        (descriptor(files="a.doc"), None),
        (descriptor(user="eve"), None),  # a level without a limit
        (descriptor(user="eve", plan="free"), 5),
        (descriptor(user="eve", plan="paid"), None),
        (descriptor(user="eve", plan="paid", method="GET"), 6),
        (descriptor(user="eve", plan="free", method="GET"), None),  # no way back from what is written out
        (descriptor(path="/login", user="eve"), None),  # deeper than the rules
        (descriptor(plan="free", user="eve"), None),  # the order counts
        (descriptor(nothing=""), None),
        (Descriptor(), None),
    ],
)
def test_which_limit_holds(config: RateLimitConfig, asked: Descriptor, expected: int | None) -> None:
    assert number(config.match("shop", asked)) == expected
    assert config.match("other", asked) is None


def keys(config: RateLimitConfig, *descriptors: Descriptor) -> list[str]:
    found = [config.match("shop", one) for one in descriptors]
    return [match.key for match in found if match is not None]


def test_what_counts_together(config: RateLimitConfig) -> None:
    one, other = keys(config, descriptor(path="/api/a"), descriptor(path="/api/b"))
    assert one != other
    one, other = keys(config, descriptor(files="a.pdf"), descriptor(files="b.pdf"))
    assert one == other
    one, other = keys(config, descriptor(user="1", plan="free"), descriptor(user="2", plan="free"))
    assert one != other


@given(st.lists(st.text("1:a", max_size=4), min_size=3, max_size=3), st.data())
def test_values_are_never_mixed_up(values: list[str], data: st.DataObject) -> None:
    others = data.draw(st.lists(st.text("1:a", max_size=4), min_size=3, max_size=3))
    config = CHAIN

    def key(found: list[str]) -> str:
        match = config.match("d", Descriptor(tuple(zip("xyz", found, strict=True))))
        assert match is not None
        return match.key

    assert (key(values) == key(others)) == (values == others)


@pytest.fixture(scope="module", autouse=True)
def _chain(tmp_path_factory: pytest.TempPathFactory) -> None:
    global CHAIN
    CHAIN = limits(
        tmp_path_factory.mktemp("chain"),
        """\
        domain: d
        descriptors:
        - {key: x, descriptors: [{key: y, descriptors: [{key: z, rate_limit: {unlimited: true}}]}]}
        """,
    )


CHAIN: RateLimitConfig


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (descriptor(path="/login"), "path_/login"),
        (descriptor(path="/other"), "path"),
        (descriptor(path="/api/x"), "path_/api/*"),
        (descriptor(files="a.pdf"), "files_*.pdf"),
        (descriptor(user="eve", plan="paid", method="GET"), "user.plan_paid.method"),
        (descriptor(details="x"), "details_x"),
    ],
)
def test_names_in_the_stats(config: RateLimitConfig, asked: Descriptor, name: str) -> None:
    match = config.match("shop", asked)
    assert match is not None
    assert match.name == name


@given(st.text("ab*", max_size=6), st.text("ab", max_size=8))
def test_patterns_match_as_regexes_do(pattern: str, value: str) -> None:
    expected = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), value) is not None
    if "*" in pattern:
        assert Pattern(pattern).match(value) is expected


def test_a_pattern_with_many_wildcards_is_no_trap() -> None:
    assert not Pattern("a*" * 500 + "b").match("a" * 100_000 + "c" + "a" * 100_000)
