"""What an upstream must have sent is told from what clients received, and from nothing else."""

from __future__ import annotations

from typing import Any

from meshcore.replay.implied import implied_upstream_headers


def add(name: str, value: str) -> dict[str, Any]:
    return {"header": {"key": name, "value": value}}


def document(*received: dict[str, list[str]], upstream: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "route_config": {
            "response_headers_to_add": [add("X-Both", "ours"), add("x-format", "%RESP(x-up)%")],
            "virtual_hosts": [{"routes": [{"response_headers_to_remove": ["x-gone"]}]}],
        },
        "cases": [
            {"upstream": upstream, "expect": {"kind": "forward", "response_headers": headers}}
            for headers in received
        ],
    }


def test_headers_that_nobody_adds_are_the_upstreams() -> None:
    headers = {"x-up": ["1", "2"], "x-both": ["theirs", "ours"], "x-format": ["1"], "via": ["envoy"]}
    assert implied_upstream_headers(document(headers, headers)) == [
        (b"x-up", b"1"),
        (b"x-up", b"2"),
        (b"x-both", b"theirs"),
    ]


def test_they_are_the_same_in_every_case() -> None:
    assert implied_upstream_headers(document({"x-up": ["1"]}, {"x-up": ["2"]})) == []
    assert implied_upstream_headers(document({"x-up": ["1"]}, {"x-both": ["ours"]})) == []
    assert implied_upstream_headers(document({"x-gone": ["1"]}, {"x-both": ["ours"]})) == [(b"x-gone", b"1")]


def test_stated_headers_and_unedited_answers_imply_nothing() -> None:
    stated = document({"x-up": ["1"]}, upstream={"headers": [["x-up", "1"]]})
    assert implied_upstream_headers(stated) == []
    plain = document({"x-up": ["1"]})
    plain["route_config"] = {}
    assert implied_upstream_headers(plain) == []
