"""The connections that a limiter keeps: what goes over them, and when another one is made."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from redis_model import exceptions

from meshcore.global_limit.redis.connections import AsyncConnections, Connections, _packed
from meshcore.global_limit.redis.exchange import Question, Round
from meshcore.global_limit.redis.units import units_of

UNITS = units_of(5, 1, 10**9)


def asked(*names: bytes, verb: str = "EVALSHA", reconnect: bool = False) -> Round:
    return Round(
        [Question(name, UNITS, 1, UNITS.burst, 0.0).command(verb, "f00") for name in names], reconnect
    )


class Connection:
    """What redis-py's does: it sends, reads, and is closed where either fails."""

    def __init__(self, replies: list[Any]) -> None:
        self.replies = replies
        self.sent = b""
        self.open = True
        self.unread: bool | Exception = False

    def send_packed_command(self, command: Any) -> None:
        assert self.open
        self.sent += b"".join(command)

    def read_response(self) -> Any:
        reply = self.replies.pop(0)
        if isinstance(reply, BaseException):
            raise reply
        return reply

    def can_read(self, timeout: float) -> bool:
        assert timeout == 0
        if isinstance(self.unread, Exception):
            raise self.unread
        return self.unread

    def disconnect(self) -> None:
        self.open = False


class Pool:
    """Hands connections out in turn."""

    def __init__(self, *made: Connection) -> None:
        self.connection_pool = self  # as a client has one
        self.coming = list(made)
        self.back: list[Connection] = []

    def get_connection(self, *command: str) -> Connection:
        return self.coming.pop(0)

    def release(self, connection: Connection) -> None:
        self.back.append(connection)


class AConnection:
    """A Connection that is awaited."""

    def __init__(self, one: Connection) -> None:
        self.one = one

    async def send_packed_command(self, command: bytes) -> None:
        self.one.send_packed_command([command])

    async def read_response(self) -> Any:
        await asyncio.sleep(0)
        return self.one.read_response()

    async def can_read(self) -> bool:
        return self.one.can_read(0)

    can_read_destructive = can_read  # before redis-py 8

    async def disconnect(self, nowait: bool = False) -> None:
        assert nowait
        self.one.disconnect()


class APool:
    def __init__(self, pool: Pool) -> None:
        self.connection_pool, self.pool = self, pool

    async def get_connection(self, *command: str) -> AConnection:
        return AConnection(self.pool.get_connection())

    async def release(self, connection: AConnection) -> None:
        self.pool.release(connection.one)


@pytest.fixture(params=["threads", "asyncio"])
def sending(request: pytest.FixtureRequest) -> Callable[[Pool], Callable[[Round], list[object]]]:
    """Makes what sends, of either kind."""

    def make(pool: Any) -> Callable[[Round], list[object]]:
        if request.param == "threads":
            return Connections(pool).send
        kept = AsyncConnections(APool(pool))  # type: ignore[arg-type]
        return lambda step: asyncio.run(kept.send(step))

    return make


def test_what_goes_over_the_wire() -> None:
    name, numbers = b"p:{\xff\r\n}", b"1000000 1 1 0 5000000 1"
    one = b"*5\r\n$7\r\nEVALSHA\r\n$3\r\nf00\r\n$1\r\n1\r\n$7\r\n" + name + b"\r\n$23\r\n" + numbers + b"\r\n"
    assert _packed(asked(name).commands) == one
    assert _packed(asked(name, name).commands) == one * 2
    assert _packed(asked(name, verb="EVAL").commands) == one.replace(b"$7\r\nEVALSHA", b"$4\r\nEVAL")


def test_one_connection_serves_one_after_the_other(sending: Any) -> None:
    one = Connection([b"1 0 1", b"0 9 0", b"1 0 1"])
    send = sending(Pool(one))
    assert send(asked(b"a")) == [b"1 0 1"]
    assert send(asked(b"b", b"c")) == [b"0 9 0", b"1 0 1"]
    assert one.sent == _packed(asked(b"a", b"b", b"c").commands)


def test_errors_of_the_server_are_replies(sending: Any) -> None:
    gone = exceptions.NoScriptError("No matching script.")
    one = Connection([gone, b"1 0 1", b"1 0 1"])
    send = sending(Pool(one))
    assert send(asked(b"a", b"b")) == [gone, b"1 0 1"]
    assert send(asked(b"a")) == [b"1 0 1"], "over the same connection"


def test_a_connection_that_was_closed_meanwhile_is_made_anew(sending: Any) -> None:
    closed = exceptions.ConnectionError("Connection closed by server.")
    old, new = Connection([b"1 0 1", closed]), Connection([b"1 0 1"])
    pool = Pool(old, new)
    send = sending(pool)
    send(asked(b"a"))
    assert send(asked(b"b")) == [b"1 0 1"]
    assert new.sent == _packed(asked(b"b").commands)
    assert (old.open, pool.back) == (False, [old])


def test_a_new_connection_that_breaks_is_not_tried_again(sending: Any) -> None:
    pool = Pool(Connection([exceptions.BusyLoadingError("LOADING")]), Connection([]))
    with pytest.raises(exceptions.BusyLoadingError):
        sending(pool)(asked(b"a"))
    assert len(pool.coming) == 1


@pytest.mark.parametrize(
    "error",
    [exceptions.TimeoutError("late"), KeyboardInterrupt(), asyncio.CancelledError(), ValueError("HTTP/1.1")],
)
def test_what_may_leave_an_answer_behind_ends_a_connection(sending: Any, error: BaseException) -> None:
    """And nothing is asked twice."""
    one, other = Connection([b"1 0 1", b"1 0 1", error]), Connection([b"0 9 0"])
    pool = Pool(one, other)
    send = sending(pool)
    send(asked(b"a"))
    with pytest.raises(type(error)):
        send(asked(b"b", b"c"))
    assert (one.open, pool.back, pool.coming) == (False, [one], [other])
    assert send(asked(b"a")) == [b"0 9 0"]


@pytest.mark.parametrize("unread", [True, exceptions.ConnectionError("Connection closed by server.")])
def test_what_holds_more_than_was_asked_for_is_not_used_again(sending: Any, unread: bool | Exception) -> None:
    """Nor what the server has closed, before anything is sent."""
    one, other = Connection([b"1 0 1"]), Connection([b"0 9 0", b"1 0 1"])
    pool = Pool(one, other)
    send = sending(pool)
    send(asked(b"a"))
    one.unread = unread
    assert send(asked(b"b")) == [b"0 9 0"]
    assert send(asked(b"c")) == [b"1 0 1"]
    assert (one.open, other.open, pool.back) == (False, True, [one])
    assert one.sent == _packed(asked(b"a").commands)


def test_where_another_server_is_the_primary_all_are_made_anew(sending: Any) -> None:
    one, other = Connection([b"1 0 1"]), Connection([b"1 0 1"])
    pool = Pool(one, other)
    send = sending(pool)
    send(asked(b"a"))
    assert send(asked(b"a", reconnect=True)) == [b"1 0 1"]
    assert (one.open, other.open, pool.back) == (False, True, [one])


def test_threads_have_a_connection_each() -> None:
    meet = threading.Barrier(2, timeout=30)

    class Meeting(Connection):
        def read_response(self) -> Any:
            meet.wait()
            return super().read_response()

    pool = Pool(Meeting([b"1 0 1"] * 2), Meeting([b"1 0 1"] * 2))
    kept = Connections(pool)  # type: ignore[arg-type]
    for _ in range(2):
        threads = [threading.Thread(target=kept.send, args=(asked(b"a"),)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not pool.coming


@contextmanager
def child() -> Iterator[Callable[[Callable[[], bytes]], bytes]]:
    inner, outer = os.pipe()

    def ask(what: Callable[[], bytes]) -> bytes:
        if (pid := os.fork()) == 0:
            os.write(outer, what())
            os._exit(0)
        os.waitpid(pid, 0)
        return os.read(inner, 99)

    yield ask
    os.close(inner)
    os.close(outer)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork()")
def test_a_child_has_its_own() -> None:
    pool: Any = Pool(Connection([b"parent", b"parent"]), Connection([b"child"]))
    kept = Connections(pool)
    kept.send(asked(b"a"))
    with child() as ask:
        assert ask(lambda: bytes(kept.send(asked(b"a"))[0])) == b"child"  # type: ignore[call-overload]
    assert kept.send(asked(b"a")) == [b"parent"]
