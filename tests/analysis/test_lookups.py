"""What keeps analysis linear: lookups in place of searches, and bounds on what is searched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from meshcore.analysis.asked import Asked
from meshcore.analysis.hints import BUDGET, Hints
from meshcore.analysis.names import some
from meshcore.analysis.offers import Offers
from meshcore.analysis.patterns import plain_form
from meshcore.analysis.rules.cover import MANY, CoverIndex
from meshcore.analysis.selection import SelectorIndex
from meshcore.model import (
    Fraction,
    HeaderMatch,
    Origin,
    PathKind,
    PathMatch,
    RouteMatch,
    StringKind,
    StringMatch,
)


def test_names_are_counted_only_where_they_are_at_hand() -> None:
    assert some(["a", "b"]) == "a, b"
    assert some(list("abcdefg")) == "a, b, c, d, e and 2 more"
    made = []

    def names() -> Iterator[str]:
        for name in "abcdefghij":
            made.append(name)
            yield name

    assert some(names()) == "a, b, c, d, e and more"
    assert len(made) == 6


def test_hints_end_with_their_budget() -> None:
    hints = Hints()
    known = ["reviews", *(f"x{number}" for number in range(BUDGET // 2))]
    assert hints.near("reveiws", known) == "; did you mean 'reviews'?"
    assert hints.near("reveiws", known) == ""
    assert hints.near("reveiws", ["reviews"]) == "; did you mean 'reviews'?"


@pytest.mark.parametrize(
    ("host", "covered", "met"),
    [
        ("a.example", True, True),
        ("A.Example", True, True),
        ("b.wild.example", True, True),
        ("*.wild.example", True, True),
        ("*.x.wild.example", True, True),
        ("*.example", False, True),
        ("wild.example", False, False),
        ("b.example", False, False),
    ],
)
def test_offers_meet_hosts_either_way(host: str, covered: bool, met: bool) -> None:
    offers = Offers(["a.example", "*.wild.example"])
    assert (offers.covers(host), offers.meets(host)) == (covered, met)


def test_narrower_selectors_have_all_labels_and_maybe_more() -> None:
    index = SelectorIndex()
    texts = [index.add(labels) for labels in ({}, {"a": "1"}, {"a": "1", "b": "2"}, {"a": "2", "b": "2"})]
    assert list(index.narrower(texts[0])) == texts
    assert list(index.narrower(texts[1])) == texts[1:3]
    assert list(index.narrower(texts[2])) == [texts[2]]


@pytest.mark.parametrize(
    ("pattern", "form"),
    [
        ("/a/.*", ("/a/", True)),
        ("^/a$", ("/a", False)),
        ("/a\\.html", ("/a.html", False)),
        (".*", ("", True)),
        ("/a\\.*", None),
        ("/a\\d", None),
        ("/a.b", None),
        ("/(a|b)", None),
        ("a\\$", ("a$", False)),
    ],
)
def test_regexes_come_down_to_texts_only_where_they_do(pattern: str, form: tuple[str, bool] | None) -> None:
    assert plain_form(pattern) == form


def asked(
    kind: PathKind, text: str, *headers: HeaderMatch, sensitive: bool = True, share: Fraction | None = None
) -> Asked:
    match = RouteMatch(PathMatch(kind, text, sensitive), headers, fraction=share)
    return Asked(match, Origin("a", 1, 1), text)


EXACT, PREFIX, SEPARATED, REGEX = PathKind.EXACT, PathKind.PREFIX, PathKind.SEPARATED_PREFIX, PathKind.REGEX
TENANT = HeaderMatch("x-tenant", StringMatch(StringKind.EXACT, "a"))


@pytest.mark.parametrize(
    ("first", "second", "covered"),
    [
        (asked(PREFIX, "/a"), asked(PREFIX, "/ab"), True),
        (asked(PREFIX, "/ab"), asked(PREFIX, "/a"), False),
        (asked(SEPARATED, "/a"), asked(PREFIX, "/a"), False),
        (asked(SEPARATED, "/a"), asked(PREFIX, "/a/"), True),
        (asked(SEPARATED, "/a"), asked(EXACT, "/a"), True),
        (asked(SEPARATED, "/a"), asked(EXACT, "/ab"), False),
        (asked(REGEX, "/[ab]"), asked(EXACT, "/b"), True),
        (asked(REGEX, "/[ab]"), asked(EXACT, "/c"), False),
        (asked(REGEX, "/[ab]"), asked(PREFIX, "/a"), False),
        (asked(PREFIX, "/a"), asked(REGEX, "/a[0-9]"), True),
        (asked(PREFIX, "/a"), asked(REGEX, "/[a]"), False),
        (asked(PREFIX, "/A", sensitive=False), asked(EXACT, "/ab"), True),
        (asked(PREFIX, "/a"), asked(EXACT, "/ab", sensitive=False), False),
        (asked(PREFIX, "/", TENANT), asked(PREFIX, "/a"), False),
        (asked(PREFIX, "/a"), asked(PREFIX, "/a", TENANT), True),
        (asked(PREFIX, "/", share=Fraction(50)), asked(PREFIX, "/a"), False),
        (asked(PREFIX, "/"), asked(PREFIX, "/a", share=Fraction(50)), True),
        (asked(PathKind.CONNECT, ""), asked(PathKind.CONNECT, ""), True),
        (asked(PREFIX, "/"), asked(PathKind.CONNECT, ""), False),
        (asked(PREFIX, "/a"), asked(PathKind.TEMPLATE, "/a/{x}"), False),
        (asked(PREFIX, "/"), asked(PathKind.TEMPLATE, "/a/{x}"), True),
    ],
)
def test_a_route_covers_only_what_it_takes_for_sure(first: Asked, second: Asked, covered: bool) -> None:
    index = CoverIndex()
    index.add(first)
    assert (index.find(second) is first) is covered


def test_of_many_routes_of_one_path_only_some_are_compared() -> None:
    index = CoverIndex()
    for number in range(MANY):
        index.add(asked(PREFIX, "/", HeaderMatch("x", StringMatch(StringKind.EXACT, str(number)))))
    index.add(asked(PREFIX, "/", TENANT))
    assert index.find(asked(PREFIX, "/a", TENANT)) is None  # it is not known, so it is not said
