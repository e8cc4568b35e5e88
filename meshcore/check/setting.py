"""Which configuration a file of tests is about, and for whom it is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from meshcore.config import Node, load
from meshcore.model import Config

__all__ = ["Setting"]


@dataclass(frozen=True, slots=True)
class Setting:
    """The arguments of a load. ``gateway`` is ``"namespace/name"``, as in :class:`meshcore.Node`."""

    paths: tuple[str, ...] = ()
    namespace: str = "default"
    labels: tuple[tuple[str, str], ...] = ()
    gateway: str | None = None
    endpoints: str | None = None
    mesh_config: str | None = None
    ignore_kinds: tuple[str, ...] = ()

    def load(self, runtime: Mapping[str, object] | None = None) -> Config:
        """Load the configuration.

        Raises:
            meshcore.config.ConfigError: with all that is wrong in it.
        """
        node = Node(self.namespace, dict(self.labels), self.gateway)
        return load(
            self.paths,
            node=node,
            endpoints=self.endpoints,
            mesh_config=self.mesh_config,
            ignore_kinds=self.ignore_kinds,
            runtime=runtime,
        )
