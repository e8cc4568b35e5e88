"""Which hosts a configuration wants checked, and how."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from meshcore._near import similar
from meshcore._options import instance
from meshcore.certificates import tls_of
from meshcore.health.probes import Target
from meshcore.model import (
    Cluster,
    Config,
    Endpoint,
    EndpointHealthCheck,
    GrpcHealthCheck,
    HealthCheck,
    HttpHealthCheck,
    TcpHealthCheck,
    UpstreamTls,
)
from meshcore.model.headers import AppendAction, HeaderValue
from meshcore.upstream.mark import MARK

__all__ = ["Job", "Key", "plan", "with_health_checks"]

#: The names of a cluster and of one of its endpoints.
Key = tuple[str, str]

_NOTHING = EndpointHealthCheck()
_MARK = HeaderValue(MARK, "health-check", AppendAction.ADD_IF_ABSENT)


@dataclass(frozen=True, slots=True)
class Job:
    """All that hangs on the configuration in checking one host: equal jobs are one job."""

    target: Target
    check: HealthCheck
    tls: UpstreamTls | None
    excluded: bool  #: the host counts nowhere until its first check

    @property
    def key(self) -> Key:
        return self.target.cluster, self.target.endpoint

    def digest(self) -> str:
        """Names the job among processes, whatever else they have configured."""
        return hashlib.blake2b(repr(self).encode(), digest_size=12).hexdigest()


def plan(config: Config, old: Mapping[Key, Job], known: Mapping[str, Cluster]) -> dict[Key, Job]:
    """The jobs of a configuration. ``old`` are those of the clusters ``known``: they are taken over."""
    jobs: dict[Key, Job] = {}
    for cluster in config.clusters:
        if cluster.health_check is None:
            continue
        same = known.get(cluster.name) is cluster
        for endpoint in cluster.endpoints:
            key = cluster.name, endpoint.authority
            if same and key in old:
                jobs[key] = old[key]
            elif endpoint.health_check is None or not endpoint.health_check.disabled:
                jobs[key] = _job(cluster, cluster.health_check, endpoint)
    return jobs


def _job(cluster: Cluster, check: HealthCheck, endpoint: Endpoint) -> Job:
    special = endpoint.health_check or _NOTHING
    address, port = endpoint.current_address or endpoint.address, endpoint.port
    if special.address:
        address, port = special.address, special.port
    elif special.port and port:
        port = special.port
    how, name = check.checker, cluster.name
    if "|" in name:
        how, name = _within_the_mesh(how), name.rpartition("|")[2]
        check = replace(check, checker=how)
    asked = (
        ""
        if isinstance(how, TcpHealthCheck)
        else how.authority
        if isinstance(how, GrpcHealthCheck)
        else how.host
    )
    tls = tls_of(cluster)
    target = Target(
        cluster.name,
        endpoint.authority,
        address,
        port,
        special.hostname or asked or name,
        secure=tls is not None,
    )
    return Job(target, check, tls, cluster.common_lb.ignore_new_hosts_until_first_hc)


def _within_the_mesh(
    how: HttpHealthCheck | TcpHealthCheck | GrpcHealthCheck,
) -> HttpHealthCheck | TcpHealthCheck | GrpcHealthCheck:
    """How endpoints of Istio's clusters are asked (``outbound|9080||reviews.default.svc.cluster.local``).

    Envoy asks for the name of a cluster, but such a name is no host: an Envoy, and a middleware, answer 400.
    So the service is asked for; and since routes know that, their faults and redirects would decide on its
    health, unless the check names itself as those do who have applied them.
    """
    if isinstance(how, GrpcHealthCheck):
        return replace(how, initial_metadata=(*how.initial_metadata, _MARK))
    if isinstance(how, HttpHealthCheck):
        return replace(how, request_headers_to_add=(*how.request_headers_to_add, _MARK))
    return how


def with_health_checks(config: Config, checks: Mapping[str, HealthCheck | None]) -> Config:
    """The configuration with these health checks, by the names of clusters; None: none.

    For those who configure by Istio's documents, which have no word for it, and for programs.

    Raises:
        KeyError: where there is no such cluster.
        TypeError: for what is no check, such as a path alone.
    """
    for name, check in checks.items():
        if check is not None:
            wanted = "a meshcore.model.HealthCheck, such as HealthCheck(HttpHealthCheck('/healthz'))"
            instance(f"the check of {name!r}", check, HealthCheck, wanted)
            kinds = (HttpHealthCheck, TcpHealthCheck, GrpcHealthCheck)
            wanted = "a HttpHealthCheck, TcpHealthCheck or GrpcHealthCheck"
            instance(f"the checker of {name!r}", check.checker, kinds, wanted)
    missing = checks.keys() - {cluster.name for cluster in config.clusters}
    if missing:
        near = similar(min(missing), [cluster.name for cluster in config.clusters])
        raise KeyError(f"there is no cluster {min(missing)!r}{near}")
    clusters = tuple(
        replace(cluster, health_check=checks[cluster.name]) if cluster.name in checks else cluster
        for cluster in config.clusters
    )
    return replace(config, clusters=clusters)
