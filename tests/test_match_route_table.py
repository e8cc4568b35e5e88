"""RouteTable against a linear scan written from Envoy's documentation."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshcore import RouteTable
from meshcore.model import (
    CookieMatch,
    DirectResponse,
    Fraction,
    HeaderMatch,
    PathKind,
    PathMatch,
    QueryParameterMatch,
    RangeMatch,
    Route,
    RouteConfiguration,
    RouteMatch,
    StringKind,
    StringMatch,
    VirtualHost,
)

pytestmark = pytest.mark.usefixtures("each_backend")


def table(*matches: RouteMatch, domains: tuple[str, ...] = ("*",)) -> RouteTable:
    routes = tuple(Route(match, DirectResponse(200), name=str(i)) for i, match in enumerate(matches))
    return RouteTable(RouteConfiguration("table", (VirtualHost("host", domains, routes),)))


def path(kind: PathKind, value: str, *, case_sensitive: bool = True) -> RouteMatch:
    return RouteMatch(PathMatch(kind, value, case_sensitive))


def scan(matches: list[RouteMatch], target: str) -> str | None:
    """The first route whose path matches, tried one by one."""
    for i, match in enumerate(matches):
        kind, value = match.path.kind, match.path.value
        text = target.split("?")[0]
        if not match.path.case_sensitive and kind is not PathKind.REGEX:
            text, value = text.lower(), value.lower()
        hit = {
            PathKind.EXACT: text == value,
            PathKind.PREFIX: text.startswith(value),
            PathKind.SEPARATED_PREFIX: text == value or text.startswith(value + "/"),
            PathKind.REGEX: kind is PathKind.REGEX and re.fullmatch(value, text) is not None,
        }[kind]
        if hit:
            return str(i)
    return None


segments = st.lists(st.sampled_from(["a", "b", "A", "ab", "abc", ""]), max_size=4)
paths = segments.map(lambda parts: "/" + "/".join(parts))
patterns = st.one_of(
    st.builds(
        path,
        st.sampled_from([PathKind.EXACT, PathKind.PREFIX, PathKind.SEPARATED_PREFIX]),
        paths,
        case_sensitive=st.booleans(),
    ),
    st.builds(
        path,
        st.just(PathKind.REGEX),
        paths.flatmap(
            lambda text: st.sampled_from([text, text + ".*", text + "[ab]+", text + "(/b|/c)?", ".*b"])
        ),
    ),
)


@given(st.lists(patterns, max_size=30), st.lists(paths, min_size=1, max_size=10))
def test_index_agrees_with_a_scan(matches: list[RouteMatch], targets: list[str]) -> None:
    routes = table(*matches)
    for target in targets:
        for asked in (target, target + "?a=/b"):
            assert routes.match("GET", "a.com", asked) == scan(matches, asked)


def test_many_nested_prefixes_keep_the_order() -> None:
    text = "/" + "a" * 500
    longest_first = [path(PathKind.PREFIX, text[:size]) for size in range(len(text), 0, -1)]
    assert table(*longest_first).match("GET", "a", text) == "0"
    assert table(*reversed(longest_first)).match("GET", "a", text) == "0"
    assert table(*longest_first).match("GET", "a", "/aaa") == str(len(text) - 4)


def test_a_failed_predicate_falls_through_to_the_next_route() -> None:
    wanted = HeaderMatch("x-user", StringMatch(StringKind.EXACT, "jason"))
    routes = table(
        RouteMatch(PathMatch(PathKind.PREFIX, "/a/b"), headers=(wanted,)),
        path(PathKind.REGEX, "/a/.*c"),
        path(PathKind.PREFIX, "/a"),
    )
    assert routes.match("GET", "h", "/a/b/c", [(b"X-User", b"jason")]) == "0"
    assert routes.match("GET", "h", "/a/b/c", {"x-user": "eve"}) == "1"
    assert routes.match("GET", "h", "/a/b", []) == "2"
    assert routes.match("GET", "h", "/b") is None


@pytest.mark.parametrize(
    ("match", "headers", "expected"),
    [
        (HeaderMatch("x", StringMatch(StringKind.EXACT, "a,b")), [("x", "a"), ("x", "b")], False),
        (HeaderMatch("x", StringMatch(StringKind.EXACT, "b")), [("x", "a"), ("x", "b")], True),
        (HeaderMatch("x", StringMatch(StringKind.EXACT, "b"), invert=True), [("x", "a"), ("x", "b")], False),
        (HeaderMatch("x", StringMatch(StringKind.EXACT, "a,b")), [("X-Forwarded-For", "a")], False),
        (
            HeaderMatch("x-forwarded-for", StringMatch(StringKind.EXACT, "a,b")),
            [("X-Forwarded-For", "a"), ("x-forwarded-for", "b")],
            True,
        ),
        (HeaderMatch("x", StringMatch(StringKind.PREFIX, "a"), invert=True), [], False),
        (
            HeaderMatch("x", StringMatch(StringKind.PREFIX, "a"), invert=True, treat_missing_as_empty=True),
            [],
            True,
        ),
        (HeaderMatch("x", StringMatch(StringKind.SUFFIX, "B", ignore_case=True)), [("x", "ab")], True),
        (HeaderMatch("x", StringMatch(StringKind.CONTAINS, "bc")), [("x", "abcd")], True),
        (HeaderMatch("x", StringMatch(StringKind.REGEX, "a+")), [("x", "aaa")], True),
        (HeaderMatch("x", StringMatch(StringKind.REGEX, "a+")), [("x", "aab")], False),
        (HeaderMatch("x", range=RangeMatch(-5, 16)), [("x", "+15")], True),
        (HeaderMatch("x", range=RangeMatch(-5, 16)), [("x", "016")], False),
        (HeaderMatch("x", range=RangeMatch(-5, 16)), [("x", "-5")], True),
        (HeaderMatch("x", range=RangeMatch(-5, 16)), [("x", "99999999999999999999")], False),
        (HeaderMatch("x", present=True), [("x", "")], True),
        (HeaderMatch("x", present=True), [], False),
        (HeaderMatch("x", present=False), [], True),
        (HeaderMatch("x", present=True, invert=True), [], True),
        (HeaderMatch(":method", StringMatch(StringKind.EXACT, "GET")), [], True),
        (HeaderMatch(":authority", StringMatch(StringKind.EXACT, "h:80")), [], True),
        (HeaderMatch(":path", StringMatch(StringKind.EXACT, "/x?q=1&r")), [], True),
    ],
)
def test_header_matchers(match: HeaderMatch, headers: list[tuple[str, str]], expected: bool) -> None:
    routes = table(RouteMatch(PathMatch(PathKind.PREFIX, "/"), headers=(match,)))
    assert (routes.match("GET", "h:80", "/x?q=1&r", headers) == "0") is expected


@pytest.mark.parametrize(
    ("name", "string", "present", "expected"),
    [
        ("q", StringMatch(StringKind.EXACT, "1"), True, True),
        ("q", StringMatch(StringKind.EXACT, "2"), True, False),
        ("r", StringMatch(StringKind.EXACT, ""), True, True),
        ("s", StringMatch(StringKind.EXACT, ""), True, False),
        ("r", None, True, True),
        ("s", None, True, False),
        ("s", None, False, True),
        ("%71", StringMatch(StringKind.EXACT, "%20"), True, True),
    ],
)
def test_query_parameters(name: str, string: StringMatch | None, present: bool, expected: bool) -> None:
    query = QueryParameterMatch(name, string, present)
    routes = table(RouteMatch(PathMatch(PathKind.PREFIX, "/"), query_parameters=(query,)))
    assert (routes.match("GET", "h", "/?q=1&q=2&r&%71=%20") == "0") is expected


def test_cookies_take_the_first_of_a_name() -> None:
    def matches(value: str, headers: list[tuple[str, str]], *, invert: bool = False) -> bool:
        cookie = CookieMatch("id", StringMatch(StringKind.EXACT, value), invert)
        routes = table(RouteMatch(PathMatch(PathKind.PREFIX, "/"), cookies=(cookie,)))
        return routes.match("GET", "h", "/", headers) == "0"

    assert matches("1", [("cookie", "a=0; id=1; id=2")])
    assert not matches("2", [("cookie", "a=0; id=1"), ("cookie", "id=2")])
    assert matches("1", [("cookie", 'id="1"')])
    assert not matches("1", [("cookie", "id =1")])
    assert not matches("1", [])
    assert matches("1", [], invert=True)


def test_grpc_looks_at_the_content_type() -> None:
    routes = table(RouteMatch(PathMatch(PathKind.PREFIX, "/"), grpc=True))
    for value, expected in {
        "application/grpc": "0",
        "application/grpc+proto": "0",
        "application/grpc-web": None,
        "text/plain": None,
    }.items():
        assert routes.match("POST", "h", "/", {"content-type": value}) == expected
    twice = [("content-type", "application/grpc")] * 2
    assert routes.match("POST", "h", "/", twice) is None


def test_fractions_draw_anew_for_each_match_and_repeat_for_a_seed() -> None:
    match = RouteMatch(PathMatch(PathKind.PREFIX, "/"), fraction=Fraction(25, 100))
    configuration = table(match).configuration
    draws = [[RouteTable(configuration, seed=7).match("GET", "h", "/") for _ in range(3)] for _ in range(2)]
    assert draws[0] == draws[1]
    routes = RouteTable(configuration, seed=7)
    hits = sum(routes.match("GET", "h", "/") == "0" for _ in range(10_000))
    assert 2_200 < hits < 2_800


def test_shapes_of_headers() -> None:
    match = RouteMatch(PathMatch(PathKind.PREFIX, "/"), headers=(HeaderMatch("x", present=True),))
    routes = table(match)
    for headers in (
        [(b"x", b"1")],
        ((b"x", b"1"),),
        {"x": "1"},
        {b"x": b"1"},
        [["x", "1"]],
        iter([("x", "1")]),
    ):
        assert routes.match(b"GET", b"h", b"/", headers) == "0"
    assert routes.match("GET", "h", "/\udcff", {"x": "\udcff"}) == "0"
    for wrong in ([("x",)], [("x", "1", "2")]):
        with pytest.raises(ValueError, match="pair of name and value"):
            routes.match("GET", "h", "/", wrong)
    with pytest.raises(TypeError, match="expected str or bytes"):
        routes.match("GET", "h", "/", [("x", 1)])


def test_what_cannot_be_compiled_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the domain 'a\.com' is given twice"):
        table(path(PathKind.PREFIX, "/"), domains=("a.com", "A.com"))
    with pytest.raises(ValueError, match="missing"):
        table(path(PathKind.REGEX, "("))
