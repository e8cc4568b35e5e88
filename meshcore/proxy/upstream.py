"""The endpoints' side: aiohttp's client, with one pool of connections per endpoint.

Nothing is sent twice: the client's own retries are kept from happening, since whether a request may
be repeated is the configuration's to say.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from meshcore.model import Cluster, UpstreamTls
from meshcore.proxy.options import ProxyOptions
from meshcore.proxy.replies import CONNECT_TIMEOUT, PROTOCOL_ERROR, RESET, Reply, connect_failure

__all__ = ["RequestBody", "Upstream", "UpstreamError"]

Chunks = Callable[[], Awaitable[bytes]]

#: aiohttp adds none of these by itself.
_AS_GIVEN = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class UpstreamError(Exception):
    """No answer came from the endpoint; ``reply`` is what the client gets instead."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.details)
        self.reply = reply


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

    async def write(self, writer: Any) -> None:
        if not self._at_hand:
            writer.send_headers()  # the endpoint may answer before it has seen any of the body
        while chunk := await self._chunks():
            await writer.write(chunk)

    async def write_with_length(self, writer: Any, content_length: int | None) -> None:
        await self.write(writer)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        raise TypeError("a streamed body is not text")


class Upstream:
    """The pools of all endpoints. One for the life of a proxy, whatever configuration it serves."""

    def __init__(self, options: ProxyOptions) -> None:
        self._options = options
        self._session = self._new_session(
            aiohttp.TCPConnector(
                limit=0,
                keepalive_timeout=options.upstream_idle_timeout,
                ttl_dns_cache=max(1, round(options.dns_ttl)),
            )
        )
        self._unix: dict[str, aiohttp.ClientSession] = {}
        self._contexts: dict[UpstreamTls, ssl.SSLContext] = {}

    def _new_session(self, connector: aiohttp.BaseConnector) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_AS_GIVEN,
            middlewares=(_send_once,),
            read_bufsize=self._options.buffer_size,
            max_line_size=self._options.max_request_head,
            max_field_size=self._options.max_request_head,
            timeout=aiohttp.ClientTimeout(total=None),
        )

    async def close(self) -> None:
        for session in (self._session, *self._unix.values()):
            await session.close()

    async def send(
        self,
        endpoint: str,
        cluster: Cluster | None,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]],
        body: RequestBody | None,
    ) -> aiohttp.ClientResponse:
        """Send a request and wait for the answer's headers.

        ``headers`` begin with Host; ``target`` goes onto the request line as it is.

        Raises:
            UpstreamError: where no answer came.
        """
        tls = cluster.tls if cluster is not None else None
        session, url = self._session, _url(endpoint, target, tls)
        if endpoint.startswith("/"):
            session = self._unix_session(endpoint)
        seconds = cluster.connect_timeout if cluster is not None else None
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=self._options.connect_timeout if seconds is None else seconds
        )
        lines = CIMultiDict(headers)
        try:
            return await session.request(
                method,
                url,
                headers=lines,
                data=body,
                allow_redirects=False,
                timeout=timeout,
                ssl=self._context(tls) if url.scheme == "https" and tls is not None else True,
                server_hostname=(tls.sni or None) if tls is not None else None,
            )
        except (aiohttp.ClientError, asyncio.TimeoutError, ssl.SSLError) as error:
            raise UpstreamError(_reply_for(error)) from error

    def _unix_session(self, path: str) -> aiohttp.ClientSession:
        session = self._unix.get(path)
        if session is None:
            session = self._new_session(
                aiohttp.UnixConnector(path, limit=0, keepalive_timeout=self._options.upstream_idle_timeout)
            )
            self._unix[path] = session
        return session

    def _context(self, tls: UpstreamTls) -> ssl.SSLContext:
        context = self._contexts.get(tls)
        if context is None:
            context = ssl.create_default_context(cafile=tls.ca_certificates or None)
            if tls.insecure_skip_verify:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            if tls.client_certificate:
                context.load_cert_chain(tls.client_certificate, tls.private_key or None)
            self._contexts[tls] = context
        return context


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


def _url(endpoint: str, target: str, tls: UpstreamTls | None) -> URL:
    """The address, and the target as the path: so aiohttp writes it unchanged, query and all."""
    scheme = "https" if tls is not None and tls.mode != "DISABLE" else "http"
    if endpoint.startswith("/"):
        return URL.build(scheme=scheme, host="localhost", path=target, encoded=True)
    host, _, port = endpoint.rpartition(":")
    return URL.build(scheme=scheme, host=host.strip("[]"), port=int(port), path=target, encoded=True)


def _reply_for(error: BaseException) -> Reply:
    if isinstance(error, (aiohttp.ServerTimeoutError, asyncio.TimeoutError)):
        return CONNECT_TIMEOUT
    if isinstance(error, aiohttp.ClientConnectorError):
        return connect_failure(str(error.strerror or error.os_error))
    if isinstance(error, (aiohttp.ClientConnectionError, _Once)):
        return RESET
    return PROTOCOL_ERROR
