"""Regexes against RE2: generated patterns and texts must give the same matches, groups and replacements.

Left out, on purpose: what docs/regex.md lists as different (an empty match inside a character of several
bytes, which \\B can make RE2 find)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

from meshcore.match import Regex, RegexError, RouteTable
from meshcore.model import (
    DirectResponse,
    HeaderMatch,
    PathKind,
    PathMatch,
    Route,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)

re2: Any = pytest.importorskip("re2", reason="the oracle, google-re2, is not installed")
OPTIONS = re2.Options()
OPTIONS.log_errors = False

ATOMS = [
    *"abcksAB/0-. é λ ] } , =".replace(" ", ""),
    *(r"\.", r"\/", r"\x{e9}", r"\x41", r"\101", r"\n", r"\Qa.\E", r"\Q\E", "", "()", "{", "{,2}"),
    *("[ab]", "[^a]", "[a-c/]", "[é-ü]", r"[^\d]", r"[\w-]", r"[^\W]", "[]a]", "[a-]"),
    r"[\x{80}-\x{10ffff}]",
    *(r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", "[[:alpha:]]", "[[:^punct:]]", "[[:word:].]"),
    *("^", "$", r"\A", r"\z", r"\b", r"\B"),
    *("(?i)", "(?m)", "(?s)", "(?U)", "(?-i)"),
]
GROUPS = ["(", "(", "(?:", "(?i:", "(?s:", "(?m:", "(?U:", "(?P<name>", "(?<other>", "(?i-s:"]
REPETITIONS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}", "{1,}", "{0}", "{2,3}?", "{0,1}", "{3,}?"]

PATTERNS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map("".join),
        st.lists(inner, min_size=1, max_size=3).map("|".join),
        st.builds("{}{})".format, st.sampled_from(GROUPS), inner),
        st.builds("{}{}){}".format, st.sampled_from(GROUPS), inner, st.sampled_from(REPETITIONS)),
        st.builds("{}{}".format, st.sampled_from(ATOMS), st.sampled_from(REPETITIONS)),
    ),
    max_leaves=12,
)
# Characters that the patterns know, their other cases, and bytes that are no UTF-8, or overlong, or
# beyond Unicode.
PIECES = [c.encode() for c in "aabbcksAB/0-. \n=éÉüλΛ\u017f\u212a"]
ODD = [b"\xff", b"\xc3", b"\x80", b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=10).map(b"".join)
ODD_TEXTS = st.lists(st.sampled_from(PIECES + ODD), max_size=8).map(b"".join)
SUBSTITUTIONS = st.sampled_from(
    [b"-", b"", rb"<\0>", rb"[\1\2]", rb"\\", rb"x\q", rb"\9", rb"\1\\", b"\\2\\"]
)

# The same examples on every run: what fails, fails for everybody.
steadily = settings(derandomize=True, deadline=None, max_examples=400)


def oracle(pattern: str) -> Any:
    """RE2's own regex, or None where RE2 refuses the pattern."""
    try:
        return re2.compile(pattern.encode(), OPTIONS)
    except re2.error:
        return None


def compiled(pattern: str) -> tuple[Any, Regex]:
    """Both, where both accept the pattern; both must, unless it is of what docs/regex.md leaves out."""
    theirs = oracle(pattern)
    if theirs is None:
        with pytest.raises(RegexError):
            Regex(pattern)
        reject()
    try:
        return theirs, Regex(pattern)
    except RegexError as error:
        if not error.message.startswith("unsupported"):
            raise
        reject()


def rune_width(text: bytes, at: int) -> int:
    """The bytes of the character at a place, by RE2's measure, which takes surrogates; a stray byte is 1."""
    for width in (1, 2, 3, 4):
        try:
            text[at : at + width].decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            continue
        return width
    return 1


def expand(substitution: bytes, match: Any) -> bytes:
    out = b""
    at = 0
    while at < len(substitution):
        escaped = substitution[at + 1 : at + 2]
        if substitution[at : at + 1] != b"\\":
            out += substitution[at : at + 1]
            at += 1
        elif escaped.isdigit():
            out += match.group(int(escaped)) or b""
            at += 2
        elif escaped == b"\\":
            out += b"\\"
            at += 2
        else:
            break  # RE2 gives up here, and GlobalReplace keeps what is written
    return out


def global_replace(regex: Any, substitution: bytes, text: bytes) -> bytes:
    """RE2::GlobalReplace, which the Python package does not have, over RE2's search."""
    named = [substitution[i + 1] - 48 for i in escapes(substitution) if substitution[i + 1 : i + 2].isdigit()]
    if max(named, default=0) > regex.groups:
        return text
    out = b""
    at, last_end = 0, -1
    while at <= len(text) and (match := regex.search(text, at)):
        start, end = match.span()
        out += text[at:start]
        if start == end == last_end:
            width = rune_width(text, start)
            out += text[start : start + width]
            at = start + width
        else:
            out += expand(substitution, match)
            at = last_end = end
    return out + text[at:]


def escapes(substitution: bytes) -> list[int]:
    """Positions of the backslashes that begin an escape."""
    found = []
    at = 0
    while (at := substitution.find(b"\\", at)) >= 0:
        found.append(at)
        at += 2
    return found


@steadily
@given(PATTERNS, st.one_of(TEXTS, ODD_TEXTS))
def test_full_match_and_groups(pattern: str, text: bytes) -> None:
    theirs, ours = compiled(pattern)
    match = theirs.fullmatch(text)
    assert ours.full_match(text) is (match is not None)
    groups = ours.full_match_groups(text)
    if match is None:
        assert groups is None
    else:
        assert groups == (match.group(0), *match.groups())[:10]
        prefix = ours.literal_prefix
        assert isinstance(prefix, str)
        assert text.startswith(prefix.encode())
        assert not ours.is_literal or text == prefix.encode()
    assert ours.groups == theirs.groups


@steadily
@given(PATTERNS, SUBSTITUTIONS, st.one_of(TEXTS, ODD_TEXTS))
def test_replace_all(pattern: str, substitution: bytes, text: bytes) -> None:
    assume("\\B" not in pattern or text.isascii())
    theirs, ours = compiled(pattern)
    assert ours.replace_all(substitution, text) == global_replace(theirs, substitution, text)


TOKENS = [
    *"()[]{}*+?|\\^$-.:,=<>!&~ \n0123789aAbBCdDEeimPpQsSUwWxzZ_é",
    *("(?", "(?P<", "[[:", ":alpha:]", "\\x{", "\\Q", "\\E", "{2}", "{1,", "[^", "\\pL", "(?i-", "(?<n>"),
]
SYNTAX = st.lists(st.sampled_from(TOKENS), max_size=8).map("".join)


@steadily
@given(SYNTAX)
def test_the_same_patterns_are_refused(pattern: str) -> None:
    compiled(pattern)


@pytest.mark.parametrize("escaped", [chr(c) for c in range(128)])
def test_every_escape_means_the_same(escaped: str) -> None:
    every = bytes(range(128))
    for pattern in (f"\\{escaped}", f"[\\{escaped}]"):
        theirs = oracle(pattern)
        if theirs is None or pattern == "\\C":
            with pytest.raises(RegexError):
                Regex(pattern)
            continue
        ours = Regex(pattern)
        assert ours.replace_all("<>", every) == global_replace(theirs, b"<>", every)


def test_cases_of_characters() -> None:
    """Every character that (?i) is said to support, against everything that could be its other case."""
    candidates = "".join(map(chr, [*range(1, 0x530), *range(0x1C80, 0x1C90), *range(0x1E00, 0x2130)]))
    for rune in [*range(1, 0x180), *range(0x370, 0x530)]:
        pattern = f"(?i)\\x{{{rune:x}}}"
        theirs = re2.compile(pattern, OPTIONS)
        cases = {ord(match.group(0)): None for match in theirs.finditer(candidates)}
        assert Regex(pattern).replace_all("", candidates) == candidates.translate(cases), pattern


# ---------------------------------------------------------------- many regexes as the routes of one host

# Regexes that differ in a literal, that need one of several, that need none; several of a kind.
FAMILIES = [
    "/v[0-9]+/s{}/.*",
    ".*/s{}/.*",
    r".*\.(?:a{}b|b{}a)",
    "(?i)/[a-z]+/Sk{}x",
    "/[a-z]+/[0-9]{{}}",
    "/{}.*",
]
MEMBERS = st.builds(str.replace, st.sampled_from(FAMILIES), st.just("{}"), st.integers(1, 12).map(str))
SETS = st.tuples(
    st.sampled_from(["", "", "/", "/é", "(?m)", "(?i)"]),
    st.lists(st.one_of(MEMBERS, PATTERNS), min_size=2, max_size=24),
).map(lambda drawn: [drawn[0] + pattern for pattern in drawn[1]])
SEGMENTS = [
    "/v1",
    "/s1",
    "/s11",
    "/s2",
    "/",
    ".a1b",
    ".b2a",
    "/SK1x",
    "/\u017f\u212a2X",
    "/12",
    "/ab",
    "\n",
    "é",
    "/é",
]
PATHS = st.one_of(
    st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=5).map("".join).map(str.encode), TEXTS, ODD_TEXTS
)


def route_table(patterns: list[str], guarded: set[int]) -> RouteTable:
    """A route for each pattern, named by its number; the guarded ones also ask for a header."""
    guard = (HeaderMatch("x-guard", present=True),)
    routes = tuple(
        Route(
            RouteMatch(PathMatch(PathKind.REGEX, pattern), headers=guard if i in guarded else ()),
            DirectResponse(200),
            name=str(i),
        )
        for i, pattern in enumerate(patterns)
    )
    return RouteTable(RouteConfiguration("table", (VirtualHost("host", ("*",), routes),)))


@steadily
@given(SETS, st.lists(PATHS, min_size=1, max_size=8), st.sets(st.integers(0, 23), max_size=12))
def test_first_of_many_wins(patterns: list[str], paths: list[bytes], guarded: set[int]) -> None:
    known = []
    for pattern in patterns:
        try:
            Regex(pattern)
        except RegexError:
            continue
        known.append((pattern, re2.compile(pattern.encode(), OPTIONS)))
    table = route_table([pattern for pattern, _ in known], guarded)
    for path in filter(None, paths):
        matching = [i for i, (_, theirs) in enumerate(known) if theirs.fullmatch(path)]
        for headers in ((), ((b"x-guard", b"1"),)):
            expected = next((str(i) for i in matching if headers or i not in guarded), None)
            assert table.match("GET", "host", path, headers) == expected


@pytest.mark.parametrize(
    "family", ["/v[0-9]+/s{}/.*", r".*\.(?:a{0}b|b{0}a)", ".*/s{}/.*", "(?i)/[a-z]+/S{}x.*"]
)
def test_each_of_hundreds_is_found(family: str) -> None:
    """And so is the one below it, where it asks for what the request has not."""
    patterns = [family.format(i // 2) for i in range(600)]
    table = route_table(patterns, set(range(0, 600, 2)))
    for i in range(0, 600, 2):
        path = {
            "/v": f"/v7/s{i // 2}/x",
            ".*\\": f"/logo.b{i // 2}a",
            ".*/": f"/a/s{i // 2}/b",
            "(?i)": f"/B/s{i // 2}X/",
        }
        text = next(text for beginning, text in path.items() if family.startswith(beginning))
        assert table.match("GET", "host", text, ((b"x-guard", b"1"),)) == str(i)
        assert table.match("GET", "host", text) == str(i + 1)
