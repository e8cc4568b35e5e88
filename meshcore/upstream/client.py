"""The endpoints' side: an HTTP/1.1 client on plain asyncio, with one pool of connections per endpoint.

Nothing is sent twice: whether a request may be repeated is the configuration's to say.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import Callable, Sequence

from meshcore.certificates import CannotSecure, Certificates, server_name, tls_of
from meshcore.model import Cluster
from meshcore.upstream.connections import Connection
from meshcore.upstream.headers import Line, head_bytes
from meshcore.upstream.http1 import Http1Connection
from meshcore.upstream.idle import IdleConnections, Key
from meshcore.upstream.incoming import RECEIVED
from meshcore.upstream.messages import BrokenAnswer, RequestBody, Response
from meshcore.upstream.replies import CONNECT_TIMEOUT, UNSENDABLE, UpstreamError, connect_failure

__all__ = ["BrokenAnswer", "RequestBody", "Response", "Upstream", "failure_reason"]

#: Requests by these have no body unless they say so.
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Upstream:
    """The pools of all endpoints. One for the life of a proxy, whatever configuration it serves.

    Times are seconds.

    Args:
        connect_timeout: to establish a connection, where the cluster says nothing (Envoy's default is 5 s);
            0: no limit.
        idle_timeout: how long an unused connection is kept; 0: for ever.
        max_head: bytes of an answer's head.
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
        self._max_head = max_head
        self._buffer_size = buffer_size
        self._buffer = memoryview(bytearray(RECEIVED))
        self._idle: IdleConnections[Http1Connection] = IdleConnections(idle_timeout)
        self._open: set[Http1Connection] = set()
        self._own_certificates = Certificates()
        self._certificates = certificates or (lambda: self._own_certificates)

    def forget_certificates(self) -> None:
        """Read certificates and keys again when they are next needed."""
        self._own_certificates = Certificates()

    async def close(self) -> None:
        self._idle.close()
        for connection in tuple(self._open):
            connection.abort()
        await asyncio.sleep(0)  # they learn of it

    async def send(
        self,
        endpoint: str,
        cluster: Cluster | None,
        method: str,
        target: str,
        headers: Sequence[Line],
        body: RequestBody | None,
        place: Connection | None = None,
    ) -> Response:
        """Send a request and wait for the answer's headers.

        ``headers`` begin with Host; ``target`` goes onto the request line as it is. ``place`` is the
        request's at the endpoint.

        Raises:
            UpstreamError: where no answer came.
        """
        head, chunked = _head(method, target, headers, body)
        tls = tls_of(cluster)
        try:
            context = None if tls is None else self._certificates().context(tls)
        except CannotSecure as error:
            raise UpstreamError(connect_failure(str(error))) from error
        name = None if context is None else server_name(tls, headers[0][1].decode("utf-8", "surrogateescape"))
        key = endpoint, context, name
        connection = self._idle.take(key)
        if connection is None:
            seconds = cluster.connect_timeout if cluster is not None else None
            with place.connecting() if place is not None else contextlib.nullcontext():
                connection = await self.connect(key, self._connect_timeout if seconds is None else seconds)
        if place is not None and place.on_ready is not None:
            place.on_ready()
        return await connection.exchange(head, body, chunked=chunked, bodiless=method == "HEAD")

    async def connect(self, key: Key, seconds: float) -> Http1Connection:
        """A new connection.

        Raises:
            UpstreamError: where there is none, or not in time.
        """
        endpoint, context, name = key
        connection = Http1Connection(
            key,
            self._buffer,
            self._idle.put,
            self._lost,
            max_head=self._max_head,
            buffer_size=self._buffer_size,
        )
        loop = asyncio.get_running_loop()
        if endpoint.startswith("/"):
            making = loop.create_unix_connection(
                lambda: connection, endpoint, ssl=context, server_hostname=name
            )
        else:
            host, _, port = endpoint.rpartition(":")
            making = loop.create_connection(
                lambda: connection, host.strip("[]"), int(port), ssl=context, server_hostname=name
            )
        made = loop.create_task(making)
        self._open.add(connection)
        try:
            done, _ = await asyncio.wait({made}, timeout=seconds or None)
            if not done:
                raise UpstreamError(CONNECT_TIMEOUT)
            made.result()
        except BaseException as error:
            made.cancel()
            connection.abort()
            self._open.discard(connection)
            if isinstance(error, OSError):
                raise UpstreamError(connect_failure(failure_reason(error))) from error
            if isinstance(error, ValueError):  # no server has such a name
                raise UpstreamError(UNSENDABLE) from error
            raise
        return connection

    def _lost(self, connection: Http1Connection) -> None:
        self._open.discard(connection)
        self._idle.forget(connection)


def _head(method: str, target: str, headers: Sequence[Line], body: RequestBody | None) -> tuple[bytes, bool]:
    """A request's head, and whether its body goes in chunks."""
    lines, chunked = headers, False
    if (body is not None or method not in _BODILESS) and not any(
        len(name) == 14 and name.lower() == b"content-length" for name, _ in headers
    ):
        chunked = body is not None
        lines = [*headers, (b"Transfer-Encoding", b"chunked") if chunked else (b"Content-Length", b"0")]
    start = f"{method} {target} HTTP/1.1".encode("utf-8", "surrogateescape")
    try:
        if start.count(b" ") != 2:
            raise ValueError("a blank in a request line")
        return head_bytes(start, lines), chunked
    except ValueError as error:
        raise UpstreamError(UNSENDABLE) from error


def failure_reason(error: OSError) -> str:
    """Why there is no connection, in words that tell a client nothing of addresses and files."""
    if isinstance(error, ssl.SSLError):
        return f"TLS error: {error.reason or 'handshake failed'}"
    if isinstance(error, socket.gaierror):
        return "name resolution failed"
    number = error.errno
    return os.strerror(number) if isinstance(number, int) and number > 0 else "connection failed"
