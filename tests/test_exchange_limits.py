"""meshcore.exchange and rate limit services: asked before anything is sent; or the failure mode counts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from exchange_support import limited_engine

from meshcore import Decision, Outcome
from meshcore.exchange import arun, run


@dataclass(frozen=True)
class Ok:
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


def drive(decision: Decision, way: str, verdicts: list[str] | None) -> tuple[Any, list[str]]:
    """What comes of a decision, and what was done: questions are answered by ``verdicts``, one by one."""
    done: list[str] = []
    answers: Any = iter(verdicts or ())

    def ask(decision: Decision) -> None:
        while decision.outcome is Outcome.FORWARD and decision.rate_limits:
            done.append("asked")
            decision.answer_rate_limit(decision.rate_limits[0], next(answers))

    if way == "threads":

        def send(attempt: object, timeout: float | None) -> Ok:
            done.append("sent")
            return Ok()

        return (run(decision, send) if verdicts is None else run(decision, send, limits=ask)), done

    async def asend(attempt: object) -> Ok:
        done.append("sent")
        return Ok()

    async def aask(decision: Decision) -> None:
        ask(decision)

    return asyncio.run(arun(decision, asend, limits=None if verdicts is None else aask)), done


@pytest.mark.parametrize("way", ["threads", "asyncio"])
@pytest.mark.parametrize(
    ("verdicts", "expected", "status"),
    [
        (["ok", "ok"], ["asked", "asked", "sent"], None),
        (["ok", "over_limit"], ["asked", "asked"], 429),
        (["over_limit"], ["asked"], 429),
        (["error", "ok"], ["asked", "asked", "sent"], None),
        (None, ["sent"], None),
    ],
)
def test_asked_in_order_until_one_refuses(
    way: str, verdicts: list[str] | None, expected: list[str], status: int | None
) -> None:
    with limited_engine({}, {}).decide("GET", "a.example", "/") as decision:
        reply, done = drive(decision, way, verdicts)
        assert done == expected
        assert (reply is None) == (status is not None)
        assert decision.status == status


@pytest.mark.parametrize("way", ["threads", "asyncio"])
def test_nobody_asks_and_the_failure_mode_denies(way: str) -> None:
    with limited_engine({"failure_mode_deny": True}).decide("GET", "a.example", "/") as decision:
        assert drive(decision, way, None) == (None, [])
        assert (decision.status, decision.details, decision.flags) == (500, "rate_limiter_error", "RLSE")
