"""One cluster of a configuration by itself, asked for endpoints: for ``hash`` and ``balance``."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from meshcore._near import similar
from meshcore.engine import Engine
from meshcore.model import (
    Cluster,
    Config,
    ForwardAction,
    HashPolicy,
    HashPolicyKind,
    Listener,
    PathKind,
    PathMatch,
    Policy,
    Route,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)

if TYPE_CHECKING:
    from meshcore.engine import Decision

__all__ = ["OneCluster", "find_cluster"]

_KEY = "x-key"
_HASHING = (Policy.RING_HASH, Policy.MAGLEV)
_HASHED_BY = (
    "a DestinationRule's trafficPolicy.loadBalancer.consistentHash makes one do so, of an Envoy "
    "configuration the lb_policy RING_HASH or MAGLEV"
)
_SHOWN = 10
_BY_DNS = (
    "endpoints of cluster {!r} come by DNS; here each name is one endpoint, where serving has one for each "
    "address (--endpoints gives addresses)"
)


class OneCluster:
    """An engine that sends everything to one cluster; the key of a request is what is hashed."""

    def __init__(self, cluster: Cluster) -> None:
        # The key that is given counts, whatever of a request the policy itself would look at.
        cluster = replace(cluster, hash_policies=None)
        self.cluster = cluster
        policy = HashPolicy(HashPolicyKind.HEADER, _KEY)
        route = Route(
            RouteMatch(PathMatch(PathKind.PREFIX, "/")),
            ForwardAction(cluster=cluster.name, hash_policies=(policy,)),
        )
        table = RouteConfiguration(virtual_hosts=(VirtualHost("any", ("*",), (route,)),))
        self._engine = Engine(Config((Listener("any", None, table),), (cluster,)))

    @property
    def policy(self) -> str:
        """In words: "ring hash"."""
        return self.cluster.policy.value.lower().replace("_", " ")

    def decide(self, key: str, seed: int | None = None) -> Decision:
        """A decision for a request with this key, which is to be closed."""
        return self._engine.decide("GET", "any", "/", [(_KEY, key)], seed=seed)

    def endpoint(self, key: str) -> str | None:
        """Where a key lands; None where no endpoint can be used."""
        with self.decide(key, seed=0) as decision:
            return decision.endpoint


def find_cluster(
    config: Config, name: str | None, *, hashing: bool, quiet: bool = False
) -> OneCluster | None:
    """The cluster of that name, or the only one that fits; None, and why on stderr, where there is none.

    ``hashing``: it must choose its endpoints by a key. ``quiet``: no notes.
    """
    fitting = [it for it in config.clusters if it.endpoints and (not hashing or it.policy in _HASHING)]
    cluster = config.cluster(name) if name is not None else fitting[0] if len(fitting) == 1 else None
    if cluster is None:
        problem = "which cluster? give --cluster" if fitting else ""
        if name is not None:
            names = [it.name for it in fitting or config.clusters]
            problem = f"there is no cluster {name!r}{similar(name, names)}"
    elif hashing and cluster.policy not in _HASHING:
        problem = f"cluster {cluster.name!r} has the policy {cluster.policy.value}, which looks at no key"
    elif not cluster.endpoints:
        problem = f"cluster {cluster.name!r} has no endpoints; --endpoints gives addresses"
    else:
        if cluster.by_dns and not quiet:
            print(f"note: {_BY_DNS.format(cluster.name)}", file=sys.stderr)
        return OneCluster(cluster)
    lines = filter(None, (problem, _among(fitting, hashing)))
    print("meshcore: error: " + "\n".join(lines), file=sys.stderr)
    return None


def _among(fitting: list[Cluster], hashing: bool) -> str:
    what = "choose by a key" if hashing else "have endpoints"
    if not fitting:
        hint = f"; {_HASHED_BY}" if hashing else "; --endpoints gives addresses"
        return f"no clusters {what}{hint}"
    names = [f"  {cluster.name}" for cluster in fitting[:_SHOWN]]
    if len(fitting) > _SHOWN:
        names.append(f"  and {len(fitting) - _SHOWN} more")
    return "\n".join([f"clusters that {what}:", *names])
