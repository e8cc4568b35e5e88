"""What the proxy looks up in a configuration, arranged once for each."""

from __future__ import annotations

from meshcore.model import Cluster, Config, Listener

__all__ = ["View"]


class View:
    """Clusters and listeners of one configuration by name and port."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._clusters = {cluster.name: cluster for cluster in config.clusters}
        self._listeners = {listener.name: listener for listener in config.listeners}
        self._ports = {listener.port for listener in config.listeners}
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

    def port(self, authority: str) -> int | None:
        """The configured port that a request means which came to a socket without one of its own.

        The client's URL says it: ``reviews:9080`` is for the listener of port 9080, and no port means
        80. A configuration with a single listener is meant in any case.
        """
        if self._only is not None:
            return self._only.port
        _, colon, port = authority.rpartition(":")
        if colon and port.isascii() and port.isdigit() and len(port) <= 5 and int(port) in self._ports:
            return int(port)
        return 80 if 80 in self._ports else None
