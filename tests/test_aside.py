"""Blocking work beside an event loop."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from meshcore._aside import Together, aside

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")


def test_work_has_the_context_and_leaves_no_thread() -> None:
    async def run() -> tuple[str, threading.Thread]:
        variable.set("given")
        return await aside(lambda: (variable.get(), threading.current_thread()))

    got, thread = asyncio.run(run())
    thread.join(30)
    assert got == "given"
    assert thread is not threading.main_thread()
    assert not thread.is_alive()


def test_an_error_is_raised() -> None:
    def work() -> None:
        raise OSError("no such file")

    async def run() -> None:
        await aside(work)

    with pytest.raises(OSError, match="no such file"):
        asyncio.run(run())


def test_who_is_cancelled_does_not_wait_for_it() -> None:
    begun, let_go = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        assert let_go.wait(30)

    async def run() -> None:
        task = asyncio.create_task(aside(work))
        while not begun.is_set():
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        let_go.set()

    asyncio.run(run())


def test_who_wants_the_same_waits_for_the_same_thread() -> None:
    let_go = threading.Event()
    threads: list[threading.Thread] = []

    def work() -> None:
        threads.append(threading.current_thread())
        assert let_go.wait(30)

    async def run() -> None:
        together = Together()
        first, *others = (asyncio.ensure_future(together.aside(work)) for _ in range(100))
        while not threads:
            await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        assert first.cancelled()
        assert not any(other.done() for other in others)
        let_go.set()
        await asyncio.gather(*others)
        assert len(threads) == 1
        await together.aside(work)  # which is other work: the first is done
        assert len(threads) == 2

    asyncio.run(run())


def test_all_who_wait_are_told_of_an_error_and_who_comes_then_tries_again() -> None:
    let_go = threading.Event()

    def fails() -> None:
        assert let_go.wait(30)
        raise OSError("no such file")

    async def run() -> None:
        together = Together()
        waiting = [asyncio.ensure_future(together.aside(fails)) for _ in range(3)]
        await asyncio.sleep(0)
        let_go.set()
        errors = await asyncio.gather(*waiting, return_exceptions=True)
        assert [str(error) for error in errors] == ["no such file"] * 3
        await together.aside(lambda: None)

    asyncio.run(run())
