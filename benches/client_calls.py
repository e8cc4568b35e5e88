"""Each client that there is an integration for, calling one service: bare, in the mesh, and each of them also
without a network: then the endpoint's answer is there at once, and what differs is the mesh alone.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from importlib import import_module
from typing import Any
from unittest import mock

from meshcore import Mesh

LINES = [
    (b"date", b"Thu, 26 Nov 2026 13:00:00 GMT"),
    (b"server", b"uvicorn"),
    (b"content-type", b"application/json"),
    (b"content-length", b"11"),
]
BODY = b'{"ok":true}'


class Calls:
    """Makes so many calls, one after the other."""

    def __init__(self, client: Any, call: Callable[[Any], object]) -> None:
        self._client = client
        self._call = call

    def __call__(self, count: int) -> None:
        for _ in range(count):
            self._call(self._client)

    def close(self) -> None:
        self._client.close()


class AsyncCalls(Calls):
    """The same by a client of asyncio; its loop runs while they are made."""

    def __init__(self, opened: Coroutine[Any, Any, Any], call: Callable[[Any], Awaitable[object]]) -> None:
        self._loop = asyncio.new_event_loop()
        super().__init__(self._loop.run_until_complete(opened), call)

    def __call__(self, count: int) -> None:
        self._loop.run_until_complete(self._calls(count))

    async def _calls(self, count: int) -> None:
        for _ in range(count):
            await self._call(self._client)  # type: ignore[misc]

    def close(self) -> None:
        closing = self._client.aclose if hasattr(self._client, "aclose") else self._client.close
        self._loop.run_until_complete(closing())
        self._loop.close()


# ------------------------------------------------------------------ httpx, httpx2


def _stub(lib: Any) -> Any:
    class Body(lib.AsyncByteStream, lib.SyncByteStream):  # type: ignore[misc]
        """Read when it is asked for, as from a socket."""

        def __iter__(self) -> Iterator[bytes]:
            yield BODY

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield BODY

    class Stub(lib.AsyncBaseTransport, lib.BaseTransport):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            pass

        def handle_request(self, request: Any) -> Any:
            return lib.Response(200, headers=LINES, stream=Body())

        async def handle_async_request(self, request: Any) -> Any:
            return self.handle_request(request)

    return Stub


def _transport(library: str, kind: str, mesh: Mesh | None, stubbed: bool) -> Any:
    lib, ours = import_module(library), import_module(f"meshcore.integrations.{library}")
    inner = f"{kind}HTTPTransport"
    with mock.patch.object(lib, inner, _stub(lib) if stubbed else getattr(lib, inner)):
        return getattr(lib, inner)() if mesh is None else getattr(ours, f"{kind}MeshTransport")(mesh)


def _httpx(library: str, url: str, mesh: Mesh | None, stubbed: bool) -> Calls:
    client = import_module(library).Client(transport=_transport(library, "", mesh, stubbed))
    return Calls(client, lambda client: client.get(url))


def _async_httpx(library: str, url: str, mesh: Mesh | None, stubbed: bool) -> Calls:
    async def opened() -> Any:
        transport = _transport(library, "Async", mesh, stubbed)
        return import_module(library).AsyncClient(transport=transport)

    return AsyncCalls(opened(), lambda client: client.get(url))


# ------------------------------------------------------------------ aiohttp


def _aiohttp(url: str, mesh: Mesh | None, stubbed: bool) -> Calls:
    import aiohttp
    from aiohttp.base_protocol import BaseProtocol
    from aiohttp.http_writer import StreamWriter
    from multidict import CIMultiDict, CIMultiDictProxy

    from meshcore.integrations.aiohttp import MeshClientMiddleware

    async def stub(request: Any, handler: Any) -> Any:
        """As the integration makes an answer of its own; the library has no public way."""
        loop = asyncio.get_running_loop()
        response = aiohttp.ClientResponse(
            request.method,
            request.url,
            writer=None,
            stream_writer=StreamWriter(BaseProtocol(loop), loop),
            continue100=None,
            timer=request._timer,
            request_info=request.request_info,
            traces=[],
            loop=loop,
            session=request.session,
        )
        response.status = 200
        response._raw_headers = tuple(LINES)
        response._headers = CIMultiDictProxy(CIMultiDict((n.decode(), v.decode()) for n, v in LINES))
        response.content = aiohttp.StreamReader(BaseProtocol(loop), 2**16, loop=loop)
        response.content.feed_data(BODY)
        response.content.feed_eof()
        return response

    async def opened() -> Any:
        middlewares = [] if mesh is None else [MeshClientMiddleware(mesh)]
        return aiohttp.ClientSession(middlewares=[*middlewares, *([stub] if stubbed else [])])

    async def call(session: Any) -> None:
        async with session.get(url) as answer:
            await answer.read()

    return AsyncCalls(opened(), call)


# ------------------------------------------------------------------ urllib3, requests


class _StubPool:
    """A pool of connections that are none."""

    pool: tuple[object, ...] = ()
    timeout = None
    ConnectionCls: Any

    def urlopen(
        self, method: str, url: str, body: Any = None, headers: Any = None, *given: Any, **more: Any
    ) -> Any:
        from urllib3 import HTTPResponse, Retry
        from urllib3._collections import HTTPHeaderDict

        lines = HTTPHeaderDict((name.decode(), value.decode()) for name, value in LINES)
        preload = more.get("preload_content", True)
        return HTTPResponse(io.BytesIO(BODY), lines, 200, preload_content=preload, retries=Retry(0))


def _manager(mesh: Mesh | None, stubbed: bool) -> Any:
    import urllib3

    from meshcore.integrations.urllib3 import MeshPoolManager

    manager: Any = urllib3.PoolManager() if mesh is None else MeshPoolManager(mesh)
    manager.close = manager.clear
    if stubbed:
        pool = _StubPool()
        pool.ConnectionCls = urllib3.connection.HTTPConnection
        setattr(manager, "connection_from_host" if mesh is None else "plain", lambda *given, **more: pool)
    return manager


def _urllib3(url: str, mesh: Mesh | None, stubbed: bool) -> Calls:
    return Calls(_manager(mesh, stubbed), lambda manager: manager.request("GET", url))


def _requests(url: str, mesh: Mesh | None, stubbed: bool) -> Calls:
    import requests

    session = requests.Session()
    session.trust_env = False
    manager = _manager(mesh, stubbed)

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *given: Any, **more: Any) -> None:
            self.poolmanager = manager

    session.mount("http://", Adapter())

    return Calls(session, lambda session: session.get(url))


CLIENTS: dict[str, Callable[[str, Mesh | None, bool], Calls]] = {
    "httpx": lambda *how: _httpx("httpx", *how),
    "httpx, async": lambda *how: _async_httpx("httpx", *how),
    "httpx2": lambda *how: _httpx("httpx2", *how),
    "httpx2, async": lambda *how: _async_httpx("httpx2", *how),
    "aiohttp": _aiohttp,
    "urllib3": _urllib3,
    "requests": _requests,
}
