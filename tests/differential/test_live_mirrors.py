"""Envoy sends the copies that the engine decides on, and that our proxy sends."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from queue import Empty, SimpleQueue

import pytest
from live_compare import IGNORED, Request, ask_envoy
from live_config import CLUSTERS
from live_envoy import PATIENCE
from live_mirrors import MIRROR_LISTENERS, MIRROR_REQUESTS
from live_pair import LivePair
from live_proxy import proxy_of
from live_upstream import Received

pytestmark = pytest.mark.envoy

LOOPBACK = "127.0.0.1"
#: A request at an upstream: its cluster, method, target and lines.
Arrival = tuple[str, str, str, tuple[tuple[str, str], ...]]


def arrival(cluster: str, method: str, target: str, lines: list[tuple[str, str]], *own: str) -> Arrival:
    """``own``: the addresses that the proxy names itself by."""
    kept = []
    for name, value in lines:
        if name.lower() not in IGNORED:
            for address in own:
                value = value.replace(address, "<own>")
            kept.append((name.lower(), value))
    return cluster, method, target, tuple(sorted(kept))


def decided(pair: LivePair, port: int, request: Request) -> Iterator[Arrival]:
    """What arrives at the upstreams, by the engine's decision."""
    decision = pair.engine.decide(
        request.method,
        request.authority,
        request.target,
        [(name.encode(), value.encode()) for name, value in request.headers],
        source=LOOPBACK,
        local="192.0.2.9",
        port=port,
    )
    with decision:
        if decision.cluster is None or decision.endpoint is None:
            return
        lines = [("host", decision.authority), *text(decision.request_headers())]
        yield arrival(decision.cluster, decision.method, decision.path, lines, "192.0.2.9")
        for mirror in decision.mirrors:
            lines = [("host", mirror.authority), *text(mirror.request_headers())]
            yield arrival(mirror.cluster, decision.method, decision.path, lines, "192.0.2.9")


def text(lines: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode(), value.decode()) for name, value in lines]


def drained(log: SimpleQueue[tuple[int, Received]], count: int) -> list[tuple[int, Received]]:
    """``count`` arrivals, or those of all our patience, and whatever comes with them."""
    end = time.monotonic() + PATIENCE
    found: list[tuple[int, Received]] = []
    while time.monotonic() < end:
        try:
            found.append(log.get(timeout=0.05 if len(found) >= count else 1))
        except Empty:
            if len(found) >= count:
                break
    return found


@pytest.mark.parametrize("listener", MIRROR_LISTENERS)
def test_copies(mirroring: LivePair, listener: str) -> None:
    port = mirroring.ports[listener]
    log = mirroring.upstreams.log
    own = ""
    for request in MIRROR_REQUESTS:
        wanted = Counter(decided(mirroring, port, request))
        ask_envoy(port, request)
        found = drained(log, wanted.total())
        own = own or own_address(found)
        seen = Counter(
            arrival(CLUSTERS[index], item.method, item.target, item.headers, own) for index, item in found
        )
        assert seen - wanted == wanted - seen == Counter(), f"(Envoy's, ours) of {request} at {listener}"


@pytest.mark.parametrize("listener", MIRROR_LISTENERS)
def test_the_proxy_sends_the_same_copies(mirroring: LivePair, listener: str) -> None:
    log, ports = mirroring.upstreams.log, mirroring.ports
    with proxy_of(mirroring.engine, ports[listener]) as port:
        for request in MIRROR_REQUESTS:
            wanted = sum(1 for _ in decided(mirroring, ports[listener], request))
            seen = []
            for side in (ports[listener], port):
                ask_envoy(side, request)
                found = drained(log, wanted)
                own = own_address(found)
                seen.append(
                    Counter(
                        arrival(CLUSTERS[at], item.method, item.target, item.headers, own, LOOPBACK)
                        for at, item in found
                    )
                )
            envoy, proxy = seen
            assert envoy - proxy == proxy - envoy == Counter(), f"(Envoy's, ours) of {request} at {listener}"


def own_address(found: list[tuple[int, Received]]) -> str:
    """What Envoy adds to x-forwarded-for of a copy."""
    for _, received in found:
        headers = {name.lower(): value for name, value in received.headers}
        if headers.get("x-envoy-internal") == "true" and "x-forwarded-for" in headers:
            return headers["x-forwarded-for"].rpartition(",")[2]
    return LOOPBACK
