"""Connections that a limiter keeps, where it was given an address.

redis-py makes them, and reads what comes back. What it does around each command besides (it retries, packs
arguments of any kind, measures) takes longer than the question itself.

Nothing in Redis' protocol says which question a reply is to. So a connection that holds one that nobody asked
for is not used again: every later reply would be taken for the next question's.
"""

from __future__ import annotations

import functools
import os
import select
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import redis
import redis.asyncio
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from meshcore.global_limit.redis.exchange import Round

__all__ = ["AsyncConnections", "Connections"]

#: Before 5.3 a pool wanted to be told the command.
_FOR: tuple[str, ...] = ("EVALSHA",) if redis.VERSION[:2] < (5, 3) else ()


@functools.lru_cache
def _head(verb: str, script: str) -> bytes:
    return b"*5\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$1\r\n1\r\n" % (
        *(len(verb), verb.encode()),
        *(len(script.encode()), script.encode()),
    )


def _packed(commands: Sequence[tuple[Any, ...]]) -> bytes:
    """Question.command()s as they go over the wire."""
    parts = []
    for verb, script, _, name, numbers in commands:
        parts.append(
            b"%b$%d\r\n%b\r\n$%d\r\n%b\r\n"
            % (_head(verb, script), len(name), name, len(numbers), numbers.encode())
        )
    return b"".join(parts)


class Connections:
    """For threads: as many connections as ask at the same time. One where anything went wrong is closed."""

    def __init__(self, client: redis.Redis) -> None:
        self._pool: Any = client.connection_pool  # which has no types
        self._idle: list[_Idle] = []
        _kept.add(self)

    def send(self, step: Round) -> list[object]:
        """The replies to commands, the server's errors among them."""
        if step.reconnect:
            self.drop()
        asked, count = _packed(step.commands), len(step.commands)
        connection = self._take()
        if connection is not None:
            try:
                return self._exchange(connection, asked, count)
            except RedisConnectionError:
                # The server has closed it meanwhile, and the others with it. What has timed out is not asked
                # again: there is no time left, and the server may have taken the tokens.
                self.drop()
        return self._exchange(self._pool.get_connection(*_FOR), asked, count)

    def _take(self) -> Any | None:
        """One that is idle and holds nothing; others are closed."""
        while self._idle:
            try:
                idle = self._idle.pop()
            except IndexError:  # another thread was faster
                return None
            if idle.is_clean():
                return idle.connection
            self._give_back(idle.connection)
        return None

    def drop(self) -> None:
        """Close those that are idle."""
        while self._idle:
            try:
                idle = self._idle.pop()
            except IndexError:  # another thread was faster
                return
            self._give_back(idle.connection)

    def _give_back(self, connection: Any) -> None:
        connection.disconnect()
        self._pool.release(connection)

    def forget(self) -> None:
        """In the child of a fork: they are the parent's."""
        self._idle = []

    def _exchange(self, connection: Any, asked: bytes, count: int) -> list[object]:
        replies: list[object] = []
        try:
            connection.send_packed_command([asked])
            while len(replies) < count:
                try:
                    replies.append(connection.read_response())
                except ResponseError as error:
                    replies.append(error)
        except BaseException:
            self._give_back(connection)
            raise
        self._idle.append(_Idle(connection))
        return replies


class _Idle:
    """A connection of a thread that waits for its next question. redis-py's own look at it, ``can_read()``,
    takes four system calls, with which a question would take a fifth more CPU: it is asked for the second
    opinion alone (bytes on a socket may be TLS' own), and where we cannot look ourselves."""

    __slots__ = ("_poll", "_unread", "connection")

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        parser = getattr(connection, "_parser", None)
        #: Says whether its reader holds more than was asked for.
        self._unread: Callable[[], object] | None = getattr(
            getattr(parser, "_buffer", None), "unread_bytes", None
        ) or getattr(getattr(parser, "_reader", None), "has_data", None)
        socket = getattr(connection, "_sock", None)
        self._poll: Any = None
        if socket is not None and hasattr(select, "poll"):
            self._poll = select.poll()
            self._poll.register(socket, select.POLLIN)

    def is_clean(self) -> bool:
        """It stands, and holds nothing."""
        if self._unread is not None and self._poll is not None:
            if self._unread():
                return False
            if not self._poll.poll(0):
                return True
        try:
            return not self.connection.can_read(0)
        except RedisConnectionError:  # the server has closed it
            return False


class AsyncConnections:
    """The same for an event loop."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._pool: Any = client.connection_pool
        self._idle: list[Any] = []

    async def send(self, step: Round) -> list[object]:
        """The replies to commands, the server's errors among them."""
        if step.reconnect:
            await self.drop()
        asked, count = _packed(step.commands), len(step.commands)
        connection = await self._take()
        if connection is not None:
            try:
                return await self._exchange(connection, asked, count)
            except RedisConnectionError:
                await self.drop()
        return await self._exchange(await self._pool.get_connection(*_FOR), asked, count)

    async def _take(self) -> Any | None:
        while self._idle:
            connection = self._idle.pop()
            try:
                if not await _has_bytes(connection):
                    return connection
            except RedisConnectionError:
                pass
            await self._give_back(connection)
        return None

    async def drop(self) -> None:
        """Close those that are idle."""
        while self._idle:
            await self._give_back(self._idle.pop())

    async def _give_back(self, connection: Any) -> None:
        await connection.disconnect(nowait=True)
        await self._pool.release(connection)

    async def _exchange(self, connection: Any, asked: bytes, count: int) -> list[object]:
        replies: list[object] = []
        try:
            await connection.send_packed_command(asked)
            while len(replies) < count:
                try:
                    replies.append(await connection.read_response())
                except ResponseError as error:
                    replies.append(error)
        except BaseException:
            await self._give_back(connection)
            raise
        self._idle.append(connection)
        return replies


async def _has_bytes(connection: Any) -> bool:
    """That have come already, or its end."""
    if redis.VERSION[0] < 8:
        return bool(await connection.can_read_destructive())
    return bool(await connection.can_read())


_kept: weakref.WeakSet[Connections] = weakref.WeakSet()


def _forget_all() -> None:
    for one in list(_kept):
        one.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
