"""The rate limit services that a mesh's configuration names, asked from threads and from event loops."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from meshcore._per_loop import PerLoop
from meshcore.model import Config, GlobalRateLimit

if TYPE_CHECKING:
    from meshcore.engine import Decision, Engine
    from meshcore.upstream.rate_limits import AsyncRateLimitServices, RateLimitServices

__all__ = ["LimitServices", "require_services"]


def require_services(config: Config) -> None:
    """See that the library is there by which a configuration's rate limit services are asked.

    Raises:
        ImportError: it is not.
    """
    if any(isinstance(one, GlobalRateLimit) for listener in config.listeners for _, one in listener.filters):
        from meshcore.upstream.rate_limits import require_grpc

        require_grpc(config)


class LimitServices:
    """Who asks: one for all threads, and one for each event loop. They are made when first needed.

    Args:
        engine: whose decisions have questions.
        options: those of ``RateLimitServices``.
    """

    def __init__(self, engine: Engine, **options: Callable[..., Any]) -> None:
        self._engine = engine
        self._options = options
        self._lock = threading.Lock()
        self._threads: RateLimitServices | None = None
        self._loops: PerLoop[AsyncRateLimitServices] = PerLoop()
        self._left: tuple[object, ...] = ()  #: by a fork: connections of the parent's, not to be touched

    def ask(self, decision: Decision) -> None:
        """Ask all that a decision wants to know, and wait; a refusal has made it an answer, then."""
        services = self._threads
        if services is None:
            from meshcore.upstream.rate_limits import RateLimitServices

            with self._lock:
                services = self._threads = self._threads or RateLimitServices(self._engine, **self._options)
        services.ask(decision)

    async def aask(self, decision: Decision) -> None:
        """The same for asyncio."""
        await self._loops.get(self._of_a_loop).ask(decision)

    def _of_a_loop(self) -> AsyncRateLimitServices:
        from meshcore.upstream.rate_limits import AsyncRateLimitServices

        return AsyncRateLimitServices(self._engine, **self._options)

    def close(self) -> None:
        """Let go of all connections: each ends when the last question over it has been answered."""
        self._threads = None
        self._loops = PerLoop()

    def forked(self) -> None:
        """In the child: connections are the parent's, and a lock may have been held by one of its threads."""
        self._left += (self._threads, self._loops)
        self._lock = threading.Lock()
        self.close()
