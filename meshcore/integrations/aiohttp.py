"""A middleware for aiohttp's client: a session's requests go where the mesh says.

async with aiohttp.ClientSession(middlewares=[MeshClientMiddleware(mesh)]) as session:
    async with session.get("http://reviews/reviews/7") as response:
        ...
"""

from __future__ import annotations

import asyncio
import time
import weakref
from functools import partial
from http import HTTPStatus
from types import EllipsisType
from typing import Any

import aiohttp
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_writer import StreamWriter
from multidict import CIMultiDict, CIMultiDictProxy

from meshcore.certificates import CannotSecure
from meshcore.engine import Attempt, Decision, Outcome
from meshcore.exchange import AttemptError, arun
from meshcore.integrations._aiohttp import failure_of, framing, name_attempt, text_of, url_of
from meshcore.integrations._outbound import NoPlaceError, Outbound, body_of, too_late, whither
from meshcore.integrations._spans import Calling, Closes
from meshcore.mesh import Mesh
from meshcore.upstream.framing import framed
from meshcore.upstream.headers import malformed

__all__ = ["MeshClientMiddleware"]

_NOT_SENT_AGAIN = (aiohttp.AsyncIterablePayload, aiohttp.StreamReader)
#: Bodies of which several attempts can be written at the same time.
_AT_ONCE = (bytes, aiohttp.BytesPayload)


class MeshClientMiddleware:
    """Routes, balances, retries and limits what an ``aiohttp.ClientSession`` sends, by the mesh's
    configuration.

    An answer that the mesh gives by itself (a redirect, a fault, an open breaker, a timeout of the route) is
    a response, as from a sidecar. Where the last attempt failed on its way, aiohttp's own exception is
    raised. Hosts that the configuration does not know are reached as if there were no mesh.

    Args:
        mesh: the mesh of the process.
    """

    def __init__(self, mesh: Mesh) -> None:
        self._out = Outbound(mesh)

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        out = self._out
        if out.idle:
            return await handler(request)
        if not out.mesh.started:
            await out.started()
        lines = [(name.encode(), value.encode()) for name, value in request.headers.items()]
        target = request.url.raw_path_qs.encode()
        decision, spans = out.decide(request.method, target, lines, scheme=request.url.scheme)
        try:
            if out.passes(decision):
                decision.close()
                return await handler(request)
            if decision.rate_limits or decision.delay:
                await out.ahold(decision)
            return await _Call(self, decision, request, handler, spans).answer()
        except BaseException as error:
            decision.close()
            if spans is not None:
                spans.abandoned(error)
            if isinstance(error, NoPlaceError):
                raise aiohttp.ConnectionTimeoutError(str(error)) from None
            raise

    def request_for(
        self, request: aiohttp.ClientRequest, decision: Decision, attempt: Attempt
    ) -> aiohttp.ClientRequest:
        """The request as it goes to an attempt's endpoint.

        Raises:
            AttemptError: the connection cannot be made as the configuration asks.
        """
        secure, authority = request.url.scheme == "https", attempt.authority
        way = self._out.way(decision, attempt.endpoint, authority, secure=secure)
        if way.unix:
            raise AttemptError("connect-failure")  # a session's connector has TCP connections alone
        made = object.__new__(type(request))  # copy.copy() takes several times as long
        made.__dict__.update(request.__dict__)
        if way.secure:
            made.server_hostname = way.server_name
            if way.tls is not None:
                try:
                    made._ssl = self._out.mesh.certificates.context(way.tls)
                except CannotSecure as error:
                    raise AttemptError("connect-failure") from error
        if made.proxy is not None:  # of a session with trust_env: it would not know the endpoint
            made.update_proxy(None, None, None)
        made._continue = None  # the decision drops Expect, so that nobody would say to go on
        made.url = url_of(way.address, attempt.path, secure=way.secure)
        going = framed(self._out.lines(decision, attempt), *framing(request.headers))
        made.chunked = True if going[-1][0] == b"transfer-encoding" else None
        lines = [("Host", authority)]
        lines += [(name.decode("latin-1"), text_of(value)) for name, value in going]
        made.headers = CIMultiDict(lines)
        return made

    @property
    def outbound(self) -> Outbound:
        return self._out


class _Head:
    """The head of an answer."""

    def __init__(self, response: aiohttp.ClientResponse, place: Closes) -> None:
        self.response = response
        self.status = response.status
        self.headers = response.raw_headers
        self.place = place  #: at the endpoint, until the answer has been read

    def discard(self) -> None:
        self.response.close()
        self.place.close()


class _Call:
    """One request, with all its attempts."""

    def __init__(
        self,
        middleware: MeshClientMiddleware,
        decision: Decision,
        request: aiohttp.ClientRequest,
        handler: aiohttp.ClientHandlerType,
        spans: Calling | None,
    ) -> None:
        self._spans = spans
        self._middleware = middleware
        self._decision = decision
        self._request = request
        self._handler = handler
        self._raised: Exception | None = None

    async def answer(self) -> aiohttp.ClientResponse:
        decision, out = self._decision, self._middleware.outbound
        head = None
        if decision.outcome is Outcome.FORWARD:
            if out.mirrors:
                out.mirror(decision, await _held(self._request.body))
            head = await arun(
                decision,
                self._send if self._spans is None else self._spans.asending(self._send),
                replayable=lambda: _replayable(self._request.body, decision),
                discard=_Head.discard,
                within=out.time_left(),
            )
        if head is not None:
            out.over(decision, head.status, self._spans)
            return self._theirs(head)
        if self._raised is not None:
            out.over(decision, 0, self._spans)
            raise self._raised
        status = decision.status or 503
        out.over(decision, status, self._spans)
        return self._own(status)

    async def _send(self, attempt: Attempt) -> _Head:
        self._raised = None
        out, decision = self._middleware.outbound, self._decision
        place = out.place_at_once(decision, attempt)
        if place is None:
            place = await out.aplace(decision, attempt, _patience(self._request))
        try:
            made = self._middleware.request_for(self._request, self._decision, attempt)
            head = _Head(await self._handler(made), place)
        except BaseException as error:
            place.close()
            if not isinstance(error, aiohttp.ClientError | asyncio.TimeoutError):
                raise
            failed = AttemptError(failure_of(error))
            name_attempt(error, whither(decision, attempt))
            self._raised = error
            raise failed from error
        if malformed(head.status, head.headers):
            head.discard()
            raise AttemptError("protocol-error")
        return head

    def _theirs(self, head: _Head) -> aiohttp.ClientResponse:
        """The endpoint's answer, as from the address that was asked for."""
        decision, response = self._decision, head.response
        lines = decision.response_headers(head.headers, status=head.status)
        if lines != [*head.headers]:
            _set_headers(response, lines)
        response._url = self._request.url  # cookies are kept by it
        connection = response.connection
        timer = None

        def over() -> None:
            if timer is not None:
                timer.cancel()
            if isinstance(response.content.exception(), aiohttp.ClientPayloadError):  # it broke off
                decision.report(error="protocol-error")
            decision.close()
            head.place.close()

        if connection is None:  # all of it has been read
            over()
            return response
        connection.add_callback(over)
        deadline = self._middleware.outbound.deadline(decision)
        if deadline is not None:
            # Nobody else would keep the answer, if the caller does not.
            cut = partial(_cut_off, weakref.ref(response), decision)
            timer = asyncio.get_running_loop().call_later(deadline - time.monotonic(), cut)
        return response

    def _own(self, status: int) -> aiohttp.ClientResponse:
        """The decision's own answer."""
        decision, request = self._decision, self._request
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
        response.version = aiohttp.HttpVersion11
        response.status = status
        response.reason = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
        _set_headers(response, decision.response_headers())
        response.content = aiohttp.StreamReader(BaseProtocol(loop), 2**16, loop=loop)
        if body := body_of(decision):
            response.content.feed_data(body)
        response.content.feed_eof()
        decision.close()
        return response


def _cut_off(answer: weakref.ref[aiohttp.ClientResponse], decision: Decision) -> None:
    """The deadline has passed while an answer is read: what reads it, now or later, is told so."""
    response = answer()
    if response is not None and response.connection is not None:
        decision.report(error="timeout")
        response.content.set_exception(aiohttp.SocketTimeoutError(too_late(decision)))
        response.close()


def _patience(request: aiohttp.ClientRequest) -> float | None:
    """Seconds that a request waits for a connection. That of a single request, in place of its session's,
    nobody tells a middleware; ``total`` aiohttp keeps itself."""
    session = request.session
    return session.timeout.connect or None


def _replayable(body: Any, decision: Decision) -> bool:
    """Whether a body can be sent again: one that is read from somewhere may be used up, whole or in a part
    of a form, and only one attempt at a time can read it."""
    if not body or isinstance(body, _AT_ONCE):
        return True
    if isinstance(body, _NOT_SENT_AGAIN) or decision.hedges:
        return False
    return not getattr(body, "consumed", False)


async def _held(body: bytes | aiohttp.Payload | None) -> bytes | EllipsisType | None:
    """The bytes of a request's body, where it is not to be read from somewhere; None: it has none."""
    if isinstance(body, aiohttp.BytesPayload):
        return await body.as_bytes()
    return None if not body else ...


def _set_headers(response: aiohttp.ClientResponse, lines: Any) -> None:
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in lines:
        headers.add(name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))
    response._cache.clear()  # of what has been made of them already
    response._headers = CIMultiDictProxy(headers)
    response._cookies = None
    response._raw_cookie_headers = tuple(headers.getall("Set-Cookie", ()))  # what a session keeps
    response._raw_headers = tuple(lines)
