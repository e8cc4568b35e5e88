"""Regexes by example: what matches, what is refused and how it is said. test_match_regex_re2.py compares
with RE2 itself."""

from __future__ import annotations

import pickle

import pytest

from meshcore.match import Regex, RegexError


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        (".*", "", True),
        (".*", "/any/path", True),
        ("/a", "/a/b", False),  # the whole text, not its start
        ("/a|/b", "/b", True),
        ("/api/v[0-9]+/.*", "/api/v1/x", True),
        ("/api/v[0-9]+/.*", "/api/vx/x", False),
        ("/img/.*\\.png", "/img/a.png", True),
        ("/img/.*\\.png", "/img/apng", False),
        ("(?i)/ReCi/x", "/rEcI/X", True),
        ("(?i)straße", "STRAẞE", True),
        ("/uni/\\w+", "/uni/é", False),  # \w is ASCII
        ("/uni/.", "/uni/é", True),  # and . a character
        ("a.b", "a\nb", False),
        ("(?s)a.b", "a\nb", True),
        ("^/a$", "/a", True),
        ("[[:alpha:]]+[^[:alpha:]]", "ab1", True),
        ("\\x41\\x{e9}\\101", "AéA", True),
        ("a{2,}", "a", False),
        ("a{,3}", "a{,3}", True),  # no repetition: ordinary characters
    ],
)
def test_full_match(pattern: str, text: str, matches: bool) -> None:
    regex = Regex(pattern)
    assert regex.full_match(text) is matches
    assert regex.full_match(text.encode()) is matches
    assert (regex.full_match_groups(text) is not None) is matches


def test_groups() -> None:
    regex = Regex("/(?P<service>[^/]+)(/v\\d)?/(.*)")
    assert regex.groups == 3
    assert regex.full_match_groups("/reviews/a/é") == ("/reviews/a/é", "reviews", None, "a/é")
    assert regex.full_match_groups(b"/reviews/v2/") == (b"/reviews/v2/", b"reviews", b"/v2", b"")
    assert regex.full_match_groups("reviews") is None


def test_bytes_that_are_not_utf8_match_nothing() -> None:
    assert not Regex(".*").full_match(b"/\xff")
    assert not Regex(".*").full_match("/\udcff")  # the same byte in a str
    assert Regex("a").replace_all("b", "a\udcffa") == "b\udcffb"


@pytest.mark.parametrize(
    ("pattern", "prefix", "literal"),
    [
        ("/api/v[0-9]+/.*", "/api/v", False),
        ("^/exact$", "/exact", True),
        ("/a/x|/a/y", "/a/", False),
        ("(?i)/abc", "/", False),
        ("/é+", "/é", False),
        (".*", "", False),
        ("", "", True),
    ],
)
def test_literal_prefix(pattern: str, prefix: str, literal: bool) -> None:
    regex = Regex(pattern)
    assert regex.literal_prefix == prefix
    assert regex.is_literal is literal
    assert Regex(pattern.encode()).literal_prefix == prefix.encode()


@pytest.mark.parametrize(
    ("pattern", "substitution", "text", "expected"),
    [
        ("^/svc/([^/]+)(/.*)$", r"\2/inst/\1", "/svc/foo/v1", "/v1/inst/foo"),
        ("one", "two", "/one/one", "/two/two"),
        ("z*", "-", "/empty", "-/-e-m-p-t-y-"),
        ("é*", "-", "éaü", "-a-ü-"),
        ("(a)|(b)", r"[\1\2]", "/cab", "/c[a][b]"),
        ("a|ab", "-", "ab", "-b"),
        ("x", r"\\", "/x", "/\\"),
        ("/del", "", "/del", ""),
        ("(a)", r"\2", "aa", "aa"),  # there is no group 2
        ("a", r"<\q>", "bab", "b<b"),  # a bad escape ends what is written
        ("nothing", "x", "/path", "/path"),
    ],
)
def test_replace_all(pattern: str, substitution: str, text: str, expected: str) -> None:
    assert Regex(pattern).replace_all(substitution, text) == expected
    assert Regex(pattern).replace_all(substitution.encode(), text.encode()) == expected.encode()


@pytest.mark.parametrize(
    ("pattern", "position", "message"),
    [
        ("(", 0, "missing ) for this ("),
        ("a)", 1, "unexpected )"),
        ("é[a-z", 1, "missing ] for this ["),
        ("*", 0, "nothing to repeat before *"),
        ("(|+)", 2, "nothing to repeat before +"),
        ("a+*", 1, "a repetition of a repetition"),
        ("a{3,2}", 1, "invalid repetition {3,2}"),
        ("a{1001}", 1, "invalid repetition {1001}: bounds go up to 1000"),
        ("((a{100}){100})", 9, "nested repetitions multiply to more than 1000"),
        ("[z-a]", 1, "invalid range: its end is before its start"),
        ("[[:alfa:]]", 1, "unknown class [:alfa:]; known are alnum alpha"),
        ("a\\", 1, "trailing \\"),
        ("\\y", 0, "invalid escape \\y"),
        ("\\x{110000}", 0, "\\x{...} goes up to \\x{10FFFF}"),
        ("\\x1", 0, "\\x takes two hex digits"),
        ("(a)\\1", 3, "backreferences are not supported"),
        ("(?=a)b", 0, "there are no lookarounds"),
        ("(?P<a-b>c)", 0, "invalid group name"),
        ("a\\pL", 1, "unsupported: unicode classes such as \\pL"),
        ("[\\P{Greek}]", 1, "unsupported: unicode classes such as \\PL"),
        ("\\C", 0, "unsupported: \\C"),
        ("(?i)中", 4, "unsupported: (?i) of a character that is not Latin"),
        ("(?:[ab]c[de]f){1000}[ab]{1000}" * 2, 20, "too large: the pattern takes more than 10000"),
        ("(" * 1001 + ")" * 1001, 1000, "groups are nested more than 1000 deep"),
    ],
)
def test_refusals(pattern: str, position: int, message: str) -> None:
    with pytest.raises(RegexError) as caught:
        Regex(pattern)
    error = caught.value
    assert message in error.message
    if not message.startswith("too large"):  # found where the limit is passed
        assert error.position == position
    assert error.pattern == pattern
    assert f"(at position {error.position} of" in str(error)
    assert pickle.loads(pickle.dumps(error)).position == error.position


def test_pattern_that_is_not_utf8() -> None:
    with pytest.raises(RegexError, match="not valid UTF-8"):
        Regex(b"a\xff")


def test_misuse_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        Regex(1)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Regex("a").full_match(None)  # type: ignore[arg-type]


def test_is_immutable_and_pickles() -> None:
    regex = Regex("/a(b)?")
    assert repr(regex) == "Regex('/a(b)?')"
    assert pickle.loads(pickle.dumps(regex)).pattern == "/a(b)?"
    with pytest.raises(AttributeError):
        regex.pattern = "b"  # type: ignore[misc]
