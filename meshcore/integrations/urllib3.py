"""A pool manager for urllib3: what it sends goes where the mesh says.

http = MeshPoolManager(mesh)
http.request("GET", "http://reviews/reviews/7")
"""

from __future__ import annotations

import functools
import http.client
import io
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NoReturn

import urllib3
from urllib3._collections import HTTPHeaderDict
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.util.retry import Retry

from meshcore.certificates import CannotSecure
from meshcore.engine import Attempt, Decision, Outcome
from meshcore.exchange import AttemptError, run
from meshcore.integrations._outbound import Line, NoPlaceError, Outbound, Way, whither
from meshcore.mesh import Mesh
from meshcore.upstream.connections import Connection
from meshcore.upstream.headers import malformed

__all__ = ["MeshPoolManager"]

_NO_CONNECTION = (NewConnectionError, ConnectTimeoutError, NameResolutionError, SSLError)
_NO_RETRY = Retry(False, redirect=False)
#: Addresses whose pools are at hand.
_MOST_DIRECT = 1024
#: What requests sets on a pool that it is given.
_CERTIFICATES = ("cert_reqs", "ca_certs", "ca_cert_dir", "cert_file", "key_file")


class MeshPoolManager(urllib3.PoolManager):
    """Routes, balances, retries and limits what is sent, by the mesh's configuration.

    An answer that the mesh gives by itself (a redirect, a fault, an open breaker, a timeout of the route) is
    a response, as from a sidecar. Where the last attempt failed on its way, urllib3's own exception is
    raised. Retries are the route's; those of urllib3 count for redirects alone. Hosts that the configuration
    does not know are reached as if there were no mesh. A thread waits for one attempt at a time, so that
    nothing is hedged side by side.

    Args:
        mesh: the mesh of the process.
        options: those of ``urllib3.PoolManager``.
    """

    def __init__(self, mesh: Mesh, **options: Any) -> None:
        super().__init__(**options)
        self.outbound = Outbound(mesh)
        self._direct: dict[str, HTTPConnectionPool] = {}

    def connection_from_host(
        self,
        host: str | None,
        port: int | None = None,
        scheme: str | None = "http",
        pool_kwargs: dict[str, Any] | None = None,
    ) -> HTTPConnectionPool:
        if not host or scheme not in ("http", "https"):
            return self.plain(host, port, scheme, pool_kwargs)  # raises what says so
        return _MeshPool(self, host, port, scheme, pool_kwargs)  # type: ignore[return-value]

    def plain(
        self, host: str | None, port: int | None, scheme: str | None, pool_kwargs: dict[str, Any] | None
    ) -> HTTPConnectionPool:
        """A pool of connections to one address."""
        return super().connection_from_host(host, port, scheme, pool_kwargs)

    def direct(self, address: str) -> HTTPConnectionPool:
        """The pool of connections without TLS to ``10.0.0.7:9080``. To look it up as urllib3 does takes
        several times as long as deciding does."""
        pool = self._direct.get(address)
        if pool is None or pool.pool is None:  # urllib3 has closed it
            if len(self._direct) >= _MOST_DIRECT:
                self._direct.clear()
            host, _, port = address.rpartition(":")
            pool = self._direct[address] = _skipping(self.plain(host.strip("[]"), int(port), "http", None))
        return pool


class _MeshPool:
    """Stands for the pool of a host, and asks the mesh for each request where it goes."""

    def __init__(
        self,
        manager: MeshPoolManager,
        host: str,
        port: int | None,
        scheme: str,
        pool_kwargs: dict[str, Any] | None,
    ) -> None:
        self._manager = manager
        self._place = (host, port, scheme)
        self._pool_kwargs = pool_kwargs
        self.scheme = scheme

    @functools.cached_property
    def _plain(self) -> HTTPConnectionPool:
        """The pool that it stands for, made once something asks for it."""
        return self._manager.plain(*self._place, self._pool_kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)

    def urlopen(
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        retries: Any = None,
        **options: Any,
    ) -> urllib3.BaseHTTPResponse:
        """Send a request; the arguments are those of ``urllib3.HTTPConnectionPool``."""
        out = self._manager.outbound
        if out.idle:
            return self._unrouted(method, url, body, headers, retries, options)
        host, lines = _lines(self._plain.headers if headers is None else headers)
        lines.insert(0, (b"host", host or _authority(*self._place)))
        decision = out.decide(method, url.encode(), lines, scheme=self.scheme)
        try:
            if out.passes(decision):
                decision.close()
                return self._unrouted(method, url, body, headers, retries, options)
            out.hold(decision)
            response = _Call(self, decision, url, body, options).answer(retries)
        except BaseException:
            decision.close()
            raise
        response.retries = retries if isinstance(retries, Retry) else Retry.from_int(retries)
        return response

    def _unrouted(
        self, method: str, url: str, body: Any, headers: Any, retries: Any, options: dict[str, Any]
    ) -> urllib3.BaseHTTPResponse:
        """As if there were no mesh."""
        for name in _CERTIFICATES:
            if name in self.__dict__:
                setattr(self._plain, name, self.__dict__[name])
        return self._plain.urlopen(method, url, body, headers, retries, **options)

    def pool_for(self, way: Way) -> HTTPConnectionPool:
        """The pool of connections for a way.

        Raises:
            AttemptError: the connection cannot be made as the configuration asks.
        """
        if way.unix:
            raise AttemptError("connect-failure")  # urllib3 has no connections to unix sockets
        if not way.secure:
            return self._manager.direct(way.address)
        host, _, port = way.address.rpartition(":")
        options: dict[str, Any] = {"server_hostname": way.server_name, "assert_hostname": way.server_name}
        if way.tls is None:
            options |= self._pool_kwargs or {}
            options |= {name: self.__dict__[name] for name in _CERTIFICATES if name in self.__dict__}
        else:
            try:
                options["ssl_context"] = self.outbound.mesh.certificates.context(way.tls)
            except CannotSecure as error:
                raise AttemptError("connect-failure") from error
            if way.tls.insecure_skip_verify:
                options |= {"assert_hostname": False, "cert_reqs": "CERT_NONE"}
        return _skipping(self._manager.plain(host.strip("[]"), int(port), "https", options))

    @property
    def secure(self) -> bool:
        return self.scheme == "https"

    @property
    def outbound(self) -> Outbound:
        return self._manager.outbound


class _FinalResponse(http.client.HTTPResponse):
    """Skips interim answers (103 Early Hints). http.client takes the first of them for the final one, which
    the next request over the connection would get."""

    def begin(self) -> None:
        super().begin()
        while 100 < self.status < 200 and self.status != HTTPStatus.SWITCHING_PROTOCOLS:
            self.headers = self.msg = None  # type: ignore[assignment]  # else it has begun
            super().begin()


@functools.cache
def _skipping_class(connection: type[HTTPConnection]) -> type[HTTPConnection]:
    return type(connection.__name__, (connection,), {"response_class": _FinalResponse})


def _skipping(pool: HTTPConnectionPool) -> HTTPConnectionPool:
    """The pool, whose further connections skip interim answers."""
    if pool.ConnectionCls.response_class is not _FinalResponse:  # type: ignore[attr-defined]
        pool.ConnectionCls = _skipping_class(pool.ConnectionCls)
    return pool


class _Head:
    """The head of an answer."""

    def __init__(self, response: urllib3.BaseHTTPResponse, place: Connection) -> None:
        self.response = response
        self.place = place  #: at the endpoint, until the answer has been read
        self.status = response.status
        self.headers = list(response.headers.iteritems())

    def discard(self) -> None:
        self.response.close()
        self.place.close()


class _Call:
    """One request, with all its attempts."""

    def __init__(
        self, pool: _MeshPool, decision: Decision, url: str, body: Any, options: dict[str, Any]
    ) -> None:
        self._pool = pool
        self._decision = decision
        self._url = url
        self._body = body
        self._options = options
        self._raised: Exception | None = None

    def answer(self, retries: Any) -> urllib3.BaseHTTPResponse:
        decision, out = self._decision, self._pool.outbound
        head = None
        if decision.outcome is Outcome.FORWARD:
            body = self._body.encode() if isinstance(self._body, str) else self._body
            held = body is None or isinstance(body, bytes)
            if out.mirrors:
                out.mirror(decision, (body or None) if held else ...)
            try:
                head = run(
                    decision,
                    self._send,
                    replayable=lambda: held,
                    discard=_Head.discard,
                    within=out.time_left(),
                )
            except NoPlaceError as error:
                self._raise(ConnectTimeoutError(str(error)), retries)
        if head is not None:
            out.over(decision, head.status)
            lines = decision.response_headers(head.headers, status=head.status)
            if lines != head.headers:
                head.response.headers = HTTPHeaderDict(lines)
            _hold_until_read(head, decision)
            return head.response
        if self._raised is not None:
            out.over(decision, 0)
            self._raise(self._raised, retries)
        status = decision.status or 503
        out.over(decision, status)
        response = urllib3.HTTPResponse(
            io.BytesIO(decision.body),
            HTTPHeaderDict((name.decode(), value.decode()) for name, value in decision.response_headers()),
            status,
            preload_content=self._options.get("preload_content", True),
            request_method=decision.method,
            request_url=self._url,
        )
        decision.close()
        return response

    def _send(self, attempt: Attempt, limit: float | None) -> _Head:
        self._raised = None
        decision, pool, options = self._decision, self._pool, dict(self._options)
        authority = attempt.authority
        way = pool.outbound.way(decision, attempt.endpoint, authority, secure=pool.secure)
        connections = pool.pool_for(way)
        timeout = _timeout(options.get("timeout", connections.timeout))
        place, limit = pool.outbound.place(decision, attempt, limit, _seconds(timeout.connect_timeout))
        options |= {"redirect": False, "assert_same_host": False}
        options["timeout"] = _within(timeout, limit)
        headers = _headers(authority, attempt.request_headers())
        begun = time.monotonic()
        try:
            head = _Head(
                connections.urlopen(decision.method, attempt.path, self._body, headers, _NO_RETRY, **options),
                place,
            )
        except BaseException as error:
            place.close()
            if not isinstance(error, HTTPError):
                raise
            late = limit is not None and time.monotonic() - begun >= limit
            if late and isinstance(error, ReadTimeoutError | ConnectTimeoutError):  # by our limit
                raise TimeoutError from error
            word = _error(error)
            if word is None:
                raise
            said, *more = error.args
            error.args = (f"{said} ({whither(decision, attempt)})", *more)
            self._raised = error
            raise AttemptError(word) from error
        if malformed(head.status, ((_bytes(name), _bytes(value)) for name, value in head.headers)):
            head.discard()
            raise AttemptError("protocol-error")
        return head

    def _raise(self, error: Exception, retries: Any) -> NoReturn:
        """As urllib3 does: it raises what kept it from connecting within another one."""
        if retries is False or not isinstance(error, _NO_CONNECTION):
            raise error
        raise MaxRetryError(self._pool._plain, self._url, error) from error


def _authority(host: str, port: int | None, scheme: str) -> bytes:
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    usual = 443 if scheme == "https" else 80
    return (host if port in (None, usual) else f"{host}:{port}").encode()


def _lines(headers: Mapping[str, str]) -> tuple[bytes | None, list[Line]]:
    """The value of Host, and the other lines."""
    host, lines = None, []
    for name, value in headers.iteritems() if isinstance(headers, HTTPHeaderDict) else headers.items():
        if len(name) == 4 and name.lower() in ("host", b"host"):
            host = _bytes(value)
        else:
            lines.append((_bytes(name), _bytes(value)))
    return host, lines


def _headers(authority: str, lines: list[Line]) -> Mapping[str, str]:
    """What urllib3 is to send. A dict will do for it, unless a name comes twice."""
    found = {"Host": authority}
    for name, value in lines:
        if name != b"host":
            found[name.decode("latin-1")] = value.decode("latin-1")
    if len(found) > len(lines):
        return found
    several = HTTPHeaderDict(Host=authority)
    for name, value in lines:
        if name != b"host":
            several.add(name.decode("latin-1"), value.decode("latin-1"))
    return several


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8")


def _error(error: HTTPError) -> str | None:
    """The word of ``Decision.report()`` for an error; None: it is not about the endpoint."""
    if isinstance(error, NewConnectionError):
        return "connect-failure"
    if isinstance(error, ConnectTimeoutError):
        return "connect-timeout"
    if isinstance(error, NameResolutionError | SSLError):
        return "connect-failure"
    if isinstance(error, ReadTimeoutError):
        return "per-try-timeout"
    if isinstance(error, ProtocolError):
        cause = error.args[1] if len(error.args) > 1 else None
        return "reset" if isinstance(cause, OSError) else "protocol-error"
    return None


def _timeout(given: Any) -> urllib3.Timeout:
    return given if isinstance(given, urllib3.Timeout) else urllib3.Timeout.from_float(given)


def _seconds(given: object) -> float | None:
    """None also for urllib3's sign of "the system's own"."""
    return given if isinstance(given, int | float) else None


def _within(timeout: urllib3.Timeout, limit: float | None) -> urllib3.Timeout:
    """The caller's timeout, no longer than the limit."""
    if limit is None:
        return timeout
    connect, read = (
        limit if value is None else min(value, limit)
        for value in (_seconds(timeout.connect_timeout), _seconds(timeout.read_timeout))
    )
    return urllib3.Timeout(connect=connect, read=read)


def _hold_until_read(head: _Head, decision: Decision) -> None:
    """Close the decision when the answer has been read, or closed."""
    response = head.response

    def over() -> None:
        decision.close()
        head.place.close()

    if response.closed or getattr(response, "_connection", None) is None:
        over()
        return
    release, close = response.release_conn, response.close

    def released() -> None:
        over()
        release()

    def closed() -> None:
        over()
        close()

    response.release_conn = released  # type: ignore[method-assign]
    response.close = closed  # type: ignore[method-assign]
