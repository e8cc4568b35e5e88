"""A server that answers what nobody asked: no later call takes that for its own answer."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import pytest

from meshcore.global_limit import Source

pytest.importorskip("redis.exceptions", reason="needs redis-py: pip install 'meshcore-engine[redis]'")

YES, NO = b"+1 0 1\r\n", b"+0 99999999999 0\r\n"
Make = Callable[..., Any]


class Talker:
    """Answers one question after the other, over whatever connection, as it is told; ``later`` has it say
    more over the newest connection."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listening.getsockname()[1]}?protocol=2"
        self.asked: list[int] = []  #: the connection of each question
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Talker:
        return self

    def __exit__(self, *exception: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def later(self, more: bytes) -> None:
        self._connections[-1].sendall(more)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what is sent is there
                self._connections.append(connection)
                number = len(self._connections)
                threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection, connection.makefile("rb") as reading, suppress(OSError, ValueError):
            while command := _command(reading):
                if command[0] == b"EVALSHA":
                    self.asked.append(number)
                    connection.sendall(self._answers.pop(0))
                else:
                    connection.sendall(b"+OK\r\n")


def _command(reading: BinaryIO) -> list[bytes]:
    """The next one; none at the end."""
    words = []
    for _ in range(int(reading.readline()[1:] or b"0")):
        words.append(reading.read(int(reading.readline()[1:])))
        reading.read(2)
    return words


@pytest.fixture
def talking() -> Iterator[Callable[..., Talker]]:
    made: list[Talker] = []

    def make(*answers: bytes) -> Talker:
        made.append(Talker(*answers))
        return made[-1]

    yield make
    for one in made:
        one.__exit__()


def test_together_with_the_answer(talking: Any, limiter: Make) -> None:
    server = talking(YES + YES, NO, YES)
    one = limiter(server.url, 3, 1, 1.0, recheck=0, timeout=30)
    assert [one.allow(key) for key in "abc"] == [True, False, True]
    assert server.asked == [1, 2, 2]
    assert one.stats().remote.failures == 0


def test_while_nobody_asks(talking: Any, limiter: Make) -> None:
    server = talking(YES, NO, YES)
    one = limiter(server.url, 3, 1, 1.0, recheck=0, timeout=30)
    assert one.allow("a")
    server.later(YES)
    assert [one.allow(key) for key in "bc"] == [False, True]
    assert server.asked == [1, 2, 2]


def test_after_the_time_is_over(talking: Any, limiter: Make) -> None:
    server = talking(YES, b"", NO)
    one = limiter(server.url, 3, 1, 1.0, recheck=0, timeout=0.3)
    assert one.allow("a")
    result = one.check("b")
    assert (result.allowed, result.source) == (True, Source.FAILURE_MODE)
    with suppress(OSError):  # nobody is there any more
        server.later(YES)
    assert not one.allow("c")
    assert server.asked == [1, 1, 2]


def test_after_whoever_asked_has_gone(talking: Any) -> None:
    from meshcore.global_limit import AsyncRedisRateLimiter

    async def main() -> None:
        server = talking(YES, b"", NO, YES)
        async with AsyncRedisRateLimiter(server.url, 3, 1, 1.0, recheck=0, timeout=30) as one:
            assert await one.allow("a")
            gone = asyncio.ensure_future(one.allow("b"))
            while len(server.asked) < 2:
                await asyncio.sleep(0)
            gone.cancel()
            with pytest.raises(asyncio.CancelledError):
                await gone
            other = asyncio.ensure_future(one.allow("c"))
            while len(server.asked) < 3:
                await asyncio.sleep(0)
            server.later(YES)  # to nobody: the newest connection's has been answered
            assert not await other
            server._connections[0].sendall(YES)  # to the one who has gone
            assert await one.allow("d")

    asyncio.run(asyncio.wait_for(main(), 60))
