"""meshcore.upstream.idle: connections wait for a request, for so long."""

from __future__ import annotations

import asyncio

from proxy_support import in_loop

from meshcore.upstream.idle import IdleConnections, Key

A: Key = ("127.0.0.1:1", None, None)
B: Key = ("127.0.0.1:2", None, None)


class Pooled:
    def __init__(self, key: Key) -> None:
        self.key = key
        self.closing = False
        self.closed = asyncio.Event()

    def close(self) -> None:
        self.closing = True
        self.closed.set()


@in_loop
async def test_the_one_that_was_used_last_is_given_first() -> None:
    idle: IdleConnections[Pooled] = IdleConnections(60)
    first, second, other = Pooled(A), Pooled(A), Pooled(B)
    for one in (first, second, other):
        idle.put(one)
    assert [idle.take(A), idle.take(A), idle.take(A), idle.take(B)] == [second, first, None, other]
    idle.close()


@in_loop
async def test_those_that_have_ended_are_not_given() -> None:
    idle: IdleConnections[Pooled] = IdleConnections(60)
    first, second, third = Pooled(A), Pooled(A), Pooled(A)
    for one in (first, second, third):
        idle.put(one)
    third.closing = True  # it will tell soon
    idle.forget(second)
    idle.forget(second)
    assert idle.take(A) is first
    assert idle.take(A) is None
    idle.close()


@in_loop
async def test_they_end_when_their_time_is_over() -> None:
    idle: IdleConnections[Pooled] = IdleConnections(0.01)
    first, second, used = Pooled(A), Pooled(B), Pooled(A)
    idle.put(first)
    idle.put(used)
    assert idle.take(A) is used
    await first.closed.wait()
    idle.put(second)
    await second.closed.wait()
    assert not used.closing
    idle.close()


@in_loop
async def test_all_end_with_the_pool() -> None:
    idle: IdleConnections[Pooled] = IdleConnections(60)
    every = [Pooled(A), Pooled(B), Pooled(A)]
    for one in every:
        idle.put(one)
    idle.close()
    assert all(one.closing for one in every)
    assert idle.take(A) is None
