"""What follows what changes while a mesh serves: names, health and documents, each in a thread of its own.

A thread begins when there is something to follow: where a process has a second one, system calls cost more.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from meshcore.discovery import Resolver, ThreadDiscovery
from meshcore.engine import Engine
from meshcore.health import HealthChecker
from meshcore.mesh.watcher import Watcher
from meshcore.model import Cluster, Config, Discovery
from meshcore.watching import Documents

__all__ = ["Following", "Threads"]


class Following(NamedTuple):
    """What is to be followed, and how."""

    health_checks: bool
    resolver: Resolver | None
    runtime_dir: str | os.PathLike[str] | None
    wait: float  #: seconds, for first answers and first checks


class Threads:
    """They begin when this is made, which waits for the first answers and the first checks.

    Args:
        documents: those to watch; None: none.
        serve: takes what changed documents say.

    Raises:
        ImportError: a cluster needs a resolver that is not there; nothing has begun then.
    """

    def __init__(
        self,
        engine: Engine,
        following: Following,
        documents: Documents[Config] | None,
        serve: Callable[[Config], object],
    ) -> None:
        self._engine = engine
        self._following = following
        self._checker: HealthChecker | None = None
        self._watcher: Watcher | None = None
        self._discovery = ThreadDiscovery(engine, resolver=following.resolver)
        self._discovery.start(wait=following.wait)
        self._check(engine.config)
        if self._checker is not None:
            self._checker.wait(following.wait)
        if documents is not None and documents.wait:
            self._watcher = Watcher(documents, serve)
            self._watcher.start()

    def _check(self, config: Config) -> None:
        """Begin to check endpoints, where nobody does so yet and a configuration asks for it."""
        if self._checker is None and self._following.health_checks and has_checks(config):
            checker = HealthChecker(self._engine, shared=self._following.runtime_dir)
            checker.start()
            self._checker = checker

    def end_watching(self) -> None:
        """Not under a lock that ``serve`` takes: it may be under way."""
        if self._watcher is not None:
            self._watcher.close()

    def close(self) -> None:
        """End the others."""
        if self._checker is not None:
            self._checker.stop()
        self._discovery.close()

    def forked(self) -> None:
        """In the child: none of them is here."""
        self._discovery.following.detach()
        if self._checker is not None:
            self._engine.end_checks()

    def swap(self, config: Config) -> None:
        self._check(config)  # before it is in force: its endpoints wait for their first checks
        self._discovery.swap(config, wait=self._following.wait)

    @property
    def reload_error(self) -> str:
        return self._watcher.error if self._watcher is not None else ""

    def address(self, cluster: Cluster | None, endpoint: str) -> str:
        """Where to connect for an endpoint: of a LOGICAL_DNS cluster it is a name, whose address changes."""
        if cluster is None or cluster.discovery is not Discovery.LOGICAL_DNS:
            return endpoint
        return self._discovery.address(cluster.name, endpoint)

    def failed(self, cluster: str, endpoint: str) -> None:
        if self._checker is not None:
            self._checker.fail(cluster, endpoint)


def has_checks(config: Config) -> bool:
    return any(cluster.health_check is not None for cluster in config.clusters)
