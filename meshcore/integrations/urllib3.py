"""A pool manager for urllib3: what it sends goes where the mesh says.

http = MeshPoolManager(mesh)
http.request("GET", "http://reviews/reviews/7")
"""

from __future__ import annotations

import functools
from collections.abc import Hashable, Mapping
from http import HTTPStatus
from typing import Any

import urllib3
from urllib3._collections import HTTPHeaderDict
from urllib3._request_methods import RequestMethods
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import HostChangedError, MaxRetryError
from urllib3.util.retry import Retry

from meshcore.certificates import CannotSecure
from meshcore.exchange import AttemptError
from meshcore.integrations._outbound import Outbound, Way
from meshcore.integrations._urllib3 import authority_of, lines_of
from meshcore.integrations._urllib3_answers import skipping
from meshcore.integrations._urllib3_call import Call
from meshcore.mesh import Mesh
from meshcore.upstream.framing import length_of

__all__ = ["MeshPoolManager"]

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
        self._direct: dict[Hashable, HTTPConnectionPool] = {}

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

    def clear(self) -> None:
        super().clear()
        self._direct.clear()

    def direct(self, address: str) -> HTTPConnectionPool:
        """The pool of connections without TLS to ``10.0.0.7:9080``. To look it up as urllib3 does takes
        several times as long as deciding does."""
        return self._held(address, address, "http", {})

    def secure(self, way: Way, options: dict[str, Any]) -> HTTPConnectionPool:
        """That of connections with TLS as a cluster asks for it, by the context in the options."""
        return self._held((way.address, way.server_name, way.tls), way.address, "https", options)

    def _held(self, key: Hashable, address: str, scheme: str, options: dict[str, Any]) -> HTTPConnectionPool:
        """A pool that is not one of the few that urllib3 keeps: a service may have more endpoints."""
        pool = self._direct.get(key)
        context = options.get("ssl_context")
        # urllib3 has closed it, or there are other certificates since
        if pool is None or pool.pool is None or pool.conn_kw.get("ssl_context") is not context:
            if len(self._direct) >= _MOST_DIRECT:
                self._direct.clear()
            host, _, port = address.rpartition(":")
            made = self.plain(host.strip("[]"), int(port), scheme, options or None)
            pool = self._direct[key] = skipping(made)
        return pool


class _MeshPool(RequestMethods):
    """Stands for the pool of a host, and asks the mesh for each request where it goes.

    What it does not have itself, the headers of all requests among it, is that pool's.
    """

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
    def plain(self) -> HTTPConnectionPool:
        """The pool that it stands for, made once something asks for it."""
        return self._manager.plain(*self._place, self._pool_kwargs)

    def __str__(self) -> str:
        return str(self.plain)  # which errors begin with

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)

    def urlopen(  # type: ignore[override]  # as a pool's, not as a manager's
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        retries: Any = None,
        redirect: bool = True,
        assert_same_host: bool = True,
        **options: Any,
    ) -> urllib3.BaseHTTPResponse:
        """Send a request; the arguments are those of ``urllib3.HTTPConnectionPool``."""
        own = {"redirect": redirect, "assert_same_host": assert_same_host}
        if self._manager.outbound.idle:
            return self._unrouted(method, url, body, headers, retries, options | own)
        if redirect:  # a manager follows them itself
            retries = Retry.from_int(retries, default=self.retries)
        if assert_same_host and not url.startswith("/") and not self.is_same_host(url):
            raise HostChangedError(self.plain, url, retries)
        response = self._routed(method, url, body, headers, retries, options)
        if response is None:
            return self._unrouted(method, url, body, headers, retries, options | own)
        location = redirect and response.get_redirect_location()
        if not location:
            return response
        if response.status == HTTPStatus.SEE_OTHER:
            method, body = "GET", None
            options |= {"body_pos": None, "chunked": False}
            given = self.plain.headers if headers is None else headers
            headers = HTTPHeaderDict(given)._prepare_for_method_change()
        try:
            retries = retries.increment(method, url, response=response, _pool=self.plain)
        except MaxRetryError:
            if retries.raise_on_redirect:
                response.drain_conn()
                raise
            return response
        response.drain_conn()
        retries.sleep_for_retry(response)
        return self.urlopen(method, location, body, headers, retries, **own, **options)

    def _routed(
        self, method: str, url: str, body: Any, headers: Any, retries: Any, options: dict[str, Any]
    ) -> urllib3.BaseHTTPResponse | None:
        """The answer by the mesh; None: it leaves the request to urllib3."""
        out = self._manager.outbound
        host, lines = lines_of(self.plain.headers if headers is None else headers)
        lines.insert(0, (b"host", host or authority_of(*self._place)))
        decision, spans = out.decide(method, url.encode(), lines, scheme=self.scheme)
        try:
            if out.passes(decision):
                decision.close()
                return None
            out.hold(decision)
            response = Call(self, decision, url, body, options, spans, length_of(lines)).answer(retries)
        except BaseException as error:
            decision.close()
            if spans is not None:
                spans.abandoned(error)
            raise
        response.retries = retries if isinstance(retries, Retry) else Retry.from_int(retries)
        return response

    def _unrouted(
        self, method: str, url: str, body: Any, headers: Any, retries: Any, options: dict[str, Any]
    ) -> urllib3.BaseHTTPResponse:
        """As if there were no mesh."""
        for name in _CERTIFICATES:
            if name in self.__dict__:
                setattr(self.plain, name, self.__dict__[name])
        return self.plain.urlopen(method, url, body, headers, retries, **options)

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
            return self._manager.secure(way, options)
        return skipping(self._manager.plain(host.strip("[]"), int(port), "https", options))

    @property
    def secure(self) -> bool:
        return self.scheme == "https"

    @property
    def outbound(self) -> Outbound:
        return self._manager.outbound
