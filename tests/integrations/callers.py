"""Every client that the mesh has an integration for, called in one way."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest

from meshcore import Decision
from meshcore.integrations._outbound import Outbound
from meshcore.mesh import Mesh

__all__ = ["CALLERS", "Answer", "Call", "Caller", "caller_of", "decisions_seen"]


@dataclass
class Call:
    """One request. ``pieces``: a body that can be read once only."""

    method: str
    path: str
    headers: dict[str, str] | None = None
    body: bytes | None = None
    pieces: tuple[bytes, ...] = ()

    @property
    def url(self) -> str:
        return self.path if self.path.startswith("http") else f"http://reviews:9080{self.path}"

    def given(self, name: str, *, asynchronous: bool) -> dict[str, Any]:
        """The arguments of a library that calls a body ``name``."""
        found: dict[str, Any] = {"headers": self.headers} if self.headers else {}
        if self.body is not None:
            found[name] = self.body
        if self.pieces:
            found[name] = self._later() if asynchronous else iter(self.pieces)
        return found

    async def _later(self) -> Any:
        for piece in self.pieces:
            yield piece


@dataclass
class Answer:
    """A response, or what was raised in place of it."""

    status: int
    headers: Any = None
    body: bytes = b""
    error: Exception | None = None

    def json(self) -> Any:
        return json.loads(self.body)


class Caller(ABC):
    """A library, and what it raises: where it finds no connection, and where that breaks."""

    no_connection: tuple[type[Exception], ...]
    broken: tuple[type[Exception], ...]

    @abstractmethod
    def calls(self, mesh: Mesh, *calls: Call) -> list[Answer]:
        """Make the calls one after the other by one client. Redirects are not followed."""

    def call(self, mesh: Mesh, method: str, path: str, **given: Any) -> Answer:
        (answer,) = self.calls(mesh, Call(method, path, **given))
        return answer


class _Httpx(Caller):
    def __init__(self, library: str) -> None:
        self.library: Any = pytest.importorskip(library)
        self.ours: Any = import_module(f"meshcore.integrations.{library}")
        self.no_connection = (self.library.ConnectError,)
        self.broken = (self.library.RemoteProtocolError, self.library.ReadError)

    def calls(self, mesh: Mesh, *calls: Call) -> list[Answer]:
        found = []
        with self.library.Client(transport=self.ours.MeshTransport(mesh)) as client:
            for call in calls:
                try:
                    given = call.given("content", asynchronous=False)
                    found.append(self.answer(client.request(call.method, call.url, **given)))
                except self.library.HTTPError as error:
                    found.append(Answer(0, error=error))
        return found

    def answer(self, response: Any) -> Answer:
        return Answer(response.status_code, response.headers, response.content)


class _AsyncHttpx(_Httpx):
    def calls(self, mesh: Mesh, *calls: Call) -> list[Answer]:
        async def main() -> list[Answer]:
            found = []
            async with self.library.AsyncClient(transport=self.ours.AsyncMeshTransport(mesh)) as client:
                for call in calls:
                    try:
                        given = call.given("content", asynchronous=True)
                        found.append(self.answer(await client.request(call.method, call.url, **given)))
                    except self.library.HTTPError as error:
                        found.append(Answer(0, error=error))
            return found

        return asyncio.run(main())


class _Urllib3(Caller):
    def __init__(self) -> None:
        self.library: Any = pytest.importorskip("urllib3")
        self.no_connection = (self.library.exceptions.MaxRetryError,)
        self.broken = (self.library.exceptions.MaxRetryError, self.library.exceptions.ProtocolError)

    def calls(self, mesh: Mesh, *calls: Call) -> list[Answer]:
        from meshcore.integrations.urllib3 import MeshPoolManager

        found = []
        with MeshPoolManager(mesh) as manager:
            for call in calls:
                given = call.given("body", asynchronous=False)
                try:
                    response = manager.request(call.method, call.url, redirect=False, **given)
                    found.append(Answer(response.status, response.headers, response.data))
                except self.library.exceptions.HTTPError as error:
                    found.append(Answer(0, error=error))
        return found


class _Requests(Caller):
    def __init__(self) -> None:
        self.library: Any = pytest.importorskip("requests")
        self.no_connection = self.broken = (self.library.ConnectionError,)

    def calls(self, mesh: Mesh, *calls: Call) -> list[Answer]:
        from meshcore.integrations.requests import MeshAdapter

        found = []
        with self.library.Session() as session:
            session.trust_env = False
            session.mount("http://", MeshAdapter(mesh))
            for call in calls:
                given = call.given("data", asynchronous=False)
                try:
                    response = session.request(call.method, call.url, allow_redirects=False, **given)
                    found.append(Answer(response.status_code, response.headers, response.content))
                except self.library.RequestException as error:
                    found.append(Answer(0, error=error))
        return found


class _Aiohttp(Caller):
    def __init__(self) -> None:
        self.library: Any = pytest.importorskip("aiohttp")
        self.no_connection = (self.library.ClientConnectorError,)
        self.broken = (self.library.ServerDisconnectedError, self.library.ClientOSError)

    def calls(self, mesh: Mesh, *calls: Call) -> list[Answer]:
        from meshcore.integrations.aiohttp import MeshClientMiddleware

        async def main() -> list[Answer]:
            found = []
            middlewares = [MeshClientMiddleware(mesh)]
            async with self.library.ClientSession(middlewares=middlewares) as session:
                for call in calls:
                    given = call.given("data", asynchronous=True)
                    try:
                        async with session.request(
                            call.method, call.url, allow_redirects=False, **given
                        ) as response:
                            found.append(Answer(response.status, response.headers, await response.read()))
                    except self.library.ClientError as error:
                        found.append(Answer(0, error=error))
            return found

        return asyncio.run(main())


CALLERS = {
    "httpx": lambda: _Httpx("httpx"),
    "httpx async": lambda: _AsyncHttpx("httpx"),
    "httpx2": lambda: _Httpx("httpx2"),
    "httpx2 async": lambda: _AsyncHttpx("httpx2"),
    "urllib3": _Urllib3,
    "requests": _Requests,
    "aiohttp": _Aiohttp,
}


def caller_of(name: str) -> Caller:
    return CALLERS[name]()


def decisions_seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Decision, int]]:
    """The decisions of requests that clients count from now on, and the statuses that they count."""
    seen: list[tuple[Decision, int]] = []
    count = Outbound.over

    def over(self: Outbound, decision: Decision, status: int, spans: Any) -> None:
        seen.append((decision, status))
        count(self, decision, status, spans)

    monkeypatch.setattr(Outbound, "over", over)
    return seen
