"""Rate limit services for tests: ours in a thread, and one that answers by a script."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from meshcore.global_limit.rls import RateLimitConfig, RateLimitServer, RateLimitService
from meshcore.global_limit.rls.codec import METHOD, SERVICE

grpc = pytest.importorskip("grpc", reason="needs grpcio, of the extra 'rls'")

__all__ = ["grpc", "scripted", "serving", "serving_config"]

#: Seconds within which a test may expect anything of another thread.
PATIENCE = 30.0

#: Takes a request and its context, and gives the answer's bytes.
Script = Callable[[bytes, Any], bytes]


@contextmanager
def serving(service: RateLimitService, *, port: int = 0) -> Iterator[RateLimitServer]:
    """Our server, in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = RateLimitServer(service, listen=f"127.0.0.1:{port}")
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(PATIENCE)
        try:
            yield server
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(PATIENCE)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


@contextmanager
def serving_config(config: RateLimitConfig, **options: Any) -> Iterator[RateLimitServer]:
    with serving(RateLimitService(config, **options)) as server:
        yield server


@contextmanager
def scripted(script: Script, *, method: str = METHOD) -> Iterator[int]:
    """A service that answers as the script says; gives its port."""
    server = grpc.server(ThreadPoolExecutor(8))
    handler = grpc.unary_unary_rpc_method_handler(script)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {method: handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait(PATIENCE)
