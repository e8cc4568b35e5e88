"""Questions of many coroutines that go out together."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import redis_model  # noqa: F401 (skips where redis-py is missing)

from meshcore.global_limit.guard import Failure, Unanswered
from meshcore.global_limit.redis.batch import Batches


class Server:
    """Answers each question with itself, as soon as it may."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.batches: list[list[Any]] = []

    async def send(self, questions: list[Any]) -> Any:
        self.batches.append(questions)
        await self.may_answer.wait()
        return list(questions)


def test_what_is_asked_in_one_turn_goes_out_together() -> None:
    async def scenario() -> None:
        server = Server()
        batches = Batches(server.send)
        answers = await asyncio.gather(*(batches.ask([n, -n]) for n in range(1, 51)))
        assert answers == [[n, -n] for n in range(1, 51)]
        assert len(server.batches) == 1
        assert await batches.ask([7]) == [7]

    asyncio.run(scenario())


def test_many_go_out_in_parts_and_few_at_a_time() -> None:
    async def scenario() -> None:
        server = Server()
        server.may_answer.clear()
        batches = Batches(server.send)
        waiting = [asyncio.ensure_future(batches.ask([n])) for n in range(5000)]
        large = asyncio.ensure_future(batches.ask(list(range(5000, 6000))))
        for _ in range(5):
            await asyncio.sleep(0)
        assert [len(batch) for batch in server.batches] == [256] * 8
        server.may_answer.set()
        assert await asyncio.gather(*waiting) == [[n] for n in range(5000)]
        assert await large == list(range(5000, 6000))
        assert max(map(len, server.batches)) == 1000, "what is asked at once is not torn apart"

    asyncio.run(scenario())


def test_who_goes_away_does_no_harm_to_others() -> None:
    async def scenario() -> None:
        server = Server()
        server.may_answer.clear()
        batches = Batches(server.send)
        first, second = (asyncio.ensure_future(batches.ask([n])) for n in (1, 2))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        first.cancel()
        server.may_answer.set()
        assert await second == [2]
        with pytest.raises(asyncio.CancelledError):
            await first
        await batches.drain()

    asyncio.run(scenario())


def test_no_answer_and_mistakes_are_for_all() -> None:
    unanswered = Unanswered(Failure.TIMEOUT, True, 0.0)

    async def send(questions: list[Any]) -> Any:
        if questions[0] == "mistake":
            raise KeyError("mistake")
        return unanswered

    async def scenario() -> None:
        batches = Batches(send)
        assert await asyncio.gather(batches.ask([1]), batches.ask([2])) == [unanswered] * 2
        both = await asyncio.gather(batches.ask(["mistake"]), batches.ask([2]), return_exceptions=True)
        assert [type(error) for error in both] == [KeyError, KeyError]
        assert await batches.ask([3]) is unanswered

    asyncio.run(scenario())


def test_a_batch_that_is_cancelled_cancels_who_waits() -> None:
    async def scenario() -> None:
        server = Server()
        server.may_answer.clear()
        batches = Batches(server.send)
        waiting = asyncio.ensure_future(batches.ask([1]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for task in batches._tasks:
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(scenario())
