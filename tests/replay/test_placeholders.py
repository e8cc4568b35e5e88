"""Placeholders compare generated parts by shape, and nothing else by more than equality."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshcore.replay.placeholders import same_lines, same_text

UUID = "0e4a7ee1-2b49-4f1e-8e5f-6a3c0a1b2c3d"


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("<uuid:4>", UUID),
        ("<uuid:9>", UUID.replace("-4f1e", "-9f1e")),
        ("<hex16>", "0123456789abcdef"),
        ("00-<hex32>-<hex16>-01", f"00-{'a' * 32}-{'b' * 16}-01"),
        ("<node_address>", "127.0.0.1"),
        ("1.2.3.4,<node_address>", "1.2.3.4,10.0.0.7"),
        ("<node_address>", "fd00::1"),
        ("http://h:<listener_port>/", "http://h:10000/"),
        ("a.b", "a.b"),
    ],
)
def test_shapes_match(expected: str, actual: str) -> None:
    assert same_text(expected, actual)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("<uuid:9>", UUID),
        ("<uuid:4>", UUID.upper()),
        ("<uuid:4>", f"x{UUID}"),
        ("<hex16>", "0123456789abcde"),
        ("<hex16>", "0123456789abcdef0"),
        ("<hex16>", "0123456789ABCDEF"),
        ("<node_address>", "example.com"),
        ("<listener_port>", "x"),
        ("<listener_port>.", "10000x"),
        ("a.b", "axb"),
        ("a", None),
    ],
)
def test_other_shapes_do_not(expected: str, actual: str | None) -> None:
    assert not same_text(expected, actual)


@given(st.text(), st.text())
def test_without_placeholders_it_is_equality(expected: str, actual: str) -> None:
    if "<" not in expected:
        assert same_text(expected, actual) == (expected == actual)
    assert same_text(expected, expected)


def test_lines_match_one_by_one() -> None:
    assert same_lines(["a", "<hex16>"], ["a", "f" * 16])
    assert not same_lines(["a"], ["a", "a"])
    assert not same_lines(["a", "b"], ["b", "a"])
