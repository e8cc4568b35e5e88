"""For any table and any request: the explanation agrees with the decision, and what it says holds."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from meshcore import Engine
from meshcore.explain import Condition, Explain
from meshcore.model import (
    Cluster,
    Config,
    CookieMatch,
    Endpoint,
    ForwardAction,
    Fraction,
    HeaderMatch,
    Listener,
    LocalityEndpoints,
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
    WeightedCluster,
    WeightedClusters,
)

VALUES = ("", "1", "2", "ab", "b")
NAMES = ("x", "y", "user-agent", ":method", ":path")
PATHS = ("/", "/a", "/a/", "/a/b", "/A", "/b")

strings = st.builds(
    StringMatch,
    st.sampled_from([kind for kind in StringKind if kind is not StringKind.REGEX]),
    st.sampled_from(VALUES[1:]),
    st.booleans(),
) | st.builds(StringMatch, st.just(StringKind.REGEX), st.sampled_from(["[a-c]*", "1|2", ".+"]))
headers = (
    st.builds(
        HeaderMatch,
        st.sampled_from(NAMES),
        string=strings,
        invert=st.booleans(),
        treat_missing_as_empty=st.booleans(),
    )
    | st.builds(HeaderMatch, st.sampled_from(NAMES), range=st.just(RangeMatch(1, 2)), invert=st.booleans())
    | st.builds(HeaderMatch, st.sampled_from(NAMES), present=st.booleans(), invert=st.booleans())
)
queries = st.builds(QueryParameterMatch, st.sampled_from(("p", "q")), st.none() | strings, st.booleans())
cookies = st.builds(CookieMatch, st.sampled_from(("c", "d")), strings, st.booleans())
paths = st.builds(
    PathMatch,
    st.sampled_from((PathKind.EXACT, PathKind.PREFIX)),
    st.sampled_from(PATHS),
    st.booleans(),
) | st.sampled_from(
    [
        PathMatch(PathKind.REGEX, "/a(/.*)?"),
        PathMatch(PathKind.TEMPLATE, "/{x}"),
        PathMatch(PathKind.SEPARATED_PREFIX, "/a"),
    ]
)
matches = st.builds(
    RouteMatch,
    paths,
    st.lists(headers, max_size=3).map(tuple),
    st.lists(queries, max_size=2).map(tuple),
    st.lists(cookies, max_size=2).map(tuple),
    st.none() | st.builds(Fraction, st.integers(0, 100)),
    st.booleans(),
)
lines = st.lists(
    st.tuples(
        st.sampled_from(("x", "X", "y", "user-agent", "cookie", "content-type")),
        st.sampled_from((*VALUES, "c=1; d=2", "application/grpc", "application/grpc+proto")),
    ),
    max_size=5,
)
requests = st.tuples(
    st.sampled_from(("GET", "POST")),
    st.sampled_from(PATHS).flatmap(
        lambda path: st.sampled_from(("", "?p", "?p=1&q=2", "?q=ab")).map(lambda query: path + query)
    ),
    lines,
    st.integers(0, 2**64 - 1),
)


def engine_of(found: tuple[RouteMatch, ...]) -> Engine:
    split = WeightedClusters((WeightedCluster("v1", 3), WeightedCluster("v2", 1)))
    routes = tuple(
        Route(match, ForwardAction(weighted_clusters=split), name=str(number))
        for number, match in enumerate(found, 1)
    )
    table = RouteConfiguration(virtual_hosts=(VirtualHost("host", ("*",), routes),))
    endpoints = LocalityEndpoints((Endpoint("10.0.0.1", 80), Endpoint("10.0.0.2", 80)))
    clusters = tuple(Cluster(name, localities=(endpoints,)) for name in ("v1", "v2"))
    return Engine(Config(listeners=(Listener("all", None, table),), clusters=clusters))


@settings(max_examples=150, deadline=None)
@given(st.lists(matches, min_size=1, max_size=6).map(tuple), requests)
def test_explanations_agree_with_decisions(
    found: tuple[RouteMatch, ...], request: tuple[str, str, list[tuple[str, str]], int]
) -> None:
    engine = engine_of(found)
    method, path, given_lines, seed = request
    it = engine.explain(method, "host", path, given_lines, seed=seed)
    with engine.decide(method, "host", path, given_lines, seed=seed) as decision:
        assert (it.route.name if it.route else None) == decision.route
        assert (it.outcome, it.status, it.cluster) == (
            decision.outcome.value,
            decision.status,
            decision.cluster,
        )
        assert (it.endpoint.address if it.endpoint else None) == decision.endpoint
    assert it.to_dict()["routes"]
    for route, match in zip(it.routes, found, strict=True):
        without = matched_alone(truncated(match, route.failed), request)
        if route.failed is None:
            assert without, f"{match} is said to match"
        else:
            assert without, f"conditions of {match} before {route.failed} hold"
            assert not matched_alone(only(match, it, route.number), request), f"{route.failed} fails"


texts = st.binary(max_size=12) | st.text(max_size=8)


@settings(max_examples=100, deadline=None)
@given(texts, st.none() | texts, texts, st.lists(st.tuples(texts, texts), max_size=4))
def test_whatever_is_sent_can_be_explained_and_shown(
    method: str | bytes, authority: str | bytes | None, path: str | bytes, given_lines: list[tuple[Any, Any]]
) -> None:
    engine = engine_of((RouteMatch(PathMatch(PathKind.PREFIX, "/a"), (HeaderMatch("x", present=True),)),))
    it = engine.explain(method, authority, path, given_lines, seed=1)
    assert all(line.isprintable() for line in str(it).split("\n"))
    json.dumps(it.to_dict())


def matched_alone(match: RouteMatch, request: tuple[str, str, list[tuple[str, str]], int]) -> bool:
    method, path, given_lines, seed = request
    with engine_of((match,)).decide(method, "host", path, given_lines, seed=seed) as decision:
        return decision.route is not None


ANY_PATH = PathMatch(PathKind.PREFIX, "/")


def place(match: RouteMatch, failed: Condition) -> int:
    """Which of the conditions of its kind it is: the first that has its name and its words."""
    from meshcore.explain.conditions import condition_of
    from meshcore.explain.facts import Failure

    kinds = {"header": match.headers, "query": match.query_parameters, "cookie": match.cookies}
    for index in range(len(kinds[failed.kind])):
        same = condition_of(match, Failure(failed.kind, index, 1, failed.got), 0)
        if same == failed:
            return index
    raise AssertionError(f"{failed} is no condition of {match}")


def truncated(match: RouteMatch, failed: Condition | None) -> RouteMatch:
    """The conditions that are tested before the one that failed; all of them where none did."""
    if failed is None:
        return match
    order = ("path", "fraction", "grpc", "header", "query", "cookie")
    at = order.index(failed.kind)
    index = place(match, failed) if at >= 3 else 0

    def before(kind: str, conditions: tuple[object, ...]) -> tuple[object, ...]:
        if order.index(kind) == at:
            return conditions[:index]
        return conditions if order.index(kind) < at else ()

    return RouteMatch(
        match.path if at > 0 else ANY_PATH,
        before("header", match.headers),  # type: ignore[arg-type]
        before("query", match.query_parameters),  # type: ignore[arg-type]
        before("cookie", match.cookies),  # type: ignore[arg-type]
        match.fraction if at > 1 else None,
        match.grpc if at > 2 else False,
    )


def only(match: RouteMatch, it: Explain, number: int) -> RouteMatch:
    """Nothing but the condition that failed."""
    failed = it.routes[number - 1].failed
    assert failed is not None
    bare = RouteMatch(ANY_PATH)
    if failed.kind == "path":
        return replace(bare, path=match.path)
    if failed.kind == "fraction":
        return replace(bare, fraction=match.fraction)
    if failed.kind == "grpc":
        return replace(bare, grpc=True)
    index = place(match, failed)
    if failed.kind == "header":
        return replace(bare, headers=(match.headers[index],))
    if failed.kind == "query":
        return replace(bare, query_parameters=(match.query_parameters[index],))
    return replace(bare, cookies=(match.cookies[index],))
