"""What a mesh looks up in a configuration for each request, arranged once for each configuration."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from meshcore._tracers import Reads, descends, reads_of
from meshcore.config.findings import did_you_mean
from meshcore.config.native import ALONE
from meshcore.mesh.mirror_thread import has_mirrors
from meshcore.model import Cluster, Config, Discovery
from meshcore.upstream.view import View as _View

__all__ = ["Own", "View", "misspelt", "own", "unknown"]

#: A search for a near name costs as much as there are names: beyond so many it is left out.
_MANY = 2000
#: So many services are listed where a name is none of theirs.
_FEW = 5


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
        kept = before if before is not None and before.config.listeners is config.listeners else None
        self.mirrors: bool = has_mirrors(config) if kept is None else kept.mirrors
        #: What each kind of tracer reads.
        self.tracers: tuple[Reads, ...] = reads_of(config) if kept is None else kept.tracers
        #: The current request's span may be told of: a tracer's own is below it.
        self.descends: bool = descends(config) if kept is None else kept.descends
        self._ports: dict[str, tuple[int, ...]] | None = None if kept is None else kept._ports

    def ports_of(self, host: str) -> tuple[int, ...]:
        """The ports at which a host is known by its name; what listeners for any port say does not count."""
        ports = self._ports
        if ports is None:
            ports = {}
            for listener in self.config.listeners:
                if listener.port is None:
                    continue
                for served in listener.route_configuration.virtual_hosts:
                    for domain in served.domains:
                        ports[domain.lower()] = (*ports.get(domain.lower(), ()), listener.port)
            self._ports = ports
        return ports.get(host.lower(), ())

    def elsewhere(self, host: str) -> str:
        """The service in another namespace that has this short name, "reviews.shop"; "" where none has."""
        if "." in host:
            return ""
        tables = (listener.route_configuration for listener in self.config.listeners)
        for served in (it for table in tables for it in table.virtual_hosts):
            for domain in served.domains:
                name, _, rest = domain.lower().partition(".")
                if name == host and (namespace := rest.removesuffix(".svc")) != rest and "." not in namespace:
                    return f"{name}.{namespace}"
        return ""

    def like(self, host: str) -> str:
        """The name that a host is a slip of, as it seems; "" where it is known, or may well be another."""
        tables = (listener.route_configuration for listener in self.config.listeners)
        domains = {it.lower() for table in tables for served in table.virtual_hosts for it in served.domains}
        return (
            "" if host in domains else _slip_of(host, (it for it in domains if not ("*" in it or ":" in it)))
        )


def _slip_of(name: str, known: Iterable[str]) -> str:
    """The name of which another is a slip, in one of its labels: "reveiws.default" is one of
    "reviews.default", "shop.default" is not.

    More than did_you_mean() asks for: the name may have nothing to do with those that are known.
    """
    labels = name.split(".")
    names = [parts for it in known if len(parts := it.split(".")) == len(labels)]
    for number, label in enumerate(labels):
        before, after = labels[:number], labels[number + 1 :]
        like = [it[number] for it in names if it[:number] == before and it[number + 1 :] == after]
        if len(like) <= _MANY and (near := difflib.get_close_matches(label, like, n=1, cutoff=0.8)):
            return ".".join((*before, *near, *after))
    return ""


def unknown(config: Config, service: str, namespace: str) -> str:
    """That no service of the configuration has the name; "" where one has, or there are none at all."""
    clusters = [it for it in config.clusters if it.discovery is not Discovery.ORIGINAL_DST]
    if not clusters or any(_serves(cluster, service, namespace) for cluster in clusters):
        return ""
    known = list(dict.fromkeys(name for cluster in clusters for name in _names(cluster, namespace)[:1]))
    more = f" and {len(known) - _FEW} more" if len(known) > _FEW else ""
    what = _called(clusters, service, namespace)
    return f"no {what} in the configuration, which has {', '.join(known[:_FEW])}{more}"


def misspelt(config: Config, service: str, namespace: str, *, answers: bool = True) -> str:
    """What tells that a service's name is wrong: the configuration has none of that name, but one like it.

    "" where it seems right. A service need not be in the documents that say how it calls others. Where it is
    not known to answer (``answers``), only a slip counts: neither a name that is another's with more to it.
    """
    clusters = [it for it in config.clusters if it.discovery is not Discovery.ORIGINAL_DST]
    if any(_serves(cluster, service, namespace) for cluster in clusters):
        return ""
    names = {name for cluster in clusters for name in _names(cluster, namespace)}
    if not answers:
        kin = {it for it in names if it.startswith(f"{service}-") or service.startswith(f"{it}-")}
        names = {slip} if (slip := _slip_of(service, names - kin)) else set()
    near = did_you_mean(service, names)
    return f"no {_called(clusters, service, namespace)} in the configuration{near}" if near else ""


def _called(clusters: Iterable[Cluster], service: str, namespace: str) -> str:
    """What a service's name names in these documents: of Envoy's a cluster."""
    if all(_host(cluster) is None for cluster in clusters):
        return f"cluster {service!r}"
    return f"service {service!r} of namespace {namespace!r}"


@dataclass(frozen=True)
class Own:
    """What a configuration says of a service to the process that is this service."""

    #: Clusters whose requests are for it: its own, and those for wherever requests came to (Istio's
    #: PassthroughCluster).
    clusters: frozenset[str]
    #: Those of a subset -> the service's, without. A route chooses a subset, but the process that answers is
    #: whichever it is.
    shown: Mapping[str, str]
    #: Each -> what a sidecar calls what its caller sent to it, "inbound|9080||".
    inbound: Mapping[str, str]
    #: The same for what no route leads to it; "" where nothing is said of the service.
    elsewhere: str
    #: ``clusters`` for ``Engine.decide(served=...)``.
    served: tuple[Config, bytes]

    def name(self, cluster: str, *, called: bool) -> str | None:
        """What a cluster is called where the app answers; None: by its name. ``called``: by a caller in the
        mesh."""
        if called:
            return self.inbound.get(cluster) or self.elsewhere or _inbound(cluster)
        return self.shown.get(cluster)


def own(config: Config, service: str | None, namespace: str) -> Own:
    """What a configuration says of this service.

    Istio names a cluster after its service, ``outbound|9080|v1|reviews.default.svc.cluster.local``; other
    names are the service's. A service is given by its short name, with its namespace ("reviews.default"), or
    in full.
    """
    clusters = [cluster.name for cluster in config.clusters if _serves(cluster, service, namespace)]
    inbound = {name: called for name in clusters if (called := _inbound(name)) is not None}
    parts = {name: name.split("|") for name in inbound}
    shown = {name: "|".join((*it[:2], "", it[3])) for name, it in parts.items() if it[2]}
    names = frozenset(clusters)
    served = config, bytes(cluster.name in names for cluster in config.clusters)
    return Own(names, shown, inbound, next(iter(inbound.values()), service or ""), served)


def _inbound(cluster: str) -> str | None:
    """What a sidecar calls what came to it for a cluster of Istio's; None: it is none."""
    parts = cluster.split("|")
    return f"inbound|{parts[1]}||" if len(parts) == 4 else None


def _serves(cluster: Cluster, service: str | None, namespace: str) -> bool:
    if cluster.discovery is Discovery.ORIGINAL_DST:
        return True
    if service is None:
        return False
    host = _host(cluster)
    if host is None:
        return cluster.name == service
    if host == service or host.startswith(f"{service}.{namespace}.svc."):
        return True
    return "." in service and host.startswith(f"{service}.svc.")


def _host(cluster: Cluster) -> str | None:
    """The host that Istio named a cluster after; None: it has a name of its own."""
    parts = cluster.name.split("|")
    return parts[3] if len(parts) == 4 else None


def _names(cluster: Cluster, namespace: str) -> tuple[str, ...]:
    """What its service may be called."""
    host = _host(cluster)
    if host is None:
        return (cluster.name,)
    whole, inside, _ = host.partition(".svc.")
    name, _, its = whole.partition(".")
    if not inside:
        return (host,)
    return (name, whole, host) if its == namespace else (whole, host)
