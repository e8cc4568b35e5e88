"""The configuration that a proxy serves: swapped as a whole, and looked up for each request."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from meshcore.discovery import AsyncDiscovery
from meshcore.engine import Engine
from meshcore.health import HealthChecker, require_libraries
from meshcore.model import Config
from meshcore.upstream.view import View

__all__ = ["InForce"]


class InForce:
    """See above. Times are seconds.

    Args:
        engine: that decides by it.
        discovery: looks up the names in it.
        checker: of the endpoints; None: they are not checked.
        dns_wait: how long a swap waits for the first answers to names that are new.
        checks_wait: how long it waits for the first checks of endpoints that are new.
        changed: called once requests find another configuration, and not just other endpoints.
    """

    def __init__(
        self,
        engine: Engine,
        discovery: AsyncDiscovery,
        checker: HealthChecker | None,
        *,
        dns_wait: float,
        checks_wait: float,
        changed: Callable[[], object],
    ) -> None:
        self._engine = engine
        self._discovery = discovery
        self._checker = checker
        self._dns_wait = dns_wait
        self._checks_wait = checks_wait
        self._changed = changed
        self._upcoming: View | None = None  # of the configuration that is being swapped in
        self.last_view = View(engine.config)  #: as of the last request; see view()

    def swap(self, config: Config) -> None:
        """Serve by another configuration. Blocks; see ``Proxy.swap()``."""
        if self._checker is not None:
            require_libraries(cluster.health_check for cluster in config.clusters)
        self._discovery.following.swap(config, wait=self._dns_wait, put=self._put)

    def _put(self, config: Config) -> None:
        self._upcoming = View(config)
        checker, wait = self._checker, self._checks_wait
        warmed = contextlib.nullcontext() if checker is None else checker.warmed(config, wait=wait)
        try:
            with warmed:
                self._engine.swap(config)
        except BaseException:
            self._upcoming = None
            raise

    def view(self) -> View:
        """What requests look up."""
        config = self._engine.config
        before = self.last_view.config
        if before is not config:
            upcoming, self._upcoming = self._upcoming, None
            # Somebody may have swapped the engine's configuration without us.
            self.last_view = upcoming if upcoming and upcoming.config is config else View(config)
            if before.listeners is not config.listeners:  # else only endpoints have changed
                self._changed()
        return self.last_view
