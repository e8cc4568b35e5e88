"""The transports for httpx and httpx2: those of threads and those of asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

from meshcore._aside import require_asyncio
from meshcore.engine import Attempt, Decision, Outcome
from meshcore.exchange import AttemptError, arun, run
from meshcore.integrations._httpx_answers import Held, async_stream, sync_stream
from meshcore.integrations._httpx_reading import body_within, keep_time
from meshcore.integrations._httpx_transport import Transport
from meshcore.integrations._outbound import NoPlaceError
from meshcore.integrations._spans import Calling
from meshcore.mesh import Mesh
from meshcore.upstream.headers import malformed

__all__ = ["AsyncTransport", "SyncTransport"]


class SyncTransport(Transport):
    """For threads."""

    _inner = "HTTPTransport"

    def _new(self, options: dict[str, Any]) -> Any:
        return keep_time(super()._new(options), self._core)

    async def __aenter__(self) -> Any:
        raise self._misplaced("AsyncClient", "AsyncMeshTransport")

    async def handle_async_request(self, request: Any) -> Any:
        """Of an ``AsyncClient``, which the transport is not for."""
        raise self._misplaced("AsyncClient", "AsyncMeshTransport")

    def _stream(self, held: Held, decision: Decision) -> Any:
        end = self._out.deadline(decision)
        if held.timeouts is not None:
            body_within(held.timeouts, held.given, end)
        return sync_stream(self._lib)(held, decision, end)

    def handle_request(self, request: Any) -> Any:
        if self._out.idle:
            return self._plain.handle_request(request)
        decision, spans = self._decide(request)
        try:
            if self._out.passes(decision):
                decision.close()
                return self._plain.handle_request(request)
            self._out.hold(decision)
            return self.answer(request, decision, spans)
        except BaseException as error:
            decision.close()
            if spans is not None:
                spans.abandoned(error)
            if isinstance(error, NoPlaceError):
                raise self._lib.PoolTimeout(str(error), request=request) from None
            raise

    def answer(self, request: Any, decision: Decision, spans: Calling | None = None) -> Any:
        """What a decision makes of a request. Closing the response closes the decision, too."""
        raised: Exception | None = None

        def send(attempt: Attempt, limit: float | None) -> Held:
            nonlocal raised
            raised = None
            place, limit = self._out.place(decision, attempt, limit, self._patience(request))
            held = Held(place, self._others)
            begun = time.monotonic()
            try:
                transport, made = self._attempt(request, decision, attempt, limit, held)
                held.answered(transport.handle_request(made))
            except BaseException as error:
                held.give()
                if not isinstance(error, self._lib.TransportError):
                    raise
                late = limit is not None and time.monotonic() - begun >= limit
                if late and isinstance(error, self._lib.TimeoutException):  # by our limit, not the client's
                    raise TimeoutError from error
                failed = self._failed(error, decision, attempt)
                raised = error
                raise failed from error
            if malformed(held.status, held.headers):
                held.drop()
                raise AttemptError("protocol-error")
            return held

        held = None
        if decision.outcome is Outcome.FORWARD:
            self._mirror(request, decision)
            held = run(
                decision,
                send if spans is None else spans.sending(send),
                replayable=lambda: self._replayable(request, decision),
                discard=Held.drop,
                within=self._out.time_left(),
            )
        return self._outcome(decision, held, raised, spans)

    def close(self) -> None:
        for transport in (self._plain, *self._others.clear()):
            transport.close()


class AsyncTransport(Transport):
    """For asyncio."""

    _inner = "AsyncHTTPTransport"

    def __init__(self, mesh: Mesh, *, transport: Any = None, **options: Any) -> None:
        super().__init__(mesh, transport=transport, **options)
        self._closing: set[asyncio.Future[None]] = set()

    def __enter__(self) -> Any:
        raise self._misplaced("Client", "MeshTransport")

    def handle_request(self, request: Any) -> Any:
        """Of a ``Client``, which the transport is not for."""
        raise self._misplaced("Client", "MeshTransport")

    def _stream(self, held: Held, decision: Decision) -> Any:
        return async_stream(self._lib)(held, decision, self._out.deadline(decision))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it beside the request; the loop alone would not keep it."""
        task = asyncio.ensure_future(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _close(self, transport: Any) -> None:
        self._later(transport.aclose())

    async def handle_async_request(self, request: Any) -> Any:
        out = self._out
        if out.idle:
            return await self._plain.handle_async_request(request)
        require_asyncio("the transport of an AsyncClient needs asyncio")
        if not out.mesh.started:
            await out.started()
        decision, spans = self._decide(request)
        raised: Exception | None = None

        async def send(attempt: Attempt) -> Held:
            nonlocal raised
            raised = None
            patience = self._patience(request)
            place = out.place_at_once(decision, attempt) or await out.aplace(decision, attempt, patience)
            held = Held(place, self._others)
            try:
                transport, made = self._attempt(request, decision, attempt, None, held)
                held.answered(await transport.handle_async_request(made))
            except BaseException as error:
                held.give()
                if not isinstance(error, self._lib.TransportError):
                    raise
                failed = self._failed(error, decision, attempt)
                raised = error
                raise failed from error
            if malformed(held.status, held.headers):
                await held.adrop()
                raise AttemptError("protocol-error")
            return held

        try:
            if out.passes(decision):
                decision.close()
                return await self._plain.handle_async_request(request)
            if decision.rate_limits or decision.delay:
                await out.ahold(decision)
            held = None
            if decision.outcome is Outcome.FORWARD:
                self._mirror(request, decision)
                held = await arun(
                    decision,
                    send if spans is None else spans.asending(send),
                    replayable=lambda: self._replayable(request, decision),
                    discard=Held.adrop,
                    within=out.time_left(),
                )
            return self._outcome(decision, held, raised, spans)
        except BaseException as error:
            decision.close()
            if spans is not None:
                spans.abandoned(error)
            if isinstance(error, NoPlaceError):
                raise self._lib.PoolTimeout(str(error), request=request) from None
            raise

    async def aclose(self) -> None:
        for transport in (self._plain, *self._others.clear()):
            await transport.aclose()
        await asyncio.gather(*self._closing, return_exceptions=True)
