"""Explanations made of what the core says, what was decided, and the model with its names and places."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from meshcore.explain.changes import header_changes, sample_response
from meshcore.explain.conditions import condition_of
from meshcore.explain.facts import Facts
from meshcore.explain.nearest import near_domains, near_listeners, near_routes
from meshcore.explain.policies import Levels
from meshcore.explain.routing import is_of_unknown_hosts
from meshcore.explain.structure import (
    EndpointChosen,
    Explain,
    HeaderChange,
    LimitAsked,
    LimitTried,
    ListenerChosen,
    Overflow,
    RouteTried,
    SessionTried,
    Share,
    Split,
    SubsetTried,
    VirtualHostChosen,
)
from meshcore.model import (
    Cluster,
    Config,
    Discovery,
    Endpoint,
    FaultPolicy,
    ForwardAction,
    HealthStatus,
    Listener,
    SessionCookie,
    VirtualHost,
)

__all__ = ["Decided", "explained"]

Lines = list[tuple[str, str]]
Labels = tuple[tuple[str, str], ...]

_BY_DNS = (Discovery.STRICT_DNS, Discovery.LOGICAL_DNS)


@dataclass(frozen=True, slots=True)
class Decided:
    """What an explanation needs of a request and its decision; names are those of ``Explain``."""

    method: str
    target: str
    given_authority: str
    seed: int
    outcome: str
    status: int | None
    flags: str
    details: str
    location: str | None
    listener: Listener | None
    routed: bool  #: the virtual host's routes were asked
    cluster: Cluster | None
    policy: str
    endpoint: str | None
    candidates: int  #: endpoints that the policy chose among
    overflow: Overflow | None
    ejected: Labels  #: endpoints that outlier detection has ejected, and why, in words
    subset: str  #: why it was looked for in a subset, as in SubsetTried
    subset_labels: Labels  #: what the hosts there have in common
    path: str
    authority: str
    timeout: float | None
    delay: float
    response_rate: int | None
    mirrors: Sequence[tuple[str, str]]  #: cluster and authority of each copy
    cors: str  #: the verdict, as in CorsJudged
    limits: tuple[LimitTried, ...]
    rate_limits: tuple[LimitAsked, ...]
    session: tuple[str, str] | None  #: the reason and the address, as in SessionTried; None: there is none
    headers: Lines
    request_headers: Lines  #: for the upstream; empty unless it is forwarded
    response_headers: Callable[[Lines], Lines]  #: of the upstream's lines, those of the answer


def explained(decided: Decided, facts: Facts, config: Config) -> Explain:
    """The explanation of a decision."""
    listener, host, cluster = decided.listener, facts.virtual_host, decided.cluster
    levels = None
    if decided.routed and facts.route is not None and host is not None and listener is not None:
        levels = Levels(host.routes[facts.route], host, listener, facts.choice)
    # A request that is sent to https first asks no route.
    routes = _routes(facts, host, decided.seed) if host is not None and decided.routed else ()
    request_changes, response_changes = _changes(decided, levels)
    return Explain(
        method=decided.method,
        target=decided.target,
        given_authority=decided.given_authority,
        seed=decided.seed,
        seen=facts.seen,
        outcome=decided.outcome,
        status=decided.status,
        flags=decided.flags,
        details=decided.details,
        location=decided.location,
        listener=_listener(listener),
        virtual_host=_virtual_host(facts, host, decided),
        routes=routes,
        split=_split(facts, levels.action if levels else None),
        cluster=cluster.name if cluster is not None else None,
        cluster_origin=cluster.origin if cluster is not None else None,
        endpoint=_endpoint(decided, cluster, levels),
        overflow=decided.overflow,
        path=decided.path,
        authority=decided.authority,
        timeout=decided.timeout,
        retries=levels.retries() if levels else None,
        fault=_fault(facts, listener, levels),
        delay=decided.delay,
        response_rate=decided.response_rate,
        mirrors=levels.mirrors(decided.mirrors) if levels else (),
        cors=levels.cors(decided.cors) if levels else None,
        limits=decided.limits,
        rate_limits=decided.rate_limits,
        request_changes=request_changes,
        response_changes=response_changes,
        nearest=_nearest(decided, facts, routes, config),
    )


def _fault(facts: Facts, listener: Listener | None, levels: Levels | None) -> FaultPolicy | None:
    """The policy that the request met: without a route, the filter's own."""
    if levels is not None:
        return levels.fault()
    return listener.fault if listener is not None and facts.seen is not None else None


def _listener(listener: Listener | None) -> ListenerChosen | None:
    if listener is None:
        return None
    return ListenerChosen(listener.name, listener.port, listener.tls, listener.origin)


def _virtual_host(facts: Facts, host: VirtualHost | None, decided: Decided) -> VirtualHostChosen | None:
    if host is None or facts.host is None:
        return None
    asked, size = facts.host.encode("utf-8", "surrogateescape").lower(), facts.domain_size
    literal = {
        "exact": asked,
        "suffix": b"*" + asked[len(asked) - size :],
        "prefix": asked[:size] + b"*",
        "any": b"*",
    }[facts.domain]
    matched = literal.decode("utf-8", "surrogateescape")
    domain = next((one for one in host.domains if one.lower() == matched), matched)
    # The one answer that a virtual host gives without asking its routes.
    https = decided.outcome == "redirect" and not decided.routed
    where = host.require_tls_origin if https else None
    return VirtualHostChosen(host.name, domain, facts.domain, facts.host, host.origin, https, where)


def _routes(facts: Facts, host: VirtualHost, seed: int) -> tuple[RouteTried, ...]:
    found = []
    last = len(host.routes) if facts.route is None else facts.route
    for at, (route, failure) in enumerate(zip(host.routes, facts.failures, strict=True)):
        failed = None if failure is None else condition_of(route.match, failure, seed)
        count = 0 if failure is None else failure.count
        tried, winner = at <= last, at == facts.route
        found.append(RouteTried(at + 1, route.name, route.origin, tried, winner, failed, count))
    return tuple(found)


def _split(facts: Facts, action: ForwardAction | None) -> Split | None:
    if action is None or action.weighted_clusters is None or facts.choice is None:
        return None
    shares, end = [], 0
    for at, part in enumerate(action.weighted_clusters.clusters):
        start, end = end, end + part.weight
        name = part.cluster or f"named by header {part.cluster_header}"
        score = facts.scores[at] if facts.scores else None
        shares.append(Share(name, part.weight, start, end, at == facts.choice, part.origin, score))
    header, sticky = action.weighted_clusters.header_name, action.weighted_clusters.sticky
    where = "" if sticky is None else f"{sticky.kind.value} {sticky.name}".replace("_ip", "").rstrip()
    return Split(facts.draw, header, facts.drawn, facts.place, facts.total, tuple(shares), where, facts.key)


def _endpoint(decided: Decided, cluster: Cluster | None, levels: Levels | None) -> EndpointChosen | None:
    if cluster is None or (decided.outcome == "forward" and decided.endpoint is None):
        return None  # of what the service answers itself none is asked for
    well = (HealthStatus.UNKNOWN, HealthStatus.HEALTHY)
    chosen = [
        (group.priority, one.origin, _name(cluster, one))
        for group in cluster.localities
        for one in group.endpoints
        if one.authority == decided.endpoint
    ]
    priority, origin, name = chosen[0] if chosen else (None, None, "")
    return EndpointChosen(
        address=decided.endpoint,
        policy=decided.policy,
        candidates=decided.candidates,
        total=len(cluster.endpoints),
        priority=priority,
        unwell=(
            *(
                (one.authority, one.health.value.lower())
                for one in cluster.endpoints
                if one.health not in well
            ),
            *decided.ejected,
        ),
        origin=origin,
        subset=_subset(decided, cluster, levels),
        session=_session(decided, levels),
        dns=name,
        unresolved=cluster.discovery in _BY_DNS and not cluster.endpoints,
    )


def _session(decided: Decided, levels: Levels | None) -> SessionTried | None:
    found = levels.session() if levels is not None else None
    if decided.session is None or found is None or found.state is None:
        return None
    kind = "cookie" if isinstance(found.state, SessionCookie) else "header"
    return SessionTried(kind, found.state.name, *decided.session, found.strict)


def _name(cluster: Cluster, endpoint: Endpoint) -> str:
    """The DNS name behind an endpoint."""
    if cluster.discovery not in _BY_DNS:
        return ""
    return endpoint.address if endpoint.is_name else endpoint.hostname


def _subset(decided: Decided, cluster: Cluster, levels: Levels | None) -> SubsetTried | None:
    if cluster.subsets is None or levels is None:
        return None
    asked = tuple(
        (key, value if isinstance(value, str) else json.dumps(value))
        for key, value in sorted(levels.metadata_match().items())
    )
    return SubsetTried(asked, decided.subset_labels, decided.subset)


def _changes(
    decided: Decided, levels: Levels | None
) -> tuple[tuple[HeaderChange, ...], tuple[HeaderChange, ...]]:
    """What happens to the headers of the request (where it goes upstream) and of the answer."""
    if decided.outcome != "forward":
        return (), header_changes([], decided.response_headers([]))
    sample = sample_response(levels.edits() if levels else [])
    return (
        header_changes(decided.headers, decided.request_headers),
        header_changes(sample, decided.response_headers(sample)),
    )


def _nearest(decided: Decided, facts: Facts, routes: Sequence[RouteTried], config: Config) -> tuple[str, ...]:
    listener, host = decided.listener, facts.virtual_host
    if decided.outcome != "reject" and (host is None or not is_of_unknown_hosts(host.name)):
        return ()
    if listener is None:
        return near_listeners(config.listeners)
    if facts.seen is None:
        return ()
    found: tuple[str, ...] = ()
    if host is None or facts.domain == "any":
        found = near_domains(facts.host, listener, config.listeners)
    if host is not None and facts.route is None:
        found += near_routes(routes, [route.match.path.value for route in host.routes])
    return found
