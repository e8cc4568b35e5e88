"""What is looked up in a configuration for each request, arranged once for each configuration."""

from __future__ import annotations

from meshcore._disposal import dispose
from meshcore.model import Cluster, Config, HttpOptions

__all__ = ["View"]

DEFAULTS = HttpOptions()


class View:
    """The clusters and listeners of one configuration, by name."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._clusters = {cluster.name: cluster for cluster in config.clusters}
        self._listeners = {listener.name: listener for listener in config.listeners}
        self._only = config.listeners[0] if len(config.listeners) == 1 else None

    def __del__(self) -> None:
        dispose(
            self.config, self._clusters
        )  # the last request by a large configuration should not pay for it

    def cluster(self, name: str | None) -> Cluster | None:
        return self._clusters.get(name) if name is not None else None

    def options(self, listener: str | None) -> HttpOptions:
        """The HTTP options of a listener; where nobody knows which, those of the only one or the defaults."""
        found = self._listeners.get(listener) if listener is not None else self._only
        return found.options if found is not None else DEFAULTS
