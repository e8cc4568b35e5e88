"""Stand-ins for what documents leave out, for tools that decide but never send.

A route test, a comparison of two configurations or an explanation asks where a request would go. The
answer must not depend on whether the addresses of the services are at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from meshcore.model import Cluster, Config, Endpoint, ForwardAction, LocalityEndpoints, Route

__all__ = ["PLACEHOLDER", "routes_of", "with_placeholders"]

#: Of the network that documents may use for examples (RFC 5737): nobody answers there.
PLACEHOLDER = "192.0.2.1"
_NOWHERE = (LocalityEndpoints((Endpoint(PLACEHOLDER, 80),)),)


def with_placeholders(config: Config) -> Config:
    """``config`` with an endpoint in each cluster that has none.

    Where it has no clusters at all (a route table alone) there will be one for each that a route names.
    """
    clusters = tuple(it if it.endpoints else replace(it, localities=_NOWHERE) for it in config.clusters)
    if not clusters:
        names = dict.fromkeys(name for route in routes_of(config) for name in _clusters_of(route))
        clusters = tuple(Cluster(name, localities=_NOWHERE) for name in names)
    return replace(config, clusters=clusters)


def routes_of(config: Config) -> Iterator[Route]:
    """All routes, listener by listener, in the order in which they are tried."""
    for listener in config.listeners:
        for host in listener.route_configuration.virtual_hosts:
            yield from host.routes


def _clusters_of(route: Route) -> Iterator[str]:
    action = route.action
    if not isinstance(action, ForwardAction):
        return
    if action.cluster:
        yield action.cluster
    if action.weighted_clusters is not None:
        yield from (it.cluster for it in action.weighted_clusters.clusters if it.cluster)
