"""The engine limits requests where a running Envoy does, and tells the same of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from live_compare import View
from live_limits import LIMIT_LISTENERS, limit_requests
from live_pair import LivePair, live_pair

pytestmark = pytest.mark.envoy


@pytest.fixture(scope="module")
def limited(binary: str) -> Iterator[LivePair]:
    with live_pair(binary, LIMIT_LISTENERS) as pair:
        yield pair


def comparable(view: View) -> View:
    """Without what the time of day does to it: how long until a token comes, beyond whether there is one."""
    later = ("x-ratelimit-reset", "later")
    response = [
        later if line[0] == "x-ratelimit-reset" and line[1] != "0" else line for line in view.response
    ]
    return replace(view, response=response)


@pytest.mark.parametrize("listener", LIMIT_LISTENERS)
def test_any_requests(limited: LivePair, listener: str) -> None:
    """One after the other: buckets are what the requests before have left."""
    refused = 0
    for number, request in enumerate(limit_requests(int(listener.removeprefix("limits-")), 400)):
        envoy, engine = limited.ask(listener, request)
        if engine.details == "direct_response" and not envoy.details:
            engine = replace(engine, details="")
        refused += engine.details == "local_rate_limited"
        differences = comparable(envoy).differences(comparable(engine))
        assert differences == {}, f"(Envoy's, ours) of request {number}, {request}, at {listener}"
    assert refused
