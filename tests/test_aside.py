"""Blocking work beside an event loop."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from meshcore._aside import aside

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
