"""Engine.swap under load, from several threads: every decision is of one configuration, whole."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from meshcore import Engine
from meshcore.model import (
    Cluster,
    Config,
    Endpoint,
    ForwardAction,
    Listener,
    LocalityEndpoints,
    PathKind,
    PathMatch,
    Route,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)

CONFIGS = 4
SWAPS = 150
DECISIONS = 2_000
OPEN = 16  # decisions that a thread keeps open: they pin the configurations of earlier swaps
#: One more than where snapshots are left to the disposal thread: some are freed there, some at once.
ROUTES = (1, 3, 30, 1_001)


def cluster(name: str, host: int) -> Cluster:
    endpoints = tuple(Endpoint(f"10.0.{host}.{i}", 80) for i in range(3))
    return Cluster(name, localities=(LocalityEndpoints(endpoints),))


def config(number: int, routes: int) -> Config:
    """Its route, cluster and endpoints bear the number; ``shared`` is in all of them."""
    own = ForwardAction(cluster=f"c{number}")
    made = [
        Route(RouteMatch(PathMatch(PathKind.EXACT, f"/{i}")), own, name=f"r{number}") for i in range(routes)
    ]
    made.append(
        Route(
            RouteMatch(PathMatch(PathKind.PREFIX, "/shared")), ForwardAction(cluster="shared"), name="shared"
        )
    )
    table = RouteConfiguration("t", (VirtualHost("v", ("*",), tuple(made)),))
    return Config((Listener("l", None, table),), (cluster(f"c{number}", number), cluster("shared", 99)))


pytestmark = pytest.mark.usefixtures("often")


def run(workers: list[Callable[[], object]]) -> None:
    """All at once, from the same moment on."""
    barrier = threading.Barrier(len(workers))

    def start(work: Callable[[], object]) -> None:
        barrier.wait()
        work()

    with ThreadPoolExecutor(len(workers)) as pool:
        for done in [pool.submit(start, work) for work in workers]:
            done.result()


def test_decisions_are_whole_and_leases_are_given_back() -> None:
    configs = [config(number, routes) for number, routes in enumerate(ROUTES)]
    engine = Engine(configs[0])

    def decide() -> None:
        kept = deque()  # type: ignore[var-annotated]
        for i in range(DECISIONS):
            decision = engine.decide("GET", "any.example", "/0" if i % 3 else "/shared/x")
            if i % 3:
                number = int(decision.route[1:])
                assert decision.cluster == f"c{number}"
                assert decision.endpoint.startswith(f"10.0.{number}.")
            else:
                assert (decision.route, decision.cluster) == ("shared", "shared")
                assert decision.endpoint.startswith("10.0.99.")
            kept.append(decision)
            if len(kept) > OPEN:
                kept.popleft().close()
        while kept:
            kept.popleft().close()

    def swap(first: int) -> Callable[[], None]:
        def work() -> None:
            for i in range(SWAPS):
                engine.swap(configs[(first + i) % CONFIGS])
                assert engine.config in configs

        return work

    run([decide, decide, decide, swap(1), swap(2)])
    assert sum(one["active_requests"] for it in engine.clusters() for one in it["endpoints"]) == 0
    engine.swap(configs[1])
    with engine.decide("GET", "any.example", "/0") as decision:
        assert decision.cluster == "c1"


def test_a_lease_of_an_old_configuration_counts_in_the_new_one() -> None:
    """What goes on outlives the swap: the endpoint is as busy as it is, by whatever configuration."""
    engine = Engine(config(0, 1))
    old = [engine.decide("GET", "any.example", "/shared") for _ in range(3)]
    run([lambda: engine.swap(config(1, 1)), lambda: engine.swap(config(1, 1))])
    endpoints = next(it["endpoints"] for it in engine.clusters() if it["name"] == "shared")
    assert sum(one["active_requests"] for one in endpoints) == 3
    for decision in old:
        decision.close()
    endpoints = next(it["endpoints"] for it in engine.clusters() if it["name"] == "shared")
    assert sum(one["active_requests"] for one in endpoints) == 0
