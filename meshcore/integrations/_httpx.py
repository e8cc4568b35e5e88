"""The mesh's decisions under an httpx client: what the transports for httpx and httpx2 share.

Both libraries have the same names, so the one that a transport is for is handed in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from meshcore.certificates import CannotSecure, Certificates
from meshcore.engine import Attempt, Decision, Outcome
from meshcore.exchange import AttemptError, arun, run
from meshcore.integrations._outbound import Outbound, Way
from meshcore.mesh import Mesh
from meshcore.model import UpstreamTls

__all__ = ["AsyncCalls", "SyncCalls"]


class _Head:
    """The head of an answer."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self.status: int = response.status_code
        self.headers: list[tuple[bytes, bytes]] = response.headers.raw


class _Calls:
    """What the transports of threads and of asyncio share.

    Args:
        lib: httpx, or what has its names.
        new: makes a transport of the library, with keyword arguments of its constructor.
    """

    def __init__(self, lib: Any, mesh: Mesh, new: Callable[..., Any], options: dict[str, Any]) -> None:
        self._lib = lib
        self._out = Outbound(mesh)
        self._new = new
        self._options = options
        self._certificates = Certificates()
        self._plain = new(**options)
        self._others: dict[tuple[UpstreamTls | None, str], Any] = {}

    def _decide(self, request: Any) -> Decision:
        url = request.url
        return self._out.decide(request.method, url.raw_path, request.headers.raw, scheme=url.scheme)

    def _transport(self, way: Way) -> Any:
        """The pool of connections for a way. The library's pools do not tell server names apart."""
        if not way.secure and not way.unix:
            return self._plain
        key = (way.tls, way.address if way.unix else way.server_name)
        found = self._others.get(key)
        if found is None:
            options = dict(self._options)
            if way.tls is not None:
                options["verify"] = self._certificates.context(way.tls)
            if way.unix:
                options["uds"] = way.address
            found = self._others[key] = self._new(**options)
        return found

    def _attempt(
        self, request: Any, decision: Decision, attempt: Attempt, limit: float | None
    ) -> tuple[Any, Any]:
        """The transport for an attempt, and the request to give it.

        Raises:
            AttemptError: the connection cannot be made as the configuration asks.
        """
        secure = request.url.scheme == "https"
        way = self._out.way(decision, attempt.endpoint, attempt.authority, secure=secure)
        try:
            transport = self._transport(way)
        except CannotSecure as error:
            raise AttemptError("connect-failure") from error
        host, _, port = ("localhost", "", "") if way.unix else way.address.rpartition(":")
        url = self._lib.URL(
            scheme="https" if way.secure else "http",
            host=host.strip("[]"),
            port=int(port) if port else None,
            raw_path=attempt.path.encode(),
        )
        headers = [(b"Host", attempt.authority.encode()), *attempt.request_headers()]
        if "transfer-encoding" in request.headers:  # a header of one connection: the decision drops it
            headers.append((b"Transfer-Encoding", b"chunked"))
        extensions = dict(request.extensions)
        if way.secure:
            extensions["sni_hostname"] = way.server_name
        if limit is not None:
            extensions["timeout"] = _within(extensions.get("timeout"), limit)
        made = self._lib.Request(
            decision.method, url, headers=headers, stream=request.stream, extensions=extensions
        )
        return transport, made

    def _error(self, error: Exception) -> str | None:
        """The word of ``Decision.report()`` for an error; None: it is not about the endpoint."""
        lib = self._lib
        if isinstance(error, lib.ConnectTimeout):
            return "connect-timeout"
        if isinstance(error, lib.ConnectError):
            return "connect-failure"
        if isinstance(error, lib.ReadError | lib.WriteError):
            return "reset"
        if isinstance(error, lib.RemoteProtocolError):
            return "reset" if "disconnected" in str(error) else "protocol-error"
        if isinstance(error, lib.ReadTimeout | lib.WriteTimeout):
            return "per-try-timeout"
        return None

    def _replayable(self, request: Any) -> bool:
        return isinstance(request.stream, self._lib.ByteStream)

    def _mirror(self, request: Any, decision: Decision) -> None:
        self._out.mirror(decision, (b"".join(request.stream) or None) if self._replayable(request) else ...)

    def _own(self, decision: Decision) -> Any:
        """The decision's own answer."""
        status = decision.status or 503
        self._out.over(decision, status)
        return self._lib.Response(
            status,
            headers=decision.response_headers(),
            content=decision.body,
            extensions={"meshcore": decision},
        )

    def _response(self, decision: Decision, head: _Head, stream: Any) -> Any:
        headers = decision.response_headers(head.headers, status=head.status)
        extensions = {**head.response.extensions, "meshcore": decision}
        self._out.over(decision, head.status)
        return self._lib.Response(head.status, headers=headers, stream=stream, extensions=extensions)


def _within(timeout: dict[str, float | None] | None, limit: float) -> dict[str, float | None]:
    """The client's own timeouts, none of them longer than the limit."""
    return {
        name: limit if value is None else min(value, limit)
        for name, value in {
            "connect": None,
            "read": None,
            "write": None,
            "pool": None,
            **(timeout or {}),
        }.items()
    }


class SyncCalls(_Calls):
    """For threads."""

    def handle(self, request: Any) -> Any:
        if self._out.idle:
            return self._plain.handle_request(request)
        decision = self._decide(request)
        try:
            if self._out.passes(decision):
                decision.close()
                return self._plain.handle_request(request)
            self._out.hold(decision)
            return self.answer(request, decision)
        except BaseException:
            decision.close()
            raise

    def answer(self, request: Any, decision: Decision) -> Any:
        """What a decision makes of a request. Closing the response closes the decision, too."""
        out, lib = self._out, self._lib
        raised: Exception | None = None

        def send(attempt: Attempt, limit: float | None) -> _Head:
            nonlocal raised
            raised = None
            transport, made = self._attempt(request, decision, attempt, limit)
            begun = time.monotonic()
            try:
                return _Head(transport.handle_request(made))
            except lib.TransportError as error:
                late = limit is not None and time.monotonic() - begun >= limit
                if late and isinstance(error, lib.TimeoutException):  # by our limit, not the client's own
                    raise TimeoutError from error
                word = self._error(error)
                if word is None:
                    raise
                raised = error
                raise AttemptError(word) from error

        head = None
        if decision.outcome is Outcome.FORWARD:
            self._mirror(request, decision)
            head = run(
                decision,
                send,
                replayable=lambda: self._replayable(request),
                discard=lambda head: head.response.close(),
                within=out.time_left(),
            )
        if head is not None:
            return self._response(decision, head, _sync_stream(lib)(head.response.stream, decision))
        if raised is not None:
            out.over(decision, 0)
            raise raised
        answer = self._own(decision)
        decision.close()
        return answer

    def close(self) -> None:
        for transport in (self._plain, *self._others.values()):
            transport.close()


class AsyncCalls(_Calls):
    """For asyncio."""

    async def handle(self, request: Any) -> Any:
        if self._out.idle:
            return await self._plain.handle_async_request(request)
        await self._out.started()
        decision = self._decide(request)
        try:
            if self._out.passes(decision):
                decision.close()
                return await self._plain.handle_async_request(request)
            await self._out.ahold(decision)
            return await self._answered(request, decision)
        except BaseException:
            decision.close()
            raise

    async def _answered(self, request: Any, decision: Decision) -> Any:
        out, lib = self._out, self._lib
        raised: Exception | None = None

        async def send(attempt: Attempt) -> _Head:
            nonlocal raised
            raised = None
            transport, made = self._attempt(request, decision, attempt, None)
            try:
                return _Head(await transport.handle_async_request(made))
            except lib.TransportError as error:
                word = self._error(error)
                if word is None:
                    raise
                raised = error
                raise AttemptError(word) from error

        head = None
        if decision.outcome is Outcome.FORWARD:
            self._mirror(request, decision)
            head = await arun(
                decision,
                send,
                replayable=lambda: self._replayable(request),
                discard=lambda head: asyncio.ensure_future(head.response.aclose()),
                within=out.time_left(),
            )
        if head is not None:
            return self._response(decision, head, _async_stream(lib)(head.response.stream, decision))
        if raised is not None:
            out.over(decision, 0)
            raise raised
        answer = self._own(decision)
        decision.close()
        return answer

    async def close(self) -> None:
        for transport in (self._plain, *self._others.values()):
            await transport.aclose()


_streams: dict[Any, Any] = {}


def _sync_stream(lib: Any) -> Any:
    """A class for the body of an answer, which gives the endpoint back when it is closed."""
    if lib.SyncByteStream not in _streams:

        class Stream(lib.SyncByteStream):  # type: ignore[misc]
            def __init__(self, stream: Any, decision: Decision) -> None:
                self._stream = stream
                self._decision = decision

            def __iter__(self) -> Iterator[bytes]:
                yield from self._stream

            def close(self) -> None:
                try:
                    self._stream.close()
                finally:
                    self._decision.close()

        _streams[lib.SyncByteStream] = Stream
    return _streams[lib.SyncByteStream]


def _async_stream(lib: Any) -> Any:
    if lib.AsyncByteStream not in _streams:

        class Stream(lib.AsyncByteStream):  # type: ignore[misc]
            def __init__(self, stream: Any, decision: Decision) -> None:
                self._stream = stream
                self._decision = decision

            async def __aiter__(self) -> AsyncIterator[bytes]:
                async for chunk in self._stream:
                    yield chunk

            async def aclose(self) -> None:
                try:
                    await self._stream.aclose()
                finally:
                    self._decision.close()

        _streams[lib.AsyncByteStream] = Stream
    return _streams[lib.AsyncByteStream]
