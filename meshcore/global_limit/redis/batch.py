"""One round trip for what many coroutines ask at the same time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeAlias

from meshcore.global_limit.guard import Unanswered
from meshcore.global_limit.redis.exchange import Question
from meshcore.global_limit.redis.limiter import Answers

__all__ = ["Batches"]

#: Questions of a round trip, if they come one by one.
_MOST_QUESTIONS = 256
#: Round trips at a time, each over a connection of its own. The server takes them one after the other.
_MOST_UNDER_WAY = 8

_Part: TypeAlias = "tuple[list[Question], asyncio.Future[Answers]]"


class Batches:
    """Gathers the questions of one turn of the event loop, and while many round trips are under way those of
    several.

    A batch is a task of its own. A coroutine that is cancelled leaves it alone, so that the answers of
    others, and the connection, come to no harm.
    """

    def __init__(self, send: Callable[[list[Question]], Coroutine[Any, Any, Answers]]) -> None:
        self._send = send
        self._waiting: deque[_Part] = deque()
        self._tasks: set[asyncio.Task[Answers]] = set()
        self._due = False

    async def ask(self, questions: list[Question]) -> Answers:
        """The answers to them, in their order."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answers] = loop.create_future()
        self._waiting.append((questions, future))
        if not self._due and len(self._tasks) < _MOST_UNDER_WAY:
            self._due = True
            loop.call_soon(self._start)
        return await future

    async def drain(self) -> None:
        """Wait for the round trips that are under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _start(self) -> None:
        self._due = False
        while self._waiting and len(self._tasks) < _MOST_UNDER_WAY:
            batch: list[_Part] = []
            size = 0
            while self._waiting and (not batch or size + len(self._waiting[0][0]) <= _MOST_QUESTIONS):
                batch.append(self._waiting.popleft())
                size += len(batch[-1][0])
            questions = [question for part, _ in batch for question in part]
            task = asyncio.get_running_loop().create_task(self._send(questions))
            self._tasks.add(task)
            # Not in the task: one that is cancelled before it begins, as a loop that ends does, runs nothing.
            task.add_done_callback(partial(self._ended, batch))

    def _ended(self, batch: list[_Part], task: asyncio.Task[Answers]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        begin = 0
        for questions, future in batch:
            end = begin + len(questions)
            if future.done():
                pass  # who asked has gone away
            elif task.cancelled():
                future.cancel()
            elif error is not None:
                future.set_exception(error)
            else:
                answers = task.result()
                future.set_result(answers if isinstance(answers, Unanswered) else answers[begin:end])
            begin = end
        if self._waiting:
            self._start()
