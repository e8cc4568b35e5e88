"""meshcore.upstream.connections: threads and event loops stand in one line for the places at an endpoint."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from dataclasses import replace
from typing import Any

import pytest
from test_engine_shared import FIRST, config

from meshcore import Engine
from meshcore.model import CircuitBreakers
from meshcore.upstream.connections import Connections, Place
from meshcore.upstream.replies import UpstreamError

PLACE = Place("c", FIRST, "default")
PATIENCE = 20.0


def engine(connections: int = 1, pending: int = 4) -> Engine:
    breakers = CircuitBreakers(max_connections=connections, max_pending_requests=pending)
    made = config()
    return Engine(replace(made, clusters=(replace(made.clusters[0], circuit_breakers=breakers),)))


def used(of: Engine) -> tuple[int, int]:
    """Connections and pending requests."""
    found = of.clusters()[0]["circuit_breakers"]["default"]
    return found["connections"]["used"], found["pending_requests"]["used"]


def in_threads(count: int, work: Any) -> list[threading.Thread]:
    threads = [threading.Thread(target=work, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_threads_take_turns() -> None:
    made = engine()
    places = Connections(made)
    got: list[int] = []

    def work() -> None:
        for _ in range(200):
            place = places.wait(PLACE, PATIENCE)
            got.append(used(made)[0])
            place.close()
            place.close()

    for thread in in_threads(4, work):
        thread.join(PATIENCE)
    assert got == [1] * 800
    assert used(made) == (0, 0)


def test_a_thread_waits_no_longer_than_it_may() -> None:
    made = engine()
    places = Connections(made)
    held = places.wait(PLACE)
    with pytest.raises(TimeoutError):
        places.wait(PLACE, 0)
    assert used(made) == (1, 0)
    held.close()
    places.wait(PLACE, 0).close()
    assert used(made) == (0, 0)


def test_a_task_waits_no_longer_than_it_may() -> None:
    made = engine()
    places = Connections(made)

    async def main() -> None:
        held = await places.take(PLACE)
        with pytest.raises(TimeoutError):
            await places.take(PLACE, 0)
        assert used(made) == (1, 0)
        patient = asyncio.ensure_future(places.take(PLACE, PATIENCE))
        await asyncio.sleep(0)
        assert used(made) == (1, 1)
        held.close()
        (await patient).close()
        (await places.take(PLACE, 0)).close()

    asyncio.run(main())
    assert used(made) == (0, 0)


def test_a_place_that_comes_as_the_time_is_over_goes_to_the_next() -> None:
    made = engine()
    places = Connections(made)

    async def main() -> None:
        held = await places.take(PLACE)
        late = asyncio.ensure_future(places.take(PLACE, 0))
        patient = asyncio.ensure_future(places.take(PLACE, PATIENCE))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0, held.close)  # after the end of the wait, before its task
        with pytest.raises(TimeoutError):
            await late
        (await patient).close()

    asyncio.run(main())
    assert used(made) == (0, 0)


def test_no_more_wait_than_may() -> None:
    made = engine(pending=0)
    places = Connections(made)
    held = places.wait(PLACE)
    with pytest.raises(UpstreamError, match="overflow"):
        places.wait(PLACE, PATIENCE)
    held.close()
    assert used(made) == (0, 0)


def test_a_thread_wakes_an_event_loop_and_the_other_way_round() -> None:
    made = engine()
    places = Connections(made)
    held = places.wait(PLACE)
    order: list[str] = []

    def thread() -> None:
        with_thread = places.wait(PLACE, PATIENCE)
        order.append("thread")
        with_thread.close()

    async def main() -> None:
        first = asyncio.ensure_future(places.take(PLACE))
        await asyncio.sleep(0)
        (worker,) = in_threads(1, thread)
        while used(made)[1] < 2:
            await asyncio.sleep(0)
        threading.Thread(target=held.close).start()
        place = await asyncio.wait_for(first, PATIENCE)
        order.append("loop")
        place.close()
        await asyncio.to_thread(worker.join, PATIENCE)

    asyncio.run(main())
    assert order == ["loop", "thread"]
    assert used(made) == (0, 0)


@pytest.mark.parametrize("freed_before", [False, True])
def test_who_is_cancelled_passes_its_turn_on(freed_before: bool) -> None:
    made = engine()
    places = Connections(made)

    async def main() -> None:
        held = await places.take(PLACE)
        first, second = (asyncio.ensure_future(places.take(PLACE)) for _ in range(2))
        await asyncio.sleep(0)
        if freed_before:
            held.close()
        first.cancel()
        if not freed_before:
            await asyncio.sleep(0)
            held.close()
        place = await asyncio.wait_for(second, PATIENCE)
        assert first.cancelled()
        assert used(made) == (1, 0)
        place.close()

    asyncio.run(main())
    assert used(made) == (0, 0)


def test_a_loop_that_is_gone_holds_nobody_up() -> None:
    made = engine()
    places = Connections(made)
    held = places.wait(PLACE)
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(places.take(PLACE))
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    assert used(made) == (1, 1)
    held.close()
    places.wait(PLACE, 0).close()
    waiting._log_destroy_pending = False  # type: ignore[attr-defined]


def test_a_cluster_that_goes_limits_nobody() -> None:
    made = engine()
    places = Connections(made)
    held = places.wait(PLACE)

    async def main() -> None:
        first, second = (asyncio.ensure_future(places.take(PLACE)) for _ in range(2))
        await asyncio.sleep(0)
        made.swap(config(name="other"))
        held.close()
        for place in await asyncio.wait_for(asyncio.gather(first, second), PATIENCE):
            place.close()

    asyncio.run(main())
    places.wait(PLACE, 0).close()


def test_cancelling_and_freeing_from_everywhere_loses_no_place(often: None) -> None:
    made = engine(connections=2, pending=1000)
    places = Connections(made)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                places.wait(PLACE, 0.0005).close()

    async def main() -> None:
        async def one() -> None:
            place = await places.take(PLACE)
            await asyncio.sleep(0)
            place.close()

        for turn in range(300):
            tasks = [asyncio.ensure_future(one()) for _ in range(4)]
            await asyncio.sleep(0)
            tasks[turn % 4].cancel()
            await asyncio.wait(tasks, timeout=PATIENCE)
            assert all(task.done() for task in tasks)

    threads = in_threads(3, work)
    try:
        asyncio.run(main())
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)
    assert used(made) == (0, 0)
