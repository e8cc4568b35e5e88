"""The endpoints' side: aiohttp's client, with one pool of connections per endpoint.

Nothing is sent twice: the client's own retries are kept from happening, since whether a request may
be repeated is the configuration's to say.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Any

import aiohttp
from yarl import URL

from meshcore.certificates import CannotSecure, Certificates, server_name, tls_of
from meshcore.model import Cluster
from meshcore.upstream.connections import Connection
from meshcore.upstream.headers import malformed
from meshcore.upstream.pools import PLACE, TcpPool, UnixPool
from meshcore.upstream.replies import (
    CONNECT_TIMEOUT,
    PROTOCOL_ERROR,
    RESET,
    RESET_BEFORE_REQUEST,
    UNSENDABLE,
    Reply,
    UpstreamError,
    connect_failure,
)

__all__ = ["RequestBody", "Upstream", "reply_for", "url_of"]

Chunks = Callable[[], Awaitable[bytes]]

#: aiohttp adds none of these by itself.
_AS_GIVEN = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class _Once(aiohttp.ClientError):
    """Carries a failure past aiohttp's retry of idempotent requests."""


class RequestBody(aiohttp.Payload):
    """The client's body, read as fast as the endpoint takes it.

    Args:
        chunks: gives the next bytes, b"" at the end.
        at_hand: the whole body is there already, so that the head may wait for it.
    """

    def __init__(self, chunks: Chunks, at_hand: bool) -> None:
        super().__init__(chunks)
        self._chunks = chunks
        self._at_hand = at_hand
        self.sent = False  #: something of the request may have gone out

    async def write(self, writer: Any) -> None:
        if not self._at_hand:
            self._begin(writer)
            writer.send_headers()  # the endpoint may answer before it has seen any of the body
        while chunk := await self._chunks():
            self._begin(writer)
            await writer.write(chunk)
        self._begin(writer)  # the head goes out now, where there was no byte

    def _begin(self, writer: Any) -> None:
        """Something is written at once: on a connection that is closed it goes nowhere."""
        transport = writer.transport
        self.sent |= transport is not None and not transport.is_closing()

    async def write_with_length(self, writer: Any, content_length: int | None) -> None:
        await self.write(writer)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        raise TypeError("a streamed body is not text")


class Upstream:
    """The pools of all endpoints. One for the life of a proxy, whatever configuration it serves.

    Times are seconds.

    Args:
        connect_timeout: to establish a connection, where the cluster says nothing (Envoy's default is 5 s).
        idle_timeout: how long an unused connection is kept.
        max_head: bytes of a line of an answer's head.
        buffer_size: bytes of an answer's body to read ahead.
        certificates: gives what certificates and keys are read by; None: they are read once, until
            ``forget_certificates()``.
    """

    def __init__(
        self,
        *,
        connect_timeout: float = 5.0,
        idle_timeout: float = 15.0,
        max_head: int = 60 * 1024,
        buffer_size: int = 64 * 1024,
        certificates: Callable[[], Certificates] | None = None,
    ) -> None:
        self._connect_timeout = connect_timeout
        self._idle_timeout = idle_timeout
        self._max_head = max_head
        self._buffer_size = buffer_size
        self._session = self._new_session(
            TcpPool(
                limit=0,
                keepalive_timeout=idle_timeout,
            )
        )
        self._unix: dict[str, aiohttp.ClientSession] = {}
        self._own_certificates = Certificates()
        self._certificates = certificates or (lambda: self._own_certificates)

    def _new_session(self, connector: aiohttp.BaseConnector) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_AS_GIVEN,
            middlewares=(_send_once,),
            read_bufsize=self._buffer_size,
            max_line_size=self._max_head,
            max_field_size=self._max_head,
            timeout=aiohttp.ClientTimeout(total=None),
        )

    def forget_certificates(self) -> None:
        """Read certificates and keys again when they are next needed."""
        self._own_certificates = Certificates()

    async def close(self) -> None:
        for session in (self._session, *self._unix.values()):
            await session.close()

    async def send(
        self,
        endpoint: str,
        cluster: Cluster | None,
        method: str,
        target: str,
        headers: Sequence[tuple[str, str]],
        body: RequestBody | None,
        connection: Connection | None = None,
    ) -> aiohttp.ClientResponse:
        """Send a request and wait for the answer's headers.

        ``headers`` begin with Host; ``target`` goes onto the request line as it is. ``connection`` is the
        request's place at the endpoint.

        Raises:
            UpstreamError: where no answer came.
        """
        tls = tls_of(cluster)
        session = self._unix_session(endpoint) if endpoint.startswith("/") else self._session
        seconds = cluster.connect_timeout if cluster is not None else None
        token = PLACE.set(connection)
        try:
            response = await session.request(
                method,
                url_of(endpoint, target, secure=tls is not None),
                headers=headers,
                data=body,
                allow_redirects=False,
                timeout=_timeout(self._connect_timeout if seconds is None else seconds),
                ssl=tls is None or self._certificates().context(tls),
                server_hostname=None if tls is None else server_name(tls, headers[0][1]),
            )
        except (aiohttp.ClientError, asyncio.TimeoutError, CannotSecure) as error:
            reply = reply_for(error)
            if reply is RESET and (_unwritten(error) if body is None else not body.sent):
                reply = RESET_BEFORE_REQUEST
            raise UpstreamError(reply) from error
        except ValueError as error:  # a control character in a header (errors of TLS are ValueErrors, too)
            raise UpstreamError(UNSENDABLE) from error
        finally:
            PLACE.reset(token)
        if malformed(response.status, response.raw_headers):
            response.close()
            raise UpstreamError(PROTOCOL_ERROR)
        return response

    def _unix_session(self, path: str) -> aiohttp.ClientSession:
        session = self._unix.get(path)
        if session is None:
            session = self._new_session(UnixPool(path, limit=0, keepalive_timeout=self._idle_timeout))
            self._unix[path] = session
        return session


async def _send_once(
    request: aiohttp.ClientRequest,
    handler: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]],
) -> aiohttp.ClientResponse:
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Once from error


@lru_cache
def _timeout(connect: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, sock_connect=connect)


def url_of(endpoint: str, target: str, *, secure: bool) -> URL:
    """The address, and the target as the path: so aiohttp writes it unchanged, query and all."""
    scheme = "https" if secure else "http"
    if endpoint.startswith("/"):
        return URL.build(scheme=scheme, host="localhost", path=target, encoded=True)
    host, _, port = endpoint.rpartition(":")
    return URL.build(scheme=scheme, host=host.strip("[]"), port=int(port), path=target, encoded=True)


def _reason(error: BaseException) -> str:
    """Why there is no connection, in words that tell a client nothing of addresses and files."""
    if isinstance(error, CannotSecure):
        return str(error)
    cause = error.__cause__ or error
    if isinstance(cause, ssl.SSLError):
        return f"TLS error: {cause.reason or 'handshake failed'}"
    if isinstance(cause, socket.gaierror):
        return "name resolution failed"
    number = getattr(cause, "errno", None)
    return os.strerror(number) if isinstance(number, int) and number > 0 else "connection failed"


def _unwritten(error: BaseException) -> bool:
    """Whether the connection was found closed when something was to be written."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, aiohttp.ClientConnectionResetError):
        cause = cause.__cause__
    return cause is not None


def reply_for(error: BaseException) -> Reply:
    """What becomes of a request that aiohttp raised an error for."""
    if isinstance(error, (aiohttp.ServerTimeoutError, asyncio.TimeoutError)):
        return CONNECT_TIMEOUT
    if isinstance(error, (aiohttp.ClientConnectorError, CannotSecure)):
        return connect_failure(_reason(error))
    if isinstance(error, (aiohttp.ClientConnectionError, _Once)):
        return RESET
    return PROTOCOL_ERROR
