"""Zone aware routing: where the engine is, and where the others of its kind are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from meshcore.config.envoy.schema.bootstrap import Bootstrap
from meshcore.config.envoy.translate.context import Context
from meshcore.config.findings import quoted
from meshcore.model import Cluster, HealthStatus, Locality, LocalityEndpoints, PeerLocality, Peers

__all__ = ["local_cluster_name", "with_peers"]

_HEALTHY = (HealthStatus.UNKNOWN, HealthStatus.HEALTHY)


def local_cluster_name(bootstrap: Bootstrap | None) -> str:
    """The cluster that the engine itself is of; "" where the bootstrap does not say."""
    manager = bootstrap.cluster_manager if bootstrap is not None else None
    return manager.local_cluster_name if manager is not None else ""


def with_peers(
    context: Context, bootstrap: Bootstrap | None, clusters: Sequence[Cluster]
) -> tuple[Cluster, ...]:
    """The clusters, each knowing the cluster that ``local_cluster_name`` names, if there is one."""
    name = local_cluster_name(bootstrap)
    if bootstrap is None or not name:
        return tuple(clusters)
    manager = bootstrap.cluster_manager
    assert manager is not None
    local = next((one for one in clusters if one.name == name), None)
    if local is None:
        context.error(manager, "local_cluster_name", f"there is no cluster {quoted(name)}")
        return tuple(clusters)
    if any(group.priority for group in local.localities):
        context.error(manager, "local_cluster_name", f"{quoted(name)} has more than one priority")
    place = bootstrap.node.locality if bootstrap.node is not None else None
    own = Locality(place.region, place.zone, place.sub_zone) if place is not None else Locality()
    peers = _peers(own, local.localities)
    return tuple(replace(one, peers=peers) for one in clusters)


def _peers(own: Locality, groups: Sequence[LocalityEndpoints]) -> Peers:
    hosts = [endpoint for group in groups for endpoint in group.endpoints]
    health = [host.health for host in hosts]
    usable = sum(one in _HEALTHY or one is HealthStatus.DEGRADED for one in health)
    localities = []
    for group in groups:
        well = [endpoint for endpoint in group.endpoints if endpoint.health in _HEALTHY]
        weight = sum(endpoint.weight for endpoint in well)
        localities.append(PeerLocality(group.locality, len(group.endpoints), len(well), weight))
    draining = sum(one is HealthStatus.DRAINING for one in health)
    return Peers(own, tuple(localities), len(hosts) - draining, usable)
