"""The endpoints by DNS that an engine has been given."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from meshcore.discovery.endpoints import current_address, with_kept
from meshcore.discovery.names import with_clusters
from meshcore.engine import Engine
from meshcore.model import Cluster, Config, Discovery, LocalityEndpoints

__all__ = ["InForce"]

_log = logging.getLogger("meshcore.discovery")


class InForce:
    """What has been put in force, and what could not be. One thread at a time changes it; any may read."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.seen = engine.config  #: the configuration that is followed
        self.addresses: dict[str, str] = {}  #: of LOGICAL_DNS clusters; replaced, never changed
        #: By cluster: endpoints that no name has any longer, and that stay while their checks succeed.
        self.kept: dict[str, tuple[str, ...]] = {}
        self._clusters: dict[str, Cluster] = {}  #: as they were put in force; replaced, never changed
        self._errors: dict[str, str] = {}  #: by cluster: why its last answer could not be served
        self._changing: int | None = None  #: the thread in which we change the engine

    def begin(self, addresses: dict[str, str]) -> None:
        """Of another configuration: nothing is in force yet but the addresses of LOGICAL_DNS clusters."""
        self.addresses = addresses
        self._clusters, self._errors, self.kept = {}, {}, {}

    def serve(self, made: Cluster) -> None:
        """Put a cluster's endpoints in force, where they are others than before."""
        name = made.name
        address = current_address(made)
        if address is not None:
            self.addresses = {**self.addresses, name: address}
        before = self._engine.config
        served = before.cluster(name)
        if served is None:  # of a configuration that is not ours
            return
        made = self._with_kept(made, served)
        if _endpoints(made) != _endpoints(served):
            try:
                with self.ours():
                    self._engine.update_endpoints(name, made.localities)
            except (KeyError, ValueError) as error:
                _log.warning("the endpoints of cluster %r stay as they are: %s", name, error)
                self._errors = {**self._errors, name: str(error)}
                return
            after = self._engine.config
            served = after.cluster(name) or made
            if before is self.seen and after.listeners is before.listeners:
                self.seen = after
        self._clusters = {**self._clusters, name: served}
        self._errors = {other: error for other, error in self._errors.items() if other != name}

    def _with_kept(self, made: Cluster, served: Cluster) -> Cluster:
        """With what active checks call healthy: as in Envoy, that outlives the word of its name server."""
        kept: tuple[str, ...] = ()
        checked = made.health_check is not None and not made.ignore_health_on_host_removal
        if checked and made.discovery is Discovery.STRICT_DNS:
            made, kept = with_kept(made, served, self._engine.checked_healthy(made.name))
        others = {name: found for name, found in self.kept.items() if name != made.name}
        self.kept = {**others, made.name: kept} if kept else others
        return made

    def declared(self, config: Config, known: Mapping[str, Cluster]) -> Config:
        """The configuration with the names of clusters that are as we have put them in force: whoever made it
        of ``engine.config`` means those. ``known``: clusters as they were declared."""
        in_force = self._clusters
        kept = {
            cluster.name: known[cluster.name]
            for cluster in config.clusters
            if cluster.name in known and in_force.get(cluster.name) == cluster
        }
        return with_clusters(config, kept)

    def describe(self, cluster: str) -> dict[str, Any]:
        """What ``engine.clusters()`` says of it."""
        found: dict[str, Any] = {}
        for key, values in (("address", self.addresses), ("dns_error", self._errors)):
            if cluster in values:
                found[key] = values[cluster]
        kept = self.kept.get(cluster)
        if kept is not None:
            found["dns_kept"] = list(kept)
        return found

    @contextlib.contextmanager
    def ours(self) -> Iterator[None]:
        """Changes of the engine in here are our own."""
        self._changing = threading.get_ident()
        try:
            yield
        finally:
            self._changing = None

    @property
    def changing_here(self) -> bool:
        """Whether this thread changes the engine for us."""
        return self._changing == threading.get_ident()


def _endpoints(cluster: Cluster) -> list[LocalityEndpoints]:
    return [group for group in cluster.localities if group.endpoints]
