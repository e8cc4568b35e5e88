"""Copies of requests (mirrors), sent by an event loop in a thread of its own.

So those of threads and of any event loop are sent by the same code as the proxy's, and no request waits for
one. It needs httptools.
"""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from meshcore.engine import Decision, Engine
from meshcore.model import Config, ForwardAction

if TYPE_CHECKING:
    from meshcore.certificates import Certificates
    from meshcore.upstream.connections import Connections
    from meshcore.upstream.mirrors import Mirrors, Order

__all__ = ["MirrorThread", "has_mirrors", "require_httptools"]


def has_mirrors(config: Config) -> bool:
    """Whether some requests are to be copied."""
    for listener in config.listeners:
        table = listener.route_configuration
        if table.mirrors:
            return True
        for host in table.virtual_hosts:
            if host.mirrors:
                return True
            for route in host.routes:
                if isinstance(route.action, ForwardAction) and route.action.mirrors:
                    return True
    return False


def require_httptools(config: Config) -> None:
    """See that the library is there by which copies are sent, if there are to be any.

    Raises:
        ImportError: it is not.
    """
    if importlib.util.find_spec("httptools") is None and has_mirrors(config):
        raise ModuleNotFoundError(
            "copies of requests (mirrors) need httptools, which is missing; install it by: "
            "pip install 'meshcore-engine[proxy]'",
            name="httptools",
        )


class MirrorThread:
    """Sends the copies that decisions ask for, from any thread; ``begin()`` spares the first of them a wait.

    Args:
        engine: of the decisions; it picks the endpoints of copies, too.
        certificates: gives what certificates and keys are read by.
        connections: gives the places of requests at endpoints.
        options: those of ``meshcore.upstream.mirrors.Mirrors``.
    """

    def __init__(
        self,
        engine: Engine,
        certificates: Callable[[], Certificates],
        connections: Callable[[], Connections],
        **options: Any,
    ) -> None:
        self._certificates = certificates
        self._connections = connections
        self._options = {"engine": engine, **options}
        self._lock = threading.Lock()
        self._running: _Running | None = None
        self._left: tuple[object, ...] = ()  #: by a fork: what is the parent's, not to be touched

    @property
    def active(self) -> int:
        """Copies under way."""
        running = self._running
        return running.mirrors.active if running is not None else 0

    def begin(self) -> None:
        """Start the thread, if it is not running, and wait until it is ready."""
        self._begun()

    def _begun(self) -> _Running:
        running = self._running
        if running is None:
            with self._lock:
                running = self._running
                if running is None:
                    running = self._running = _Running(self._certificates, self._connections(), self._options)
        return running

    def send(self, decision: Decision, body: bytes | None) -> None:
        """Send the copies that a decision asks for, each with the whole body. It does not wait.

        No more of a body is kept for them than for further attempts, or would be: a longer one is not copied.
        """
        running = self._begun()
        if body is not None and len(body) > decision.mirror_buffer_limit:
            self.skip(decision)
            return
        for order in running.mirrors.orders(decision, None if body is None else b"%d" % len(body)):
            running.send(order, body)

    def skip(self, decision: Decision) -> None:
        """Count the copies that a decision asks for and that do not get the body."""
        for _ in decision.mirrors:
            self._options["count"]("mirror.rq_body_overflow")

    def close(self) -> None:
        """Cut off what is under way, and end the thread."""
        with self._lock:
            running, self._running = self._running, None
        if running is not None:
            running.close()

    def forked(self) -> None:
        """In the child: the thread is the parent's, and so is its event loop."""
        self._left += (self._running,)
        self._running = None
        self._lock = threading.Lock()


class _Running:
    """The thread while it runs."""

    def __init__(
        self, certificates: Callable[[], Certificates], connections: Connections, options: dict[str, Any]
    ) -> None:
        ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, Mirrors]] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(_serve(certificates, connections, options, ready)),
            name="meshcore-mirrors",
            daemon=True,
        )
        self._thread.start()
        self._loop, self._end, self.mirrors = ready.result()

    def send(self, order: Order, body: bytes | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._send, order, body)
        except RuntimeError:  # the loop has been closed meanwhile
            return

    def _send(self, order: Order, body: bytes | None) -> None:
        copy = self.mirrors.send(order, body=body is not None)
        if body is not None:
            copy.feed(body)
            copy.end()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()


async def _serve(
    certificates: Callable[[], Certificates],
    connections: Connections,
    options: dict[str, Any],
    ready: Future[Any],
) -> None:
    try:
        from meshcore.upstream.client import Upstream
        from meshcore.upstream.mirrors import Mirrors

        upstream, end = Upstream(certificates=certificates), asyncio.Event()
        mirrors = Mirrors(
            upstream=lambda: upstream,
            connections=connections,
            body_limit=sys.maxsize,  # bodies are whole, and have been measured
            **options,
        )
    except BaseException as error:
        ready.set_exception(error)
        return
    ready.set_result((asyncio.get_running_loop(), end, mirrors))
    try:
        await end.wait()
    finally:
        await mirrors.close()
        await upstream.close()
