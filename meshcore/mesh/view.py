"""What a mesh looks up in a configuration for each request, arranged once for each configuration."""

from __future__ import annotations

from meshcore.config.native import ALONE
from meshcore.mesh.mirror_thread import has_mirrors
from meshcore.model import Cluster, Config, Discovery
from meshcore.upstream.view import View as _View

__all__ = ["View", "own_clusters"]


class View(_View):
    """The clusters and listeners of one configuration, by name, and what it asks for.

    Args:
        before: of the configuration that this one follows.
    """

    def __init__(self, config: Config, before: View | None = None) -> None:
        super().__init__(config)
        #: There are limits and nothing else: no routes, and no word on whom requests are for.
        self.limits_alone = all(listener.name == ALONE for listener in config.listeners)
        #: Some requests are to be copied. Endpoints come and go more often than routes.
        same = before is not None and before.config.listeners is config.listeners
        self.mirrors: bool = before.mirrors if same and before is not None else has_mirrors(config)


def own_clusters(config: Config, service: str | None, namespace: str) -> frozenset[str]:
    """The clusters whose requests are for this service itself: its own, and those for wherever requests came
    to (Istio's PassthroughCluster).

    Istio names a cluster after its service, ``outbound|9080|v1|reviews.default.svc.cluster.local``; other
    names are the service's. A service is given by its short name, with its namespace ("reviews.default"), or
    in full.
    """
    return frozenset(cluster.name for cluster in config.clusters if _serves(cluster, service, namespace))


def _serves(cluster: Cluster, service: str | None, namespace: str) -> bool:
    if cluster.discovery is Discovery.ORIGINAL_DST:
        return True
    if service is None:
        return False
    parts = cluster.name.split("|")
    if len(parts) != 4:
        return cluster.name == service
    host = parts[3]
    if host == service or host.startswith(f"{service}.{namespace}.svc."):
        return True
    return "." in service and host.startswith(f"{service}.svc.")
