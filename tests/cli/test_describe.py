"""Routes in words."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from meshcore.cli.describe import action_lines, destinations, match_lines, place
from meshcore.config.istio.actions import retries
from meshcore.model import (
    CookieMatch,
    DirectResponse,
    FaultAbort,
    FaultDelay,
    FaultPolicy,
    FaultRateLimit,
    ForwardAction,
    Fraction,
    HeaderEdits,
    HeaderMatch,
    HeaderValue,
    HedgePolicy,
    HostRewrite,
    HostRewriteKind,
    MirrorPolicy,
    Origin,
    PathKind,
    PathMatch,
    PathRewrite,
    PathRewriteKind,
    QueryParameterMatch,
    RangeMatch,
    Redirect,
    RegexRewrite,
    RetryPolicy,
    Route,
    RouteMatch,
    StringKind,
    StringMatch,
    WeightedCluster,
    WeightedClusters,
)

ROOT = RouteMatch(PathMatch(PathKind.PREFIX, "/"))
forward = partial(ForwardAction, timeout=0.0)


def is_(value: str) -> StringMatch:
    return StringMatch(StringKind.EXACT, value)


@pytest.mark.parametrize(
    ("match", "lines"),
    [
        (ROOT, ["prefix /"]),
        (RouteMatch(PathMatch(PathKind.EXACT, "/A", case_sensitive=False)), ["path /A (any case)"]),
        (RouteMatch(PathMatch(PathKind.SEPARATED_PREFIX, "/a")), ["segments /a"]),
        (RouteMatch(PathMatch(PathKind.REGEX, "/a|/b")), ["regex /a|/b"]),
        (RouteMatch(PathMatch(PathKind.TEMPLATE, "/{x}")), ["template /{x}"]),
        (RouteMatch(PathMatch(PathKind.CONNECT)), ["CONNECT requests"]),
        (
            RouteMatch(
                PathMatch(PathKind.PREFIX, "/"),
                headers=(
                    HeaderMatch("end-user", string=is_("jason")),
                    HeaderMatch("x-n", range=RangeMatch(1, 10)),
                    HeaderMatch("x-p", present=True),
                    HeaderMatch("x-q", present=False),
                    HeaderMatch(
                        "x-i",
                        string=StringMatch(StringKind.REGEX, "a.*"),
                        invert=True,
                        treat_missing_as_empty=True,
                    ),
                ),
                query_parameters=(
                    QueryParameterMatch("q", StringMatch(StringKind.CONTAINS, "z", ignore_case=True)),
                    QueryParameterMatch("flag"),
                ),
                cookies=(CookieMatch("c", StringMatch(StringKind.SUFFIX, "end"), invert=True),),
                fraction=Fraction(1, 1000),
                grpc=True,
            ),
            [
                "prefix /",
                'header end-user is "jason"',
                "header x-n is a number from 1 to 9",
                "header x-p is present",
                "header x-q is absent",
                'not: header x-i matches "a.*" (missing: "")',
                'query q contains "z" (any case)',
                "query flag is present",
                'not: cookie c ends with "end"',
                "gRPC only",
                "0.1% of requests",
            ],
        ),
    ],
)
def test_conditions(match: RouteMatch, lines: list[str]) -> None:
    assert match_lines(match) == lines


def test_a_split_shows_shares_that_sum_to_the_whole() -> None:
    split = WeightedClusters((WeightedCluster("v1", 9), WeightedCluster("v2", 1)))
    action = forward(weighted_clusters=split)
    assert destinations(action) == [("90%", "v1"), ("10%", "v2")]
    assert action_lines(Route(ROOT, action)) == ["90%  v1", "10%  v2"]


def test_shares_are_aligned() -> None:
    split = WeightedClusters((WeightedCluster("v1", 98), WeightedCluster("v2", 2)), header_name="x-pick")
    lines = action_lines(Route(ROOT, forward(weighted_clusters=split)))
    assert lines == ["98%  v1", " 2%  v2", "split by header x-pick"]


def test_faults_of_a_route_and_of_its_weighted_clusters() -> None:
    abort = FaultPolicy(abort=FaultAbort(Fraction(5, 1_000_000), 503), downstream_nodes=("n1", "n2"))
    by_header = FaultPolicy(
        FaultDelay(Fraction(50), header_controlled=True),
        FaultAbort(Fraction(1), header_controlled=True),
        upstream_cluster="v2",
        response_rate_limit=FaultRateLimit(Fraction(100)),
    )
    split = WeightedClusters((WeightedCluster("v1", 1, typed_per_filter_config=(("f", by_header),)),))
    assert action_lines(Route(ROOT, forward(weighted_clusters=split), fault=abort)) == [
        "100%  v1",
        "fault for v1: delay as x-envoy-fault-delay-request says for 50%, "
        "abort as x-envoy-fault-abort-request says for 1%, "
        "answer as x-envoy-fault-throughput-response says for 100%; only to cluster v2",
        "fault: abort with 503 for 0.0005%; only from node n1, n2",
    ]
    assert action_lines(Route(ROOT, DirectResponse(204), fault=FaultPolicy())) == [
        "respond 204",
        "fault: none",
    ]


@pytest.mark.parametrize(
    ("action", "lines"),
    [
        (forward(cluster="c"), ["c"]),
        (forward(cluster_header="x-to"), ["cluster named by header x-to"]),
        (
            forward(
                cluster="c",
                path_rewrite=PathRewrite(PathRewriteKind.PREFIX, "/new"),
                host_rewrite=HostRewrite(HostRewriteKind.LITERAL, "other.example"),
                timeout=1.5,
                mirrors=(MirrorPolicy("shadow"),),
            ),
            [
                "c",
                "rewrite prefix to /new",
                "rewrite host to other.example",
                "timeout 1.5s",
                "mirror to shadow",
            ],
        ),
        (
            forward(
                cluster="c",
                path_rewrite=PathRewrite(PathRewriteKind.REGEX, regex=RegexRewrite("a(.)", r"\1")),
                host_rewrite=HostRewrite(HostRewriteKind.HEADER, "x-host"),
            ),
            ["c", r"rewrite path: a(.) becomes \1", "rewrite host to the value of header x-host"],
        ),
        (Redirect(), ["redirect 301"]),
        (
            Redirect(302, https=True, host="h", port=8443, path=PathRewrite(PathRewriteKind.FULL, "/x")),
            ["redirect 302, scheme https, host h, port 8443, path to /x"],
        ),
        (Redirect(strip_query=True), ["redirect 301, without query"]),
        (DirectResponse(204), ["respond 204"]),
        (DirectResponse(200, b"ok\n"), [r"respond 200 'ok\n'"]),
        (DirectResponse(200, b"x" * 60), [f"respond 200 '{'x' * 48}...'"]),
    ],
)
def test_actions(action: ForwardAction | Redirect | DirectResponse, lines: list[str]) -> None:
    assert action_lines(Route(ROOT, action)) == lines


def test_header_edits_follow_the_action() -> None:
    edits = HeaderEdits(
        request_add=(HeaderValue("x-a", "1"),), request_remove=("x-b",), response_remove=("server",)
    )
    assert action_lines(Route(ROOT, DirectResponse(200), edits=edits)) == [
        "respond 200",
        "request header x-a: 1",
        "request header x-b removed",
        "response header server removed",
    ]


def test_place_names_file_and_line() -> None:
    assert place(Origin("a.yaml", 7, 3)) == "a.yaml:7"
    assert place(None) == ""
    merged = Origin("a.yaml", 7, 3, via=Origin("b.yaml", 2, 1))
    assert place(merged) == "a.yaml:7 (via b.yaml:2)"


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        ({"timeout": None}, ["timeout 15s, since none is set"]),
        ({"timeout": None, "stream_limits": True}, []),
        ({"timeout": 2.5}, ["timeout 2.5s"]),
        ({"retry_policy": retries(None, hashing=True)}, ["retries 2, by default"]),
        (
            {"retry_policy": RetryPolicy(("5xx", "reset"), 3, 0.5, retriable_status_codes=(429,))},
            ["retries 3 on 5xx, reset; statuses 429; 0.5 s each"],
        ),
        (
            {"hedge_policy": HedgePolicy(hedge_on_per_try_timeout=True)},
            ["hedges what takes longer than a try may"],
        ),
    ],
)
def test_how_long_and_how_often(fields: dict[str, Any], lines: list[str]) -> None:
    assert action_lines(Route(ROOT, forward("c", **fields))) == ["c", *lines]
