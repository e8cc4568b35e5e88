"""meshcore._disposal: large graphs freed in pieces, and elsewhere than where they are dropped."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from queue import SimpleQueue

import pytest

from meshcore import Engine, _disposal
from meshcore._disposal import dispose, ready, release
from meshcore.model import (
    Config,
    DirectResponse,
    Listener,
    PathKind,
    PathMatch,
    Route,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)

DEADLINE = 30.0  # seconds that the disposal thread may take to be given its turn


class Noted:
    """Tells which thread freed it."""

    def __init__(self, freed: SimpleQueue[str]) -> None:
        self.freed = freed

    def __del__(self) -> None:
        self.freed.put(threading.current_thread().name)


@dataclass(frozen=True)
class Node:
    children: tuple[object, ...]


def test_release_frees_everything_and_empties_the_list() -> None:
    freed: SimpleQueue[str] = SimpleQueue()
    wide = [Noted(freed) for _ in range(_disposal.WIDE)]
    roots: list[object] = [Node((Node(tuple(wide)), Noted(freed))), {"one": Noted(freed)}, wide.pop()]
    wide.clear()
    release(roots)
    assert roots == []
    assert freed.qsize() == _disposal.WIDE + 2


def test_the_items_of_wide_containers_are_freed_one_by_one() -> None:
    """Each is the last of its kind when its turn comes: the container itself is gone by then."""
    left: list[int] = []

    class Counted:
        alive = 0

        def __init__(self) -> None:
            Counted.alive += 1

        def __del__(self) -> None:
            Counted.alive -= 1
            left.append(Counted.alive)

    pieces = _disposal._pieces([Node((tuple(Counted() for _ in range(1000)),))])
    assert Counted.alive == 1000, "the pieces hold them after their container has gone"
    while pieces:
        pieces.pop()
    assert left == list(range(999, -1, -1))


def test_what_others_hold_stays() -> None:
    freed: SimpleQueue[str] = SimpleQueue()
    kept = Noted(freed)
    release([[kept] * 1000])
    assert freed.empty()


def test_dispose_frees_in_a_thread_of_its_own() -> None:
    freed: SimpleQueue[str] = SimpleQueue()
    ready()
    dispose(Noted(freed), [Noted(freed)])
    assert {freed.get(timeout=DEADLINE), freed.get(timeout=DEADLINE)} == {"meshcore-disposal"}


def test_without_a_thread_in_this_process_values_are_freed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a fork: threads stay behind."""
    monkeypatch.setattr(_disposal, "_owner", -1)
    freed: SimpleQueue[str] = SimpleQueue()
    dispose(Noted(freed))
    assert freed.get_nowait() == threading.current_thread().name


def config(routes: int, freed: SimpleQueue[str]) -> Config:
    """A table whose last route tells when it is freed."""
    made = [
        Route(RouteMatch(PathMatch(PathKind.EXACT, f"/{i}")), DirectResponse(200), name=str(i))
        for i in range(routes - 1)
    ]
    match = RouteMatch(PathMatch(PathKind.PREFIX, "/"))
    made.append(Route(match, DirectResponse(204), typed_per_filter_config=(("noted", Noted(freed)),)))
    host = VirtualHost("shop", ("*",), tuple(made))
    return Config((Listener("l", None, RouteConfiguration("t", (host,))),))


@pytest.mark.parametrize(("routes", "where"), [(2000, "meshcore-disposal"), (3, "MainThread")])
def test_the_last_decision_does_not_pay_for_a_large_snapshot(routes: int, where: str) -> None:
    freed: SimpleQueue[str] = SimpleQueue()
    engine = Engine(config(routes, freed))
    decision = engine.decide("GET", "shop", "/0")
    engine.swap(config(1, SimpleQueue()))
    assert freed.empty(), "the decision pins what it was made by"
    decision.close()
    del decision
    assert freed.get(timeout=DEADLINE) == where
