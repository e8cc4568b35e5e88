"""The engine injects faults where a running Envoy does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from math import sqrt
from time import monotonic

import pytest
from hypothesis import HealthCheck, given, settings
from live_compare import Request, View, ask_envoy
from live_faults import FAULT_LISTENERS, FAULT_RUNTIME, HOSTS, ROUTES, fault_requests, share_listener
from live_pair import LivePair, live_pair

pytestmark = pytest.mark.envoy

LIVE = settings(
    derandomize=True,
    deadline=None,
    max_examples=1500,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
#: Each a third of all requests.
SHARES = {
    "hundred": {"numerator": 33},
    "ten thousand": {"numerator": 3_333, "denominator": "TEN_THOUSAND"},
    "million": {"numerator": 333_333, "denominator": "MILLION"},
}


@pytest.fixture(scope="module")
def faulty(binary: str) -> Iterator[LivePair]:
    shares = {name: share_listener(share) for name, share in SHARES.items()}
    with live_pair(binary, {**FAULT_LISTENERS, **shares}, runtime=FAULT_RUNTIME) as pair:
        yield pair


def check(pair: LivePair, listener: str, request: Request) -> None:
    envoy, engine = pair.ask(listener, request)
    if engine.details in ("cors_response", "direct_response") and not envoy.details:
        engine = replace(engine, details="")  # Envoy tells no details of an answer by a filter
    envoy, engine = (replace(view, received=without_client(view)) for view in (envoy, engine))
    assert envoy.differences(engine) == {}, f"(Envoy's, ours) of {request} at {listener}"


def without_client(view: View) -> list[tuple[str, str]]:
    """Envoy has another address than loopback."""
    own = ("x-forwarded-for", "x-envoy-external-address", "x-envoy-internal")
    return [line for line in view.received if line[0] not in own]


@pytest.mark.parametrize("listener", FAULT_LISTENERS)
def test_any_request(faulty: LivePair, listener: str) -> None:
    @LIVE
    @given(fault_requests)
    def run(request: Request) -> None:
        check(faulty, listener, request)

    run()


@pytest.mark.parametrize("listener", FAULT_LISTENERS)
def test_every_route(faulty: LivePair, listener: str) -> None:
    lines = (("x-envoy-fault-abort-request", "503"), ("x-envoy-fault-delay-request", "3"), ("x-fault", "on"))
    for host in range(HOSTS + 1):
        for route in range(ROUTES + 1):
            for downstream in ("ds-all", "ds.none", "other"):
                named = (("x-envoy-downstream-service-cluster", downstream), *lines)
                check(faulty, listener, Request(f"v{host}.example", f"/{route}", "GET", named))
            check(faulty, listener, Request(f"v{host}.example", f"/{route}", "GET", lines))


@pytest.mark.parametrize("listener", FAULT_LISTENERS)
def test_envoy_waits_where_the_engine_says_so(faulty: LivePair, listener: str) -> None:
    port, delayed = faulty.ports[listener], 0
    for host in range(HOSTS):
        for route in range(ROUTES):
            request = Request(
                f"v{host}.example", f"/{route}", "GET", (("x-envoy-fault-delay-request", "40"),)
            )
            with faulty.engine.decide(
                "GET", request.authority, request.target, request.headers, port=port
            ) as d:
                if d.delay:
                    delayed += 1
                    begun = monotonic()
                    ask_envoy(port, request)
                    # Its timers count from when its loop last woke up: a little before.
                    assert monotonic() - begun >= d.delay / 2
    assert delayed


@pytest.mark.parametrize("listener", SHARES)
def test_shares(faulty: LivePair, listener: str) -> None:
    tries, seen = 1500, Counter[bool]()
    port, request = faulty.ports[listener], Request("a.example", "/")
    for seed in range(tries):
        seen[ask_envoy(port, request).status == 503] += 1
        with faulty.engine.decide("GET", "a.example", "/", port=port, seed=seed) as d:
            seen[d.details == "fault_filter_abort"] -= 1
    # The difference of two counts, each with a variance of n p (1 - p); five deviations.
    assert abs(seen[True]) < 5 * sqrt(2 * tries * 2 / 9)
