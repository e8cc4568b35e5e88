"""The mesh's decisions under an httpx client: what the transports for httpx and httpx2 share.

Both libraries have the same names, so the one that a transport is for is handed in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from meshcore.certificates import CannotSecure
from meshcore.engine import Attempt, Decision, Outcome
from meshcore.exchange import AttemptError, arun, run
from meshcore.integrations._httpx_answers import Head, Held, async_stream, sync_stream
from meshcore.integrations._outbound import NoPlaceError, Outbound, Way
from meshcore.integrations._pools import Pools
from meshcore.mesh import Mesh
from meshcore.upstream.headers import end_to_end, malformed

__all__ = ["AsyncCalls", "SyncCalls"]


class _Calls:
    """What the transports of threads and of asyncio share.

    Args:
        lib: httpx, or what has its names.
        new: makes a transport of the library, with keyword arguments of its constructor.
        forwards: requests are somebody else's: header lines that are between them and us are left out.
    """

    def __init__(
        self,
        lib: Any,
        mesh: Mesh,
        new: Callable[..., Any],
        options: dict[str, Any],
        *,
        forwards: bool = False,
    ) -> None:
        self._lib = lib
        self._out = Outbound(mesh)
        self._new = new
        self._options = options
        self._forwards = forwards
        self._plain = new(**options)
        self._others = Pools(self._close)

    def _close(self, transport: Any) -> object:
        """Close a transport that nobody uses any more."""
        return transport.close()

    def _decide(self, request: Any) -> Decision:
        url = request.url
        target = request.extensions.get("target", url.raw_path)
        return self._out.decide(request.method, target, request.headers.raw, scheme=url.scheme)

    def _transport(self, way: Way, held: Held) -> Any:
        """The pool of connections for a way. The library's pools do not tell server names apart.

        Raises:
            AttemptError: the connection cannot be made as the configuration asks.
        """
        if not way.secure and not way.unix:
            return self._plain
        options = dict(self._options)
        try:
            if way.tls is not None:
                options["verify"] = self._out.mesh.certificates.context(way.tls)
        except CannotSecure as error:
            raise AttemptError("connect-failure") from error
        if way.unix:
            options["uds"] = way.address
        key = (options.get("verify"), way.address if way.unix else way.server_name)
        held.pool = self._others.take(key, lambda: self._new(**options))
        return held.pool.transport

    def _attempt(
        self, request: Any, decision: Decision, attempt: Attempt, limit: float | None, held: Held
    ) -> tuple[Any, Any]:
        """The transport for an attempt, and the request to give it."""
        secure = request.url.scheme == "https"
        way = self._out.way(decision, attempt.endpoint, attempt.authority, secure=secure)
        return self._transport(way, held), self._request(request, decision, attempt, way, limit)

    def _request(
        self, request: Any, decision: Decision, attempt: Attempt, way: Way, limit: float | None
    ) -> Any:
        host, _, port = ("localhost", "", "") if way.unix else way.address.rpartition(":")
        url = self._lib.URL(
            scheme="https" if way.secure else "http", host=host.strip("[]"), port=int(port) if port else None
        )
        lines = attempt.request_headers()
        if self._forwards:  # what clients send is marked since it was decided
            lines = [*end_to_end(lines), self._out.mark]
        headers = [(b"Host", attempt.authority.encode()), *lines]
        if "transfer-encoding" in request.headers:  # a header of one connection: the decision drops it
            headers.append((b"Transfer-Encoding", b"chunked"))
        # As the target of the URL the library would write it in another spelling.
        extensions = {**request.extensions, "target": attempt.path.encode()}
        if way.secure:
            extensions["sni_hostname"] = way.server_name
        if limit is not None:
            extensions["timeout"] = _within(extensions.get("timeout"), limit)
        return self._lib.Request(
            decision.method, url, headers=headers, stream=request.stream, extensions=extensions
        )

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

    def _patience(self, request: Any) -> float | None:
        """Seconds that a request waits for a connection."""
        seconds: float | None = (request.extensions.get("timeout") or {}).get("pool")
        return seconds

    def _replayable(self, request: Any) -> bool:
        return isinstance(request.stream, self._lib.ByteStream)

    def _mirror(self, request: Any, decision: Decision) -> None:
        self._out.mirror(decision, (b"".join(request.stream) or None) if self._replayable(request) else ...)

    def _own(self, decision: Decision) -> Any:
        """The decision's own answer."""
        status, body = decision.status or 503, decision.body
        self._out.over(decision, status)
        return self._lib.Response(
            status,
            headers=[*decision.response_headers(), (b"content-length", str(len(body)).encode())],
            stream=self._lib.ByteStream(body),  # "content" would be read already, and could not be streamed
            extensions={"meshcore": decision},
        )

    def _response(self, decision: Decision, head: Head, stream: Any) -> Any:
        headers = decision.response_headers(head.headers, status=head.status)
        extensions = {**head.response.extensions, "meshcore": decision}
        self._out.over(decision, head.status)
        return self._lib.Response(head.status, headers=headers, stream=stream, extensions=extensions)


def _named(error: Any, decision: Decision, attempt: Attempt) -> Exception:
    """The library's error, whose text says where the attempt went: the URL has no more than the service."""
    where = f"{attempt.endpoint} of {decision.cluster}, attempt {attempt.number}"
    error.args = (f"{error} ({where})" if str(error) else where,)
    found: Exception = error
    return found


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
        except BaseException as error:
            decision.close()
            if isinstance(error, NoPlaceError):
                raise self._lib.PoolTimeout(str(error), request=request) from None
            raise

    def answer(self, request: Any, decision: Decision) -> Any:
        """What a decision makes of a request. Closing the response closes the decision, too."""
        out, lib = self._out, self._lib
        raised: Exception | None = None

        def send(attempt: Attempt, limit: float | None) -> Head:
            nonlocal raised
            raised = None
            place, limit = out.place(decision, attempt, limit, self._patience(request))
            held = Held(place, self._others)
            begun = time.monotonic()
            try:
                transport, made = self._attempt(request, decision, attempt, limit, held)
                head = Head(transport.handle_request(made), held)
            except BaseException as error:
                held.give()
                if not isinstance(error, lib.TransportError):
                    raise
                late = limit is not None and time.monotonic() - begun >= limit
                if late and isinstance(error, lib.TimeoutException):  # by our limit, not the client's own
                    raise TimeoutError from error
                word = self._error(error)
                if word is None:
                    raise
                raised = _named(error, decision, attempt)
                raise AttemptError(word) from error
            if malformed(head.status, head.headers):
                head.close()
                raise AttemptError("protocol-error")
            return head

        head = None
        if decision.outcome is Outcome.FORWARD:
            self._mirror(request, decision)
            head = run(
                decision,
                send,
                replayable=lambda: self._replayable(request),
                discard=Head.close,
                within=out.time_left(),
            )
        if head is not None:
            return self._response(decision, head, sync_stream(lib)(head, decision))
        if raised is not None:
            out.over(decision, 0)
            raise raised
        answer = self._own(decision)
        decision.close()
        return answer

    def close(self) -> None:
        for transport in (self._plain, *self._others.clear()):
            transport.close()


class AsyncCalls(_Calls):
    """For asyncio."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._closing: set[asyncio.Future[None]] = set()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it beside the request; the loop alone would not keep it."""
        task = asyncio.ensure_future(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _close(self, transport: Any) -> None:
        self._later(transport.aclose())

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
        except BaseException as error:
            decision.close()
            if isinstance(error, NoPlaceError):
                raise self._lib.PoolTimeout(str(error), request=request) from None
            raise

    async def _answered(self, request: Any, decision: Decision) -> Any:
        out, lib = self._out, self._lib
        raised: Exception | None = None

        async def send(attempt: Attempt) -> Head:
            nonlocal raised
            raised = None
            held = Held(await out.aplace(decision, attempt, self._patience(request)), self._others)
            try:
                transport, made = self._attempt(request, decision, attempt, None, held)
                head = Head(await transport.handle_async_request(made), held)
            except BaseException as error:
                held.give()
                if not isinstance(error, lib.TransportError):
                    raise
                word = self._error(error)
                if word is None:
                    raise
                raised = _named(error, decision, attempt)
                raise AttemptError(word) from error
            if malformed(head.status, head.headers):
                await head.aclose()
                raise AttemptError("protocol-error")
            return head

        head = None
        if decision.outcome is Outcome.FORWARD:
            self._mirror(request, decision)
            head = await arun(
                decision,
                send,
                replayable=lambda: self._replayable(request),
                discard=lambda head: self._later(head.aclose()),
                within=out.time_left(),
            )
        if head is not None:
            return self._response(decision, head, async_stream(lib)(head, decision))
        if raised is not None:
            out.over(decision, 0)
            raise raised
        answer = self._own(decision)
        decision.close()
        return answer

    async def close(self) -> None:
        for transport in (self._plain, *self._others.clear()):
            await transport.aclose()
        await asyncio.gather(*self._closing, return_exceptions=True)
