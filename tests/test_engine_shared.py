"""Engines of several processes that share what they count: one limit, one opinion of who is ejected."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from shared_support import forked, kill, python

from meshcore import Decision, Engine, Outcome, SharedState, SharedStateError, load_text
from meshcore.model import (
    CircuitBreakers,
    Cluster,
    CommonLbConfig,
    Config,
    Endpoint,
    ForwardAction,
    Listener,
    LocalityEndpoints,
    OutlierDetection,
    PathKind,
    PathMatch,
    Route,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)

SIZE = 4 << 20
FIRST, SECOND = "10.0.0.1:80", "10.0.0.2:80"


def config(most: int = 3, name: str = "c", **more: Any) -> Config:
    hosts = LocalityEndpoints((Endpoint("10.0.0.1", 80), Endpoint("10.0.0.2", 80)))
    cluster = Cluster(
        name,
        localities=(hosts,),
        circuit_breakers=CircuitBreakers(max_requests=most, max_connections=2, max_pending_requests=1),
        common_lb=CommonLbConfig(healthy_panic_threshold=0.0, update_merge_window=0.0),
        **more,
    )
    route = Route(RouteMatch(PathMatch(PathKind.PREFIX, "/")), ForwardAction(cluster=name))
    return Config(
        (Listener("l", None, RouteConfiguration("t", (VirtualHost("v", ("*",), (route,)),))),), (cluster,)
    )


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SharedState]:
    yield SharedState(tmp_path / "state", size=SIZE, workers=8)
    gc.collect()


def ask(engine: Engine) -> Decision:
    return engine.decide("GET", "a.com", "/")


def admitted(engine: Engine, times: int = 5) -> list[Decision]:
    return [one for one in (ask(engine) for _ in range(times)) if one.outcome is Outcome.FORWARD]


def used(engine: Engine, resource: str = "requests") -> int:
    found: int = engine.clusters()[0]["circuit_breakers"]["default"][resource]["used"]
    return found


def active(engine: Engine) -> list[int]:
    return [one["active_requests"] for one in engine.clusters()[0]["endpoints"]]


def test_an_engine_says_whether_it_shares(state: SharedState) -> None:
    alone, sharing = Engine(config()), Engine(config(), shared_state=state)
    assert (alone.shared_state, sharing.shared_state) == (None, state)
    assert alone.clusters()[0]["shared_state"] is None
    assert sharing.clusters()[0]["shared_state"] == str(state.path)
    assert len(admitted(alone)) == 3
    assert used(sharing) == 0


def test_engines_of_one_state_have_one_limit(state: SharedState) -> None:
    one, two = Engine(config(), shared_state=state), Engine(config(), shared_state=str(state.path))
    kept = admitted(one, 2)
    more = admitted(two)
    assert len(more) == 1
    refused = ask(one)
    assert (refused.outcome, refused.status, refused.flags) == (Outcome.REJECT, 503, "UO")
    assert sum(active(one)) == sum(active(two)) == used(one) == 3
    for decision in kept + more:
        decision.close()
        decision.close()
    assert (active(one), used(two)) == ([0, 0], 0)
    assert one.clusters()[0]["circuit_breakers"]["default"]["requests"]["overflows"] == 5
    assert two.has_traffic("c")


def test_clusters_of_other_names_have_limits_of_their_own(state: SharedState) -> None:
    one, two = Engine(config(), shared_state=state), Engine(config(name="d"), shared_state=state)
    kept = admitted(one), admitted(two)
    assert [len(some) for some in kept] == [3, 3]


def test_a_killed_worker_leaves_nothing(state: SharedState) -> None:
    engine = Engine(config(), shared_state=state)

    def work() -> object:
        kept = admitted(engine, 2), engine.connection("c", FIRST), engine.pending("c")
        assert len(kept[0]) == 2
        return kept

    with forked(work) as worker:
        assert (used(engine), used(engine, "connections"), used(engine, "pending_requests")) == (2, 1, 1)
        assert len(admitted(engine)) == 1
        kill(worker)
        assert (used(engine), used(engine, "connections"), used(engine, "pending_requests")) == (0, 0, 0)
        assert active(engine) == [0, 0]


def test_whoever_is_refused_takes_the_place_of_the_dead(state: SharedState) -> None:
    engine = Engine(config(), shared_state=state)
    with forked(lambda: admitted(engine)) as worker:
        assert not admitted(engine, 1)
        kill(worker)
        # Processes look for the dead every 50 ms at most: no clock of ours says when that was.
        while not (found := admitted(engine, 1)):
            pass
        assert used(engine) == 1
        found[0].close()


def test_what_a_parent_holds_stays_its_own(state: SharedState) -> None:
    """As with gunicorn --preload: decisions and leases that were there before the fork."""
    engine = Engine(config(most=9), shared_state=state)
    kept, lease = admitted(engine, 2), engine.connection("c", FIRST)
    assert lease is not None

    def work() -> object:
        own = admitted(engine, 1)
        for decision in kept:
            decision.close()
        lease.close()
        return own

    with forked(work):
        assert (used(engine), used(engine, "connections")) == (3, 1)
    for decision in kept:
        decision.close()
    lease.close()
    assert (used(engine), used(engine, "connections"), active(engine)) == (0, 0, [0, 0])


def test_a_host_that_one_ejects_is_ejected_for_all(state: SharedState) -> None:
    made = config(outlier_detection=OutlierDetection(consecutive_5xx=3, max_ejection_percent=50))
    engine = Engine(made, shared_state=state)

    def work() -> object:
        own = Engine(made, shared_state=state)
        for _ in range(12):
            with ask(own) as decision:
                decision.report(status=500 if decision.endpoint == FIRST else 200)
        return own

    with forked(work):
        assert {ask(engine).endpoint for _ in range(10)} == {SECOND}
        first = engine.clusters()[0]["endpoints"][0]
        assert first["ejected"]
        assert (first["health"], first["failing"]) == ("UNHEALTHY", ["outlier detection"])
    assert engine.clusters()[0]["endpoints"][0]["ejected"]  # though who ejected it is gone
    engine.sweep(now_ns=2**62)
    assert not engine.clusters()[0]["endpoints"][0]["ejected"]


def test_what_a_user_says_of_a_host_is_said_in_this_process(state: SharedState) -> None:
    engine = Engine(config(), shared_state=state)

    def work() -> object:
        engine.set_health("c", FIRST, False)
        assert {ask(engine).endpoint for _ in range(4)} == {SECOND}
        return engine

    with forked(work):
        assert engine.clusters()[0]["endpoints"][0]["health"] == "HEALTHY"


def test_a_swap_keeps_what_is_counted(state: SharedState) -> None:
    engine = Engine(config(), shared_state=state)
    kept = admitted(engine, 2)
    engine.swap(config(most=5))
    more = admitted(engine)
    assert (len(more), used(engine)) == (3, 5)
    for decision in kept + more:
        decision.close()
    assert used(engine) == 0


def test_endpoints_that_come_and_go_do_not_fill_the_state(tmp_path: Path) -> None:
    state = SharedState(tmp_path / "small", size=64 << 10, workers=4)
    engine = Engine(config(), shared_state=state)
    for number in range(300):
        engine.update_endpoints("c", [f"10.1.{number}.{k}:80" for k in range(3)])
    assert ask(engine).endpoint.startswith("10.1.299.")  # type: ignore[union-attr]


def test_no_room_is_an_error_and_changes_nothing(tmp_path: Path) -> None:
    state = SharedState(tmp_path / "small", size=64 << 10, workers=4)
    engine = Engine(config(), shared_state=state)
    many = tuple(Endpoint(f"10.1.{number // 250}.{number % 250}", 80) for number in range(1000))
    large = config()
    large = replace(large, clusters=(replace(large.clusters[0], localities=(LocalityEndpoints(many),)),))
    with pytest.raises(SharedStateError, match=rf"{state.path} is full: .* make it larger \(size=\)"):
        engine.swap(large)
    with pytest.raises(SharedStateError, match="is full"):
        engine.update_endpoints("c", [one.authority for one in many])
    with pytest.raises(SharedStateError, match="is full"):
        Engine(large, shared_state=state)
    assert ask(engine).endpoint in (FIRST, SECOND)
    gc.collect()
    engine.update_endpoints("c", ["10.1.1.1:80", "10.1.1.2:80"])
    assert len(admitted(engine)) == 3


LIMITS = """
apiVersion: meshcore/v1
kind: RateLimits
rules:
- {name: all, rate: 10/hour}
- {name: per-client, rate: 4/hour, key: remote_address}
"""


def let_in(engine: Engine, source: str, times: int = 10) -> int:
    return sum(engine.decide("GET", "a.com", "/", source=source).retry_after is None for _ in range(times))


def test_rate_limits_of_a_configuration_are_shared(state: SharedState) -> None:
    engine = Engine(load_text(LIMITS), shared_state=state)

    def work() -> object:
        other = Engine(load_text(LIMITS), shared_state=state)
        assert let_in(other, "10.0.0.1", 3) == 3
        return other

    with forked(work):
        assert let_in(engine, "10.0.0.1") == 1
        assert let_in(engine, "10.0.0.2") == 4
    del engine
    gc.collect()
    # They keep what they owe when nobody has them.
    assert let_in(Engine(load_text(LIMITS), shared_state=state), "10.0.0.2") == 0
    assert let_in(Engine(load_text(LIMITS)), "10.0.0.2") == 4


HOLDS = """
import sys
from test_engine_shared import Engine, admitted, config
engine = Engine(config(most=10), shared_state=sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    kept = admitted(engine, 8)
    print(len(kept), flush=True)
"""


def test_workers_that_are_spawned(state: SharedState) -> None:
    workers = [python(HOLDS, state.path) for _ in range(3)]
    counts = []
    for worker in workers:
        assert worker.stdin is not None
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        worker.stdin.write("go\n")
        worker.stdin.flush()
        counts.append(int(worker.stdout.readline()))
    assert counts == [8, 2, 0]
    engine = Engine(config(most=10), shared_state=state)
    assert used(engine) == 10
    for worker in workers:
        worker.kill()
        worker.communicate()
    assert used(engine) == 0
    assert state.processes == (os.getpid(),)


def test_what_is_no_shared_state_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="shared_state is 7"):
        Engine(config(), shared_state=7)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected a name"):
        Engine(config(), shared_state="a b")
