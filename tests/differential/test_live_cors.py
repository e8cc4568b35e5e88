"""The engine treats requests from other origins as a running Envoy does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from live_compare import Request
from live_cors import CORS_LISTENERS, HOSTS, ROUTES, cors_requests
from live_pair import Ask

pytestmark = pytest.mark.envoy

LIVE = settings(
    derandomize=True,
    deadline=None,
    max_examples=600,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def check(ask: Ask, listener: str, request: Request) -> None:
    envoy, engine = ask(listener, request)
    if engine.details == "cors_response":  # Envoy tells no details of an answer by a filter
        engine = replace(engine, details="")
    assert envoy.differences(engine) == {}, f"(Envoy's, ours) of {request} at {listener}"


@pytest.mark.parametrize("listener", CORS_LISTENERS)
def test_any_request(ask_cors: Ask, listener: str) -> None:
    @LIVE
    @given(cors_requests)
    def run(request: Request) -> None:
        check(ask_cors, listener, request)

    run()


@pytest.mark.parametrize("listener", CORS_LISTENERS)
@pytest.mark.parametrize("origin", ["http://ok", "https://x.example", "http://r12", "http://nobody"])
def test_a_preflight_and_a_request_on_every_route(ask_cors: Ask, listener: str, origin: str) -> None:
    asked = (("origin", origin), ("access-control-request-method", "PUT"))
    for host in range(HOSTS):
        for route in range(ROUTES):
            for method in ("OPTIONS", "GET"):
                check(ask_cors, listener, Request(f"v{host}.example", f"/{route}", method, asked))
