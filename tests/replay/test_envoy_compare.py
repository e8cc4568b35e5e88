"""Comparing with a recording: what equals it passes, each thing that differs is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from meshcore.replay.drive import Observation
from meshcore.replay.envoy_compare import compare_many, compare_one

REQUEST: dict[str, Any] = {
    "method": "GET",
    "authority": "example.com",
    "path": "/a",
    "headers": [["x-keep", "1"], ["x-drop", "2"], ["x-change", "3"]],
}
EXPECT: dict[str, Any] = {
    "kind": "forward",
    "status": 200,
    "route": "r",
    "cluster": "c",
    "endpoint": "127.0.0.2:80",
    "path": "/b",
    "authority": "example.com",
    "request_headers_added": {"x-new": ["<uuid:4>"]},
    "request_headers_changed": {"x-change": ["3", "4"]},
    "request_headers_removed": ["x-drop"],
    "upstream_header_order": [
        ["host", "example.com"],
        ["x-keep", "1"],
        ["x-change", "3"],
        ["x-change", "4"],
        ["x-new", "<uuid:4>"],
    ],
    "response_headers": {"x-up": ["1"]},
    "attempts": 1,
    "attempt_endpoints": ["127.0.0.2:80"],
    "approx_ms": 20,
}
OBSERVED = Observation(
    kind="forward",
    status=200,
    details="",
    route="r",
    cluster="c",
    endpoint="127.0.0.2:80",
    path="/b",
    authority="example.com",
    method="GET",
    sent=[(b"X-Keep", b"1"), (b"X-Drop", b"2"), (b"X-Change", b"3"), (b"content-length", b"5")],
    received=[
        (b"x-keep", b"1"),
        (b"x-change", b"3"),
        (b"x-change", b"4"),
        (b"x-forwarded-proto", b"http"),
        (b"x-new", b"0e4a7ee1-2b49-4f1e-8e5f-6a3c0a1b2c3d"),
    ],
    response=[(b"x-up", b"1"), (b"date", b"now"), (b"content-type", b"text/plain")],
    attempts=("127.0.0.2:80",),
)


def differences(
    expect: dict[str, Any], observed: Observation, *, full: bool = False, request: dict[str, Any] = REQUEST
) -> list[str]:
    return list(compare_one(request, expect, observed, full_headers=full))


def test_the_same_passes() -> None:
    assert differences(EXPECT, OBSERVED) == []


@pytest.mark.parametrize(
    ("field", "value", "key"),
    [
        ("kind", "redirect", "kind"),
        ("status", 503, "status"),
        ("route", "other", "route"),
        ("route", None, "route"),
        ("cluster", "other", "cluster"),
        ("endpoint", "127.0.0.3:80", "endpoint"),
        ("path", "/a", "path"),
        ("authority", "other", "authority"),
        ("method", "POST", "method"),
        ("attempts", ("127.0.0.2:80",) * 2, "attempts"),
        ("attempts", ("127.0.0.3:80",), "attempt_endpoints"),
        ("seconds", 0.2, "approx_ms"),
        ("received", OBSERVED.received[1:], "request_headers_removed"),
        ("received", [*OBSERVED.received, (b"x-more", b"")], "request_headers_added"),
        ("received", [*OBSERVED.received, (b"x-keep", b"1")], "request_headers_changed"),
        ("received", OBSERVED.received[::-1], "upstream_header_order"),
        ("response", [], "response_headers"),
        ("response", [(b"x-up", b"2")], "response_headers"),
        ("response", [(b"x-up", b"1"), (b"x-more", b"1")], "response_headers"),
    ],
)
def test_what_differs_is_named(field: str, value: object, key: str) -> None:
    found = differences(EXPECT, replace(OBSERVED, **{field: value}))
    assert found
    assert all(":" in difference for difference in found)
    assert key in {difference.split(":")[0] for difference in found}


def test_full_headers_list_what_the_proxy_adds_by_itself() -> None:
    found = differences(EXPECT, OBSERVED, full=True)
    assert [item.split(":")[0] for item in found] == ["request_headers_added", "upstream_header_order"]


def test_left_out_path_equals_the_requests_and_left_out_headers_are_not_compared() -> None:
    expect = {"kind": "forward", "cluster": "c"}
    assert differences(expect, replace(OBSERVED, path="/a")) == []
    assert differences(expect, OBSERVED) == ["path: expected '/a', got '/b'"]


def test_left_out_header_lists_are_empty_where_the_path_was_recorded() -> None:
    expect = {"kind": "forward", "path": "/b"}
    found = {item.split(":")[0] for item in differences(expect, OBSERVED)}
    assert found == {"request_headers_added", "request_headers_changed", "request_headers_removed"}


def test_locations_are_joined() -> None:
    redirect = replace(
        OBSERVED,
        kind="redirect",
        received=[],
        attempts=(),
        response=[(b"location", b"a"), (b"Location", b"b")],
    )
    assert differences({"kind": "redirect", "location": "a,b"}, redirect) == []
    assert differences({"kind": "redirect", "location": "a"}, redirect) == [
        "location: expected 'a', got 'a,b'"
    ]


def test_content_type_counts_for_the_routes_own_answer() -> None:
    answer = replace(
        OBSERVED, kind="direct_response", received=[], attempts=(), response=[(b"content-type", b"x")]
    )
    expect: dict[str, Any] = {"kind": "direct_response", "response_headers": {}}
    assert differences(expect, answer) == ["response_headers: content-type: expected nothing, got ['x']"]


def test_the_time_left_of_a_retried_request_may_vary() -> None:
    header = b"x-envoy-expected-rq-timeout-ms"
    twice = replace(OBSERVED, timeout=15.0, attempts=("127.0.0.2:80",) * 2, sent=[])
    expect = {
        "kind": "forward",
        "path": "/b",
        "request_headers_added": {"x-envoy-expected-rq-timeout-ms": ["14996"]},
    }
    for value, same in ((b"14990", True), (b"15000", True), (b"14700", False), (b"15001", False)):
        observed = replace(twice, received=[(header, value)])
        assert (differences(expect, observed, full=True) == []) is same


def many(
    expect: dict[str, Any],
    observed: list[Observation],
    *,
    statistical: bool = False,
    concurrent: bool = False,
) -> list[str]:
    return list(
        compare_many(
            REQUEST,
            expect,
            observed,
            full_headers=False,
            statistical=statistical,
            concurrent=concurrent,
            window=None,
        )
    )


def test_counts_and_sequences() -> None:
    limited = replace(OBSERVED, kind="rate_limited", status=429, endpoint=None, received=[], attempts=())
    observed = [OBSERVED, OBSERVED, limited]
    expect = {
        "counts": {
            "status": {"200": 2, "429": 1},
            "endpoint": {"127.0.0.2:80": 2},
            "kind": {"forward": 2, "rate_limited": 1},
            "cluster": {"c": 3},
            "route": {"r": 3},
        },
        "status_sequence": [200, 200, 429],
        "sequence": ["127.0.0.2:80", "127.0.0.2:80", "rate_limited"],
        "each": [{"kind": "forward"} | EXPECT, EXPECT, {"kind": "rate_limited", "status": 429}],
        "approx_ms_max": 3,
    }
    assert many(expect, observed) == []
    found = many(expect, [OBSERVED, limited, OBSERVED])
    assert {item.split(":")[0] for item in found} == {"status_sequence", "sequence", "request 1", "request 2"}
    assert many({"status_sequence": [429, 200, 200]}, observed, concurrent=True) == []
    assert many({"counts": {"status": {"200": 3}}}, observed) != []
    assert many({"counts": {"status": {"200": 3}}}, observed, statistical=True) != []
