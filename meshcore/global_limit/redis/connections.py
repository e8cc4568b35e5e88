"""Connections that a limiter keeps, where it was given an address.

redis-py makes them, and reads what comes back. What it does around each command besides (it asks the system
whether the connection still stands, retries, packs arguments of any kind, measures) takes longer than the
question itself.
"""

from __future__ import annotations

import functools
import os
import weakref
from collections.abc import Sequence
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
        self._idle: list[Any] = []
        _kept.add(self)

    def send(self, step: Round) -> list[object]:
        """The replies to commands, the server's errors among them."""
        if step.reconnect:
            self.drop()
        asked, count = _packed(step.commands), len(step.commands)
        try:
            connection = self._idle.pop()
        except IndexError:
            return self._exchange(self._pool.get_connection(*_FOR), asked, count)
        try:
            return self._exchange(connection, asked, count)
        except RedisConnectionError:
            # The server has closed it meanwhile, and the others with it. What has timed out is not asked
            # again: there is no time left, and the server may have taken the tokens.
            self.drop()
        return self._exchange(self._pool.get_connection(*_FOR), asked, count)

    def drop(self) -> None:
        """Close those that are idle."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                return
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
            connection.disconnect()
            self._pool.release(connection)
            raise
        self._idle.append(connection)
        return replies


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
        if self._idle:
            try:
                return await self._exchange(self._idle.pop(), asked, count)
            except RedisConnectionError:
                await self.drop()
        return await self._exchange(await self._pool.get_connection(*_FOR), asked, count)

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


_kept: weakref.WeakSet[Connections] = weakref.WeakSet()


def _forget_all() -> None:
    for one in list(_kept):
        one.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
