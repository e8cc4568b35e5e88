"""What the proxy looks up in a configuration, arranged once for each."""

from __future__ import annotations

from meshcore.model import Cluster, Config, Listener

__all__ = ["View"]


class View:
    """The clusters and listeners of one configuration, by name."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._clusters = {cluster.name: cluster for cluster in config.clusters}
        self._listeners = {listener.name: listener for listener in config.listeners}
        self._only = config.listeners[0] if len(config.listeners) == 1 else None

    def cluster(self, name: str | None) -> Cluster | None:
        return self._clusters.get(name) if name is not None else None

    def listener(self, name: str | None) -> Listener | None:
        return self._listeners.get(name) if name is not None else self._only

    def server_name(self, listener: str | None) -> str:
        """The value of the ``server`` header."""
        found = self.listener(listener)
        return found.options.server_name if found is not None else "envoy"

    def upgrades(self, listener: str | None) -> tuple[tuple[str, bool], ...]:
        """Which protocols the listener lets clients change to."""
        found = self.listener(listener)
        return found.options.upgrades if found is not None else ()
