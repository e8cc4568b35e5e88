"""The engine decides as a running Envoy does, for one configuration and the same requests."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from live_compare import Request
from live_config import LISTENERS
from live_pair import Ask
from live_requests import edits, paths, redirects, rewrites, splits

pytestmark = pytest.mark.envoy

LIVE = settings(
    derandomize=True,
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
HAND_WRITTEN = (
    Request("paths.example", "/exact?x=1"),
    Request("PATHS.example", "/a/./b/../c"),
    Request("paths.example:8080", "/q?k=v"),
    Request("paths.example:81", "/exact"),
    Request("paths.example", "http://x.paths.example/exact"),
    Request("paths.example", "*", method="OPTIONS"),
    Request("paths.example", "/exact#fragment"),
    Request("paths.example", "/é"),
    Request("paths.example", "/a b"),
    Request("redirects.example:8443", "/tls/x?y"),
    Request("redirects.example", "/rx/abc/?q"),
    Request("rewrites.example", "/p1?q=%2F"),
    Request("rewrites.example", "/h3/sub.host/x"),
    Request("edits.example", "/order", headers=(("x-e", "1"), ("X-D", "2"), ("x-d", "3"))),
    Request("edits.example", "/format", headers=(("X-B", "bee"), ("x-gone", "here"))),
    Request("edits.example", "/split", headers=(("x-random", "30"), ("x-a", "1"))),
    Request("tls.example", "/x?y"),
    Request("nobody.example", "/"),
)


def check(ask: Ask, listener: str, request: Request) -> None:
    envoy, engine = ask(listener, request)
    assert envoy.differences(engine) == {}, f"(Envoy's, ours) of {request} at {listener}"


@pytest.mark.parametrize("listener", LISTENERS)
@pytest.mark.parametrize("request_", HAND_WRITTEN, ids=lambda item: f"{item.authority}{item.target}")
def test_by_hand(ask: Ask, listener: str, request_: Request) -> None:
    check(ask, listener, request_)


@pytest.mark.parametrize("listener", LISTENERS)
def test_paths(ask: Ask, listener: str) -> None:
    @LIVE
    @given(paths)
    def run(request: Request) -> None:
        check(ask, listener, request)

    run()


@pytest.mark.parametrize("listener", ["plain", "unescaping"])
def test_redirects(ask: Ask, listener: str) -> None:
    @LIVE
    @given(redirects)
    def run(request: Request) -> None:
        check(ask, listener, request)

    run()


@pytest.mark.parametrize("listener", ["plain", "normal"])
def test_rewrites(ask: Ask, listener: str) -> None:
    @LIVE
    @given(rewrites)
    def run(request: Request) -> None:
        check(ask, listener, request)

    run()


@pytest.mark.parametrize("listener", ["plain", "rejecting"])
def test_edits(ask: Ask, listener: str) -> None:
    @LIVE
    @given(edits)
    def run(request: Request) -> None:
        check(ask, listener, request)

    run()


def test_splits(ask: Ask) -> None:
    @LIVE
    @given(splits)
    def run(request: Request) -> None:
        check(ask, "plain", request)

    run()
