"""The demo's customer: real requests through the gateway."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector

from meshcore.demo.board import Board

__all__ = ["Crowd", "Customer"]


class Customer:
    """A client of the gateway that counts its requests, and keeps each failure in words."""

    def __init__(self, port: int, board: Board) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._board = board
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Customer:
        self._session = ClientSession(connector=TCPConnector(limit=0), timeout=ClientTimeout(total=5))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> ClientResponse | None:
        """The answer to GET ``path``, body read; None, and a failure on the board, where none came."""
        assert self._session is not None, "use 'async with'"
        self._board.requests += 1
        try:
            async with self._session.get(
                f"{self.url}{path}", headers=headers, allow_redirects=False
            ) as answer:
                await answer.read()
        except (ClientError, asyncio.TimeoutError) as error:
            self._board.failures.append(f"GET {path}: {error or type(error).__name__}")
            return None
        return answer

    async def reviews(self, user: str | None = None) -> str | None:
        """The version of reviews behind the front page; None, and a failure, where the page is not whole."""
        answer = await self.get("/productpage", {"end-user": user} if user else None)
        if answer is None:
            return None
        if answer.status != 200:
            self._board.failures.append(f"GET /productpage: {answer.status} {await answer.text()}")
            return None
        page: dict[str, Any] = await answer.json()
        version: str = page["reviews"]["version"]
        return version


class Crowd:
    """Customers who ask for the front page one after another, all at once, while the block runs.

    Each request belongs to the generation in which it was asked; whoever changes the configuration
    raises ``generation``. ``arrived`` is told of each page: its generation and the version it shows.
    """

    def __init__(self, customer: Customer, size: int, arrived: Callable[[int, str], None]) -> None:
        self.generation = 0
        self.in_flight: Counter[int] = Counter()  #: requests under way, by generation
        self._customer = customer
        self._size = size
        self._arrived = arrived
        self._open = True
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Crowd:
        self._tasks = [asyncio.create_task(self._browse()) for _ in range(self._size)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False  # everybody finishes the page at hand, unless something is amiss
        if error is not None:
            for task in self._tasks:
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=error is not None)

    async def _browse(self) -> None:
        while self._open:
            generation = self.generation
            self.in_flight[generation] += 1
            version = await self._customer.reviews()
            self.in_flight[generation] -= 1
            if version is not None:
                self._arrived(generation, version)
            else:
                await asyncio.sleep(0.05)  # don't hammer on what is broken
