"""The rate limit service over gRPC: for Envoy, for our client, for whoever speaks the protocol."""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType
from typing import Any

from meshcore import _grpc_health as health
from meshcore import _options as option
from meshcore._protobuf import WireError
from meshcore.global_limit.rls._grpc import grpc_library
from meshcore.global_limit.rls.buckets import TooManyOverrides
from meshcore.global_limit.rls.codec import METHOD, REQUEST, RESPONSE, SERVICE
from meshcore.global_limit.rls.service import BadRequest, RateLimitService
from meshcore.listening import ListenError

__all__ = ["RateLimitServer"]

_log = logging.getLogger("meshcore.ratelimit")

#: Bytes of a request: domains and descriptors are short.
MAX_REQUEST = 256 * 1024
#: Bytes of one that the event loop answers itself, within a millisecond or two; longer ones are a thread's,
#: which takes turns with it.
OWN_REQUEST = 4 * 1024

_OPTIONS = {
    "grpc.max_receive_message_length": MAX_REQUEST,
    # A client that is gone without a word is noticed, and one that pings often is not sent away.
    "grpc.keepalive_time_ms": 60_000,
    "grpc.keepalive_timeout_ms": 20_000,
    "grpc.http2.min_ping_interval_without_data_ms": 10_000,
}


class RateLimitServer:
    """Serves a RateLimitService, and grpc.health.v1.Health beside it; also an async context manager.

        service = RateLimitService(load_limits("limits.yaml"))
        async with RateLimitServer(service, listen="127.0.0.1:8081") as server:
            await server.wait()

    Args:
        service: what decides. It runs in the event loop, and takes some microseconds a request; long requests
            are answered in threads.
        listen: host and port (0: any free one, see ``port``), or ``unix:`` and a path.
        credentials: of ``grpc.ssl_server_credentials()``, for TLS; without, the connection is plain.
        reuse_port: let other processes listen on the same port, and share its connections.

    Raises:
        ImportError: grpcio is not installed.
        TypeError, ValueError: an option is none of its kind.
    """

    def __init__(
        self,
        service: RateLimitService,
        *,
        listen: str = "127.0.0.1:8081",
        credentials: Any = None,
        reuse_port: bool = False,
    ) -> None:
        option.instance("service", service, RateLimitService, "a RateLimitService")
        option.text("listen", listen, "an address of gRPC, such as '127.0.0.1:8081' or 'unix:/PATH'")
        option.flag("reuse_port", reuse_port)
        self._grpc = grpc_library()
        self._aio = grpc_library("grpc.aio")
        self.service = service
        self.port = 0
        self.draining = False
        self._listen = listen
        self._credentials = credentials
        self._reuse_port = reuse_port
        self._server: Any = None

    async def start(self) -> None:
        """Listen.

        Raises:
            ListenError: an OSError: the address cannot be listened on.
        """
        options = list({**_OPTIONS, "grpc.so_reuseport": int(self._reuse_port)}.items())
        server = self._aio.server(options=options)
        server.add_generic_rpc_handlers(
            (
                self._handlers(SERVICE, METHOD, self._should_rate_limit),
                self._handlers(health.SERVICE, "Check", self._check),
            )
        )
        try:
            if self._credentials is not None:
                port = server.add_secure_port(self._listen, self._credentials)
            else:
                port = server.add_insecure_port(self._listen)
        except RuntimeError as error:  # grpcio says in the log why
            raise ListenError(self._listen, None) from error
        await server.start()
        self._server, self.port = server, port

    async def stop(self, grace: float | None = None) -> None:
        """Take no more requests; those under way have ``grace`` seconds to end."""
        self.draining = True
        if self._server is not None:
            await self._server.stop(grace)

    async def wait(self) -> None:
        """Until it is stopped."""
        await self._server.wait_for_termination()

    async def __aenter__(self) -> RateLimitServer:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _handlers(self, service: str, method: str, handler: Any) -> Any:
        # Bytes in, bytes out: what is no message is answered by us rather than as an error of the server.
        made = self._grpc.unary_unary_rpc_method_handler(handler)
        return self._grpc.method_handlers_generic_handler(service, {method: made})

    async def _should_rate_limit(self, data: bytes, context: Any) -> bytes:
        codes = self._grpc.StatusCode
        try:
            if len(data) > OWN_REQUEST:
                return await asyncio.to_thread(self._answer, data)
            return self._answer(data)
        except (BadRequest, WireError) as error:
            self.service.stats.add("call.should_rate_limit.service_error")
            await context.abort(codes.INVALID_ARGUMENT, str(error))
        except TooManyOverrides as error:
            self.service.stats.add("call.should_rate_limit.service_error")
            await context.abort(codes.RESOURCE_EXHAUSTED, str(error))
        except Exception:
            self.service.stats.add("call.should_rate_limit.service_error")
            _log.exception("a request failed")
            await context.abort(codes.INTERNAL, "internal error")
        raise AssertionError("abort() raises")

    def _answer(self, data: bytes) -> bytes:
        return RESPONSE.encode(self.service.answer(REQUEST.decode(data)))

    async def _check(self, data: bytes, context: Any) -> bytes:
        codes = self._grpc.StatusCode
        try:
            name = health.REQUEST.decode(data)
        except WireError as error:
            await context.abort(codes.INVALID_ARGUMENT, str(error))
        if name not in ("", SERVICE):
            await context.abort(codes.NOT_FOUND, f"there is no service {name!r}")
        return health.RESPONSE.encode(health.NOT_SERVING if self.draining else health.SERVING)
