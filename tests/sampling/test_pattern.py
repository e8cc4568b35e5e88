"""Examples of regexes: those that are given do match, and those that people write get one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshcore.match import Regex, RegexError
from meshcore.sampling import example_of


@pytest.mark.parametrize(
    ("pattern", "example"),
    [
        ("/api/v[0-9]+/users/[^/]+", "/api/v0/users/a"),
        (r".*\.(jpg|png|css)", "a.jpg"),
        ("/(en|de|fr)/.*", "/en/a"),
        ("[0-9a-f]{8}-[0-9a-f]{4}", "00000000-0000"),
        ("(?i)/Users", "/Users"),
        ("(?i:a)(?P<id>b)(?<x>c)(?:d)", "abcd"),
        (r"^/a\.b\d\w\s?$", "/a.b0a "),
        (r"[[:alpha:]][\d][^a-y]", "a0z"),
        (r"\Q/a+b\E/c", "/a+b/c"),
        ("a|b", "a"),
        ("", ""),
        ("x{2,3}y{0}", "xx"),
        ("[]a]", "a"),
        ("[+-]", "-"),
        ("[[:]", "["),
    ],
)
def test_an_example(pattern: str, example: str) -> None:
    assert example_of(pattern) == example


@pytest.mark.parametrize("pattern", ["(", "[a", r"a\bb", r"\x41", "$a"])
def test_no_example(pattern: str) -> None:
    assert example_of(pattern) is None


@given(st.text(alphabet="ab(|)[]^$*+?{}1,\\dwQE.-:<>P", max_size=30))
def test_what_is_given_matches(pattern: str) -> None:
    example = example_of(pattern)
    if example is not None:
        assert Regex(pattern).full_match(example)
    else:
        try:
            Regex(pattern)
        except RegexError:
            return
