"""Engine: a process may fork while other threads change what it serves."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from test_engine_shared import ask, config

from meshcore import Engine, Outcome
from meshcore.model import Cluster

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")

_forking = threading.Event()
os.register_at_fork(before=_forking.set)  # before the engine's own, which was registered earlier


class Slow(tuple[Cluster, ...]):
    """Clusters that are not looked through until the process forks."""

    reached = threading.Event()

    def __iter__(self) -> Iterator[Any]:
        self.reached.set()
        _forking.wait(20)
        return super().__iter__()


def test_a_fork_waits_for_a_change_that_is_under_way() -> None:
    engine = Engine(config())
    _forking.clear()
    Slow.reached.clear()
    slow = replace(config(), clusters=Slow(config().clusters))
    changing = threading.Thread(target=engine.swap, args=(slow,))
    changing.start()
    assert Slow.reached.wait(20)
    child = os.fork()
    if not child:
        signal.alarm(20)  # kills it where it hangs
        engine.swap(config(most=1))
        os._exit(0 if ask(engine).outcome is Outcome.FORWARD else 1)
    changing.join()
    assert os.waitpid(child, 0)[1] == 0
    assert engine.config is slow


def test_children_of_threads_that_fork_at_once() -> None:
    engines = [Engine(config()) for _ in range(3)]
    codes: list[int] = []

    def fork() -> None:
        for _ in range(5):
            child = os.fork()
            if not child:
                signal.alarm(20)
                for engine in engines:
                    engine.swap(config(most=1))
                os._exit(0)
            codes.append(os.waitpid(child, 0)[1])

    threads = [threading.Thread(target=fork) for _ in range(3)]
    swapping = threading.Thread(target=lambda: [engines[0].swap(config(most=n)) for n in range(1, 50)])
    for thread in (*threads, swapping):
        thread.start()
    for thread in (*threads, swapping):
        thread.join()
    assert codes == [0] * 15
