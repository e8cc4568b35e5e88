"""Our proxy, in the place of Envoy."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from live_envoy import PATIENCE

from meshcore.engine import Engine
from meshcore.proxy import Proxy

__all__ = ["proxy_of", "running"]


@contextmanager
def running(proxy: Proxy) -> Iterator[None]:
    """A proxy that serves, in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(proxy.start(), loop).result(timeout=PATIENCE)
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(proxy.stop(drain=0), loop).result(timeout=PATIENCE)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=PATIENCE)
        loop.close()


@contextmanager
def proxy_of(engine: Engine, config_port: int) -> Iterator[int]:
    """Our proxy in the place of a listener; gives its port."""
    proxy = Proxy(engine, name=None, listen=[("127.0.0.1", 0, config_port)])
    with running(proxy):
        yield proxy.ports[0]
