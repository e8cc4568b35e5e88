"""The proxy as a whole: its sockets, its life and what all requests share."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from meshcore import _options as option
from meshcore.discovery import AsyncDiscovery, Resolver
from meshcore.engine import Engine
from meshcore.health import HealthChecker
from meshcore.model import Cluster, Config, Discovery
from meshcore.proxy.admin import Admin
from meshcore.proxy.downstream import DownstreamServer
from meshcore.proxy.given import require_proxy
from meshcore.proxy.in_force import InForce
from meshcore.proxy.options import ProxyOptions
from meshcore.proxy.request import Request
from meshcore.proxy.sockets import Address, Sockets
from meshcore.proxy.under_way import UnderWay
from meshcore.telemetry.access import AccessRecord
from meshcore.telemetry.spans import Spans
from meshcore.telemetry.stats import Stats
from meshcore.upstream.client import Upstream
from meshcore.upstream.connections import Connections
from meshcore.upstream.mark import PROXY, mark_line
from meshcore.upstream.mirrors import Mirrors
from meshcore.upstream.rate_limits import AsyncRateLimitServices, require_grpc
from meshcore.upstream.view import View

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

__all__ = ["Proxy"]

_log = logging.getLogger("meshcore.proxy")


class Proxy:
    """A streaming reverse proxy over an engine; also an async context manager.

    Args:
        engine: an Engine, or a Config to make one of. ``proxy.swap()`` changes the configuration under way.
        listen: addresses for clients; port 0 takes any free one (see ``ports``). A third item is the
            configured port whose listener answers there; without it, the request's authority tells.
        admin: address of the admin pages; None: none.
        access_log: called with an AccessRecord for each request that is over.
        options: bounds and times.
        name: by which it names itself to those that it calls, as clients of a mesh do (docs/mesh.md), so that
            no middleware applies the rules once more; None: it does not.
        resolver: looks up the names of endpoints; None: ``meshcore.discovery.DefaultResolver``.
        health_checks: check endpoints as their clusters ask for; False: somebody else does, or nobody.
        runtime_dir: a folder for what the machine's proxies share: one of them checks endpoints for all.
        spans: gets the spans of requests that are sampled, such as OpenTelemetry's
            ``BatchSpanProcessor(OTLPSpanExporter())``; None: nobody does.
        service: what spans call this proxy, where OTEL_SERVICE_NAME says nothing.
        sleep: waits out injected delays, and between the pieces of an answer that is held back.
        now: the time for those, in seconds.

    Raises:
        TypeError, ValueError: an option is none of its kind.
        ImportError: a cluster names its own name servers, and dnspython is not there (from ``start()``).
    """

    def __init__(
        self,
        engine: Engine | Config,
        *,
        listen: Sequence[Address] = (("127.0.0.1", 8080),),
        admin: tuple[str, int] | None = None,
        access_log: Callable[[AccessRecord], object] | None = None,
        options: ProxyOptions | None = None,
        name: str | None = PROXY,
        resolver: Resolver | None = None,
        health_checks: bool = True,
        runtime_dir: str | os.PathLike[str] | None = None,
        spans: SpanProcessor | None = None,
        service: str = "meshcore-proxy",
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        require_proxy(
            engine=engine,
            listen=listen,
            admin=admin,
            access_log=access_log,
            options=options,
            name=name,
            resolver=resolver,
            health_checks=health_checks,
            runtime_dir=runtime_dir,
            service=service,
            sleep=sleep,
            now=now,
        )
        self.engine = Engine(engine) if isinstance(engine, Config) else engine
        self.options = options or ProxyOptions()
        #: The line by which it names itself; None: it does not.
        self.mark = None if name is None else mark_line(name)
        self.spans = None if spans is None else Spans(spans, service=service)
        self.connections = Connections(self.engine)
        self.stats = Stats()
        self.mirrors = Mirrors(
            self.engine,
            upstream=lambda: self.upstream,
            connections=self.connections,
            cluster=lambda name: self.view().cluster(name),
            address=self.address,
            count=self.stats.add,
            finished=self.stats.upstream,
            most=self.options.max_mirrors,
            body_limit=self.options.mirror_buffer_size,
        )
        self.sleep = sleep
        self.now = now
        self.draining = False
        self.reload_error = ""  #: findings of the last configuration that was refused
        self._sockets = Sockets(listen)
        self._admin_address = admin
        self._requests = UnderWay(self, access_log)
        self.discovery = AsyncDiscovery(self.engine, resolver=resolver)
        self.rate_limits = AsyncRateLimitServices(
            self.engine,
            count=self.stats.add,
            cluster=lambda name: self.view().cluster(name),
            address=self.address,
        )
        self._upstream: Upstream | None = None
        self._downstream: DownstreamServer | None = None
        self._admin: Admin | None = None
        self.checker = HealthChecker(self.engine, shared=runtime_dir) if health_checks else None
        self.in_force = InForce(
            self.engine,
            self.discovery,
            self.checker,
            dns_wait=self.options.dns_wait,
            checks_wait=self.options.checks_wait,
            changed=self._forget_certificates,
        )
        self._checking: asyncio.Future[None] | None = None

    @property
    def logs(self) -> bool:
        """Whether somebody is told of each request."""
        return self._requests.logs

    @property
    def config(self) -> Config:
        """What is in force."""
        return self.engine.config

    @property
    def upstream(self) -> Upstream:
        if self._upstream is None:
            raise RuntimeError("the proxy has not been started")
        return self._upstream

    @property
    def ports(self) -> list[int]:
        """The ports listened on, in the order of ``listen``."""
        return self._sockets.ports

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Hosts and ports listened on."""
        return self._sockets.addresses

    @property
    def admin_port(self) -> int | None:
        return self._admin.port if self._admin is not None else None

    @property
    def active(self) -> int:
        """Requests under way."""
        return self._requests.count

    async def start(self) -> None:
        """Check all endpoints once, where they are to be checked, and listen.

        Raises:
            ListenError: an OSError, where an address cannot be listened on; nothing is left open then.
            ImportError: where a resolver or grpcio is not there, and a cluster or filter needs it; likewise.
            RuntimeError: where the engine's endpoints are checked by somebody else.
        """
        require_grpc(self.config)
        self._upstream = Upstream(
            connect_timeout=self.options.connect_timeout,
            idle_timeout=self.options.upstream_idle_timeout,
            max_head=self.options.max_request_head,
            buffer_size=self.options.buffer_size,
        )
        self._downstream = DownstreamServer(self._requests.serve, self.options, self._requests.refused)
        try:
            await self.discovery.start(wait=self.options.dns_wait)
            await self._begin_checks()
            await self._sockets.open(self._downstream)
            if self._admin_address is not None:
                self._admin = Admin(self)
                await self._admin.start(*self._admin_address)
        except BaseException:
            await self.stop(drain=0)
            raise

    async def _begin_checks(self) -> None:
        if self.checker is None:
            return
        self._checking = asyncio.ensure_future(self.checker.run())
        first = asyncio.ensure_future(self.checker.first_round())
        try:
            await asyncio.wait({self._checking, first}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            first.cancel()
        if self._checking.done():
            self._checking.result()

    async def _end_checks(self) -> None:
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.wait({self._checking})

    async def stop(self, drain: float = 5.0) -> bool:
        """Stop accepting, let requests under way end for ``drain`` seconds, then close everything.

        Returns:
            whether all requests ended by themselves.
        """
        self.draining = True
        self._sockets.close()
        if self._downstream is not None:
            self._downstream.shut()  # idle connections end now, busy ones after their answer
        if self.active and drain > 0:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._requests.wait_drained(), drain)
        done = self.active == 0
        if not done:
            _log.warning("%d requests were cut off", self.active)
        if self._downstream is not None:
            self._downstream.abort()
            await self.wait_idle()  # each lease is given back before we are done
        await self.discovery.close()
        if self._admin is not None:
            await self._admin.stop()
        await self.mirrors.close()
        await self.rate_limits.close()
        if self._upstream is not None:
            await self._upstream.close()
        await self._end_checks()
        if self.spans is not None:
            await asyncio.to_thread(self.spans.flush)
        return done

    async def wait_idle(self) -> None:
        """Wait until no request is under way."""
        await self._requests.wait_idle()

    def stop_now(self) -> None:
        """End a ``stop()`` that is still draining: requests under way are cut off."""
        self._requests.give_up()

    async def __aenter__(self) -> Proxy:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()

    def swap(self, config: Config) -> None:
        """Serve by another configuration. In any thread but the loop's: compiling a large one takes its time,
        names that are new are looked up first, within ``options.dns_wait``, and endpoints that are new are
        checked once, within ``options.checks_wait``. In the loop's thread nothing is checked first.

        Raises:
            ValueError: where it cannot be compiled; nothing has changed then.
            ImportError: where a resolver, or a library for checks or rate limits, is not there that it needs;
                likewise.
            TypeError: it is something else.
        """
        option.instance("config", config, Config, "what meshcore.load() returns")
        require_grpc(config)
        self.in_force.swap(config)

    def view(self) -> View:
        """What requests look up in the configuration in force."""
        return self.in_force.view()

    def address(self, cluster: Cluster | None, endpoint: str) -> str:
        """Where to connect for an endpoint: of a LOGICAL_DNS cluster it is a name, whose address changes."""
        if cluster is None or cluster.discovery is not Discovery.LOGICAL_DNS:
            return endpoint
        return self.discovery.address(cluster.name, endpoint)

    def config_port(self, request: Request) -> int | None:
        """The configured port that the client's socket stands for; None: the authority tells."""
        return self._sockets.config_port(request.connection.sockname)

    @property
    def clients(self) -> int:
        """Connections of clients that are open."""
        return len(self._downstream.connections) if self._downstream is not None else 0

    def _forget_certificates(self) -> None:
        if self._upstream is not None:
            self._upstream.forget_certificates()
