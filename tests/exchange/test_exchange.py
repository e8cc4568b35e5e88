"""The drivers of exchanges: what they send, wait for, give up and hand on, in threads and in asyncio."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from exchange_support import Time, active, engine_of
from hypothesis import given, settings
from hypothesis import strategies as st

from meshcore import Attempt, Decision, Engine
from meshcore.exchange import AttemptError, arun, run
from meshcore.exchange.common import LONGEST

RETRY: dict[str, Any] = {"retry_on": "5xx", "num_retries": 2, "retry_back_off": {"base_interval": "0.1s"}}
EACH = {**RETRY, "per_try_timeout": "1s"}
HEDGE = {"retry_policy": EACH, "hedge_policy": {"hedge_on_per_try_timeout": True}}


@dataclass
class Head:
    status: int
    headers: Any = ()


@dataclass
class Upstream:
    """Answers attempts by their number, each after its time: a status, or the word for a failure."""

    answers: list[tuple[float, int | str | BaseException]]
    time: Time = field(default_factory=Time)
    sent: list[tuple[int, float]] = field(default_factory=list)
    discarded: list[Head] = field(default_factory=list)
    ended: int = 0

    def answer(self, attempt: Attempt) -> Head:
        what = self.answers[min(attempt.number, len(self.answers)) - 1][1]
        if isinstance(what, BaseException):
            raise what
        if isinstance(what, str):
            raise AttemptError(what)
        return Head(what)

    def send(self, attempt: Attempt, timeout: float | None) -> Head:
        takes = self.answers[min(attempt.number, len(self.answers)) - 1][0]
        self.sent.append((attempt.number, self.time.now))
        if timeout is not None and takes > timeout:
            self.time.pass_by(timeout)
            raise TimeoutError
        self.time.pass_by(takes)
        return self.answer(attempt)

    async def asend(self, attempt: Attempt) -> Head:
        self.sent.append((attempt.number, self.time.now))
        try:
            await self.time.sleep(self.answers[min(attempt.number, len(self.answers)) - 1][0])
            return self.answer(attempt)
        finally:
            self.ended += 1


def threaded(decision: Decision, upstream: Upstream, **more: Any) -> Head | None:
    time = upstream.time
    return run(
        decision,
        upstream.send,
        discard=upstream.discarded.append,
        clock=time.clock,
        sleep=time.pass_by,
        **more,
    )


def in_loop(decision: Decision, upstream: Upstream, **more: Any) -> Head | None:
    time = upstream.time
    return time.run(
        arun(
            decision,
            upstream.asend,
            discard=upstream.discarded.append,
            clock=time.clock,
            sleep=time.sleep,
            **more,
        )
    )


Driver = Callable[..., "Head | None"]
both = pytest.mark.parametrize("drive", [threaded, in_loop])


def started(upstream: Upstream, route: dict[str, Any]) -> tuple[Engine, Decision]:
    engine = engine_of(route, clock=upstream.time.clock)
    return engine, engine.decide("GET", "a.example", "/", seed=3, now_ns=round(upstream.time.now * 1e9))


@both
def test_a_good_answer_is_handed_on(drive: Driver) -> None:
    upstream = Upstream([(0.5, 200)])
    engine, decision = started(upstream, {"retry_policy": RETRY})
    with decision:
        reply = drive(decision, upstream)
        assert reply is not None
        assert reply.status == 200
        assert (decision.answered, upstream.discarded, active(engine)) == (True, [], 1)
    assert active(engine) == 0


@both
def test_bad_answers_are_discarded_and_waits_kept(drive: Driver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "meshcore.exchange")
    upstream = Upstream([(0.5, 503), (0.25, "reset"), (0.1, 200)])
    _engine, decision = started(upstream, {"retry_policy": RETRY})
    with decision:
        reply = drive(decision, upstream)
        assert reply is not None
        assert reply.status == 200
        assert [one.status for one in upstream.discarded] == [503]
        waits = [one.backoff for one in decision.attempts]
        begun = [at for _, at in upstream.sent]
        assert begun[1] == pytest.approx(1000.5 + waits[1])
        assert begun[2] == pytest.approx(begun[1] + 0.25 + waits[2])
        second, third = (record.getMessage() for record in caplog.records)
        _, *further = decision.attempts
        assert second.endswith(f"attempt 2 goes to {further[0].endpoint} in {waits[1]:.3g} s, after 503")
        assert third.endswith(f"attempt 3 goes to {further[1].endpoint} in {waits[2]:.3g} s, after reset")


@both
def test_the_decision_answers_when_all_failed(drive: Driver) -> None:
    upstream = Upstream([(0.1, "connect-failure")])
    engine, decision = started(upstream, {"retry_policy": RETRY})
    with decision:
        assert drive(decision, upstream) is None
        assert (decision.status, decision.flags, len(upstream.sent)) == (503, "URX,UF", 3)
        assert active(engine) == 0


@both
def test_the_last_bad_answer_is_handed_on(drive: Driver) -> None:
    upstream = Upstream([(0.1, 503)])
    _, decision = started(upstream, {"retry_policy": RETRY})
    with decision:
        reply = drive(decision, upstream)
        assert reply is not None
        assert reply.status == 503
        assert (decision.flags, len(upstream.discarded)) == ("URX", 2)


@both
def test_the_deadline_ends_it(drive: Driver) -> None:
    upstream = Upstream([(9.0, 200)])
    engine, decision = started(upstream, {"timeout": "2s", "retry_policy": RETRY})
    with decision:
        assert drive(decision, upstream) is None
        assert (decision.status, decision.details) == (504, "response_timeout")
        assert (upstream.time.now, active(engine)) == (1002.0, 0)


@both
def test_the_deadline_strikes_in_a_wait(drive: Driver) -> None:
    policy = {**RETRY, "rate_limited_retry_back_off": {"reset_headers": [{"name": "retry-after"}]}}
    upstream = Upstream([(0.5, 503)])
    upstream.answer = lambda attempt: Head(503, [("retry-after", "60")])  # type: ignore[method-assign]
    _, decision = started(upstream, {"timeout": "2s", "retry_policy": policy})
    with decision:
        assert drive(decision, upstream) is None
        assert (decision.details, upstream.time.now) == ("response_timeout", 1002.0)
        assert len(upstream.sent) == 1


@both
def test_slow_tries_are_given_up(drive: Driver) -> None:
    upstream = Upstream([(5.0, 200), (0.5, 200)])
    engine, decision = started(upstream, {"retry_policy": EACH})
    with decision:
        reply = drive(decision, upstream)
        assert reply is not None
        assert decision.endpoint == decision.attempts[1].endpoint
        assert upstream.sent[1][1] == pytest.approx(1001.0 + decision.attempts[1].backoff)
        assert active(engine) == 1


@both
def test_nothing_is_sent_twice_that_cannot_be(drive: Driver) -> None:
    upstream = Upstream([(0.1, 503)])
    _, decision = started(upstream, {"retry_policy": RETRY})
    with decision:
        reply = drive(decision, upstream, replayable=lambda: False)
        assert reply is not None
        assert len(upstream.sent) == 1


@both
def test_other_exceptions_are_passed_on(drive: Driver) -> None:
    upstream = Upstream([(0.1, ZeroDivisionError())])
    engine, decision = started(upstream, {"retry_policy": RETRY})
    with pytest.raises(ZeroDivisionError), decision:
        drive(decision, upstream)
    assert active(engine) == 0


def test_hedges_run_side_by_side() -> None:
    upstream = Upstream([(2.0, 200), (5.0, 200)])
    engine, decision = started(upstream, HEDGE)
    with decision:
        reply = in_loop(decision, upstream)
        assert reply is not None
        assert decision.endpoint == decision.attempts[0].endpoint
        assert (len(upstream.sent), upstream.ended) == (2, 2)
        assert (upstream.time.now, active(engine), upstream.discarded) == (1002.0, 1, [])


def test_a_hedge_may_win() -> None:
    upstream = Upstream([(9.0, 200), (0.1, 200)])
    _, decision = started(upstream, HEDGE)
    with decision:
        reply = in_loop(decision, upstream)
        assert reply is not None
        assert decision.endpoint == decision.attempts[1].endpoint
        assert upstream.ended == 2


def test_in_a_thread_a_hedge_takes_the_place_of_the_slow_one() -> None:
    upstream = Upstream([(9.0, 200), (0.1, 200)])
    engine, decision = started(upstream, HEDGE)
    with decision:
        assert threaded(decision, upstream) is not None
        assert decision.endpoint == decision.attempts[1].endpoint
        assert active(engine) == 1


@both
def test_requests_from_the_start(drive: Driver) -> None:
    upstream = Upstream([(3.0, 200), (1.0, 200), (2.0, 200)])
    engine, decision = started(upstream, {"hedge_policy": {"initial_requests": 3}})
    with decision:
        assert drive(decision, upstream) is not None
        assert len(upstream.sent) == (1 if drive is threaded else 3)
        assert active(engine) == 1


def test_in_a_thread_spare_requests_do_not_end_retries() -> None:
    upstream = Upstream([(0.1, 503), (0.1, 503), (0.1, 503), (0.1, 200)])
    _, decision = started(upstream, {"retry_policy": RETRY, "hedge_policy": {"initial_requests": 3}})
    with decision:
        reply = threaded(decision, upstream)
        assert reply is not None
        assert reply.status == 200
        assert [number for number, _ in upstream.sent] == [1, 4]


def test_in_a_thread_a_failed_hedge_is_retried() -> None:
    upstream = Upstream([(9.0, 200), (0.1, 503), (0.1, 200)])
    _, decision = started(upstream, HEDGE)
    with decision:
        reply = threaded(decision, upstream)
        assert reply is not None
        assert reply.status == 200
        assert [number for number, _ in upstream.sent] == [1, 2, 3]


@both
def test_what_is_done_is_not_sent(drive: Driver) -> None:
    upstream = Upstream([(0.1, 200)])
    engine, closed = started(upstream, {})
    closed.close()
    engine.update_endpoints("c", [])
    for decision in (closed, engine.decide("GET", "a.example", "/")):
        assert drive(decision, upstream) is None
    assert upstream.sent == []


def test_a_thread_waits_no_longer_than_its_sockets_can() -> None:
    engine = engine_of({"max_stream_duration": {"grpc_timeout_header_max": "0s"}})
    headers = {"content-type": "application/grpc", "grpc-timeout": "99999999H"}
    waits: list[float | None] = []

    def send(attempt: Attempt, timeout: float | None) -> Head:
        with socket.socket() as connection:
            connection.settimeout(timeout)
        waits.append(timeout)
        return Head(200)

    with engine.decide("POST", "a.example", "/", headers) as decision:
        assert decision.deadline is not None
        run(decision, send)
    assert waits == [LONGEST]


def test_nobody_gets_a_reply_where_a_cancellation_strikes_as_others_end() -> None:
    upstream = Upstream([(9.0, 200), (0.1, 200)])
    _, decision = started(upstream, HEDGE)

    async def send(attempt: Attempt) -> Head:
        try:
            return await upstream.asend(attempt)
        except asyncio.CancelledError:
            await upstream.time.sleep(1.0)  # a connection that takes its time to close
            raise

    async def given_up() -> None:
        time = upstream.time
        discard = upstream.discarded.append
        task = asyncio.ensure_future(
            arun(decision, send, discard=discard, clock=time.clock, sleep=time.sleep)
        )
        while not decision.answered:
            await time.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with decision:
        upstream.time.run(given_up())
        assert [head.status for head in upstream.discarded] == [200]


def test_cancellation_ends_every_attempt() -> None:
    upstream = Upstream([(9.0, 200)])
    engine, decision = started(upstream, HEDGE)

    async def given_up() -> None:
        task = asyncio.ensure_future(
            arun(decision, upstream.asend, clock=upstream.time.clock, sleep=upstream.time.sleep)
        )
        await upstream.time.sleep(1.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with decision:
        upstream.time.run(given_up())
        assert upstream.ended == len(upstream.sent) > 0
    assert active(engine) == 0


@pytest.mark.parametrize("route", [{"retry_policy": RETRY}, HEDGE], ids=["in turn", "side by side"])
@pytest.mark.parametrize("cancelled", [False, True])
def test_discards_that_take_time_end_with_the_driver(route: dict[str, Any], cancelled: bool) -> None:
    upstream = Upstream([(0.1, 503), (0.1, 200)])
    engine, decision = started(upstream, route)
    begun: list[Head] = []

    async def discard(head: Head) -> None:
        begun.append(head)
        try:
            await upstream.time.sleep(3.0)  # a connection that takes its time to close
        finally:
            upstream.discarded.append(head)

    async def driven() -> None:
        time = upstream.time
        driving = arun(decision, upstream.asend, discard=discard, clock=time.clock, sleep=time.sleep)
        task = asyncio.ensure_future(driving)
        while cancelled and not begun:
            await time.sleep(0.05)
        if cancelled:
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled() == cancelled
        assert [head.status for head in upstream.discarded] == [503]

    with decision:
        upstream.time.run(driven())
    assert active(engine) == 0


AT_ONCE = {"retry_on": "5xx", "num_retries": 2, "retry_back_off": {"base_interval": "0.001s"}}


@pytest.mark.parametrize(
    ("route", "tries"),
    [({"timeout": "0.01s"}, 1), ({"retry_policy": {**AT_ONCE, "per_try_timeout": "0.01s"}}, 3)],
    ids=["of all", "of each"],
)
def test_timers_of_the_loops_own_end_what_is_too_slow(route: dict[str, Any], tries: int) -> None:
    """As users have it: no clock is given."""
    engine = engine_of(route)
    tasks: list[Any] = []

    async def send(attempt: Attempt) -> Head:
        tasks.append(asyncio.current_task())
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    async def main() -> Head | None:
        reply = await arun(decision, send)
        await asyncio.sleep(0)  # nothing of a cancellation is left
        return reply

    with engine.decide("GET", "a.example", "/") as decision:
        assert asyncio.run(main()) is None
        assert decision.status == 504
        assert len(tasks) == tries
    assert active(engine) == 0


@pytest.mark.parametrize("first", ["the limit", "the caller"])
def test_a_cancellation_counts_beside_a_limit_that_strikes_too(first: str) -> None:
    engine = engine_of({"retry_policy": EACH})
    struck = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await struck.wait()

    async def send(attempt: Attempt) -> Head:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    async def main() -> None:
        task = asyncio.ensure_future(arun(decision, send, sleep=sleep))
        for _ in range(5):
            await asyncio.sleep(0)
        struck.set()
        if first == "the limit":
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    with engine.decide("GET", "a.example", "/") as decision:
        asyncio.run(main())
    assert active(engine) == 0


@given(
    answers=st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.1, 0.9, 2.0]), st.sampled_from([200, 503, "reset", "connect-failure"])
        ),
        min_size=1,
        max_size=5,
    ),
    hedged=st.booleans(),
    initial=st.integers(1, 3),
    cancelled_at=st.sampled_from([None, 0, 1, 2, 3, 5, 8, 13, 21, 40]),
)
@settings(max_examples=150, deadline=None)
def test_whatever_strikes_leases_end_once(
    answers: list[Any], hedged: bool, initial: int, cancelled_at: int | None
) -> None:
    """Cancelled at any step of the loop, or not at all: nothing is left, and every head has one owner."""
    upstream = Upstream(answers)
    hedges = {"hedge_on_per_try_timeout": hedged, "initial_requests": initial}
    engine, decision = started(upstream, {"timeout": "4s", "retry_policy": EACH, "hedge_policy": hedges})
    heads: list[Head] = []
    asend = upstream.asend

    async def send(attempt: Attempt) -> Head:
        heads.append(await asend(attempt))
        return heads[-1]

    async def driven() -> Head | None:
        task = asyncio.ensure_future(
            arun(
                decision,
                send,
                discard=upstream.discarded.append,
                clock=upstream.time.clock,
                sleep=upstream.time.sleep,
            )
        )
        for _ in range(-1 if cancelled_at is None else cancelled_at):
            await asyncio.sleep(0)
        if cancelled_at is not None:
            task.cancel()
        try:
            return await task
        except asyncio.CancelledError:
            return None

    with decision:
        reply = upstream.time.run(driven())
        assert upstream.ended == len(upstream.sent)
        assert len(heads) == len(upstream.discarded) + (reply is not None)
        if cancelled_at is None:
            assert decision.done
            assert (reply is not None) == decision.answered
    assert active(engine) == 0
