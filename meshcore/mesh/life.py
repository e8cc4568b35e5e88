"""The life of a mesh: when what follows its changes begins and ends, and what a fork leaves of it."""

from __future__ import annotations

import os
import threading
import weakref
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from meshcore._aside import Together, aside
from meshcore.engine import Engine
from meshcore.mesh.limit_services import LimitServices
from meshcore.mesh.mirror_thread import MirrorThread
from meshcore.mesh.threads import Following, Threads
from meshcore.mesh.view import View
from meshcore.model import Config
from meshcore.upstream.connections import Connections
from meshcore.watching import Documents

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Life", "remember"]


class Life(ABC):
    """Of a mesh, which is told of a fork from ``remember()`` on.

    Args:
        config: as it was given: names in it are not resolved.
        following: what is followed, and how.
    """

    engine: Engine
    connections: Connections
    limits: LimitServices
    mirrors: MirrorThread

    def __init__(self, config: Config, following: Following) -> None:
        self._config = config
        self._following = following
        self._documents: Documents[Config] | None = None
        self._lock = threading.RLock()
        self._using = Together()
        self._threads: Threads | None = None  #: None: not started
        #: Whether ``start()`` has nothing left to do.
        self.started = False
        self._closed = False

    @abstractmethod
    def view(self) -> View: ...
    @abstractmethod
    def _serve_documents(self, config: Config) -> None: ...

    def start(self) -> None:
        """Begin to follow names, health and documents; nothing where that has begun. After ``close()``, too.

        It waits for the first answers and the first checks.

        Raises:
            ImportError: a cluster needs a resolver that is not there; nothing has begun then.
        """
        if self._threads is not None:
            return
        with self._lock:
            if self._threads is not None:
                return
            if self.engine.config is not self._config:  # it was started before: names became addresses
                self.engine.swap(self._config)
            threads = Threads(self.engine, self._following, self._documents, self._serve_documents)
            if self.view().mirrors:
                self.mirrors.begin()
            self._threads, self.started, self._closed = threads, True, False

    def use(self) -> None:
        """``start()`` for whoever has a request: middlewares and clients.

        Raises:
            RuntimeError: the mesh has been closed, and not been started again.
            ImportError: as ``start()`` does.
        """
        if self._threads is not None:
            return
        if self._closed:
            raise RuntimeError("this mesh is closed: use it before close(), or start() it again")
        self.start()

    async def ause(self) -> None:
        """The same beside the running event loop, in one thread for all who have requests meanwhile: files
        are read and names resolved, for which other work shall not wait."""
        if not self.started:
            await self._using.aside(self.use)

    def close(self) -> None:
        """End what ``start()`` began. Middlewares and clients raise a RuntimeError from now on."""
        threads = self._threads
        if threads is not None:
            threads.end_watching()  # before the lock, since it may be swapping
        with self._lock:
            self._closed = True
            if threads is not None and threads is self._threads:
                threads.close()
                self.limits.close()
                self.mirrors.close()
                self._threads, self.started = None, False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        await aside(self.start)
        return self

    async def __aexit__(self, *exception: object) -> None:
        await aside(self.close)

    def _forked(self) -> None:
        """In the child: no thread of the parent's is here, and a lock may have been held by one."""
        threads, self._threads, self.started = self._threads, None, False
        self._lock = threading.RLock()
        self._using = Together()
        self.connections = Connections(self.engine)
        self.limits.forked()
        self.mirrors.forked()
        if self._documents is not None:
            self._documents.detach()
        if threads is not None:
            threads.forked()


_lives: weakref.WeakSet[Life] = weakref.WeakSet()


def remember(life: Life) -> None:
    """It is whole now: a forked child has to begin it anew."""
    _lives.add(life)


def _after_fork() -> None:
    for life in list(_lives):
        life._forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
