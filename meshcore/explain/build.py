"""Explanations made of what the core says, what was decided, and the model with its names and places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from meshcore.explain.changes import header_changes, sample_response
from meshcore.explain.conditions import condition_of
from meshcore.explain.facts import Facts
from meshcore.explain.nearest import near_domains, near_listeners, near_routes
from meshcore.explain.structure import (
    EndpointChosen,
    Explain,
    HeaderChange,
    ListenerChosen,
    RouteTried,
    Share,
    Split,
    VirtualHostChosen,
)
from meshcore.model import Cluster, Config, ForwardAction, HeaderEdits, Listener, Route, VirtualHost

__all__ = ["Decided", "explained"]

Lines = list[tuple[str, str]]


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
    eligible: int  #: endpoints that the policy picks from
    path: str
    authority: str
    timeout: float | None
    headers: Lines
    request_headers: Lines  #: for the upstream; empty unless it is forwarded
    response_headers: Callable[[Lines], Lines]  #: of the upstream's lines, those of the answer


def explained(decided: Decided, facts: Facts, config: Config) -> Explain:
    """The explanation of a decision."""
    listener, host, cluster = decided.listener, facts.virtual_host, decided.cluster
    route = host.routes[facts.route] if host is not None and facts.route is not None else None
    if not decided.routed:  # a request that is sent to https first
        route = None
    routes = _routes(facts, host, decided.seed) if host is not None and decided.routed else ()
    action = route.action if route is not None and isinstance(route.action, ForwardAction) else None
    request_changes, response_changes = _changes(decided, host, route, facts.choice)
    table = listener.route_configuration if listener is not None else None
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
        listener=None
        if listener is None
        else ListenerChosen(listener.name, listener.port, listener.tls, listener.origin),
        virtual_host=_virtual_host(facts, host),
        routes=routes,
        split=_split(facts, action),
        cluster=cluster.name if cluster is not None else None,
        cluster_origin=cluster.origin if cluster is not None else None,
        endpoint=_endpoint(decided, cluster),
        path=decided.path,
        authority=decided.authority,
        timeout=decided.timeout,
        retries=(action.retry_policy or (host.retry_policy if host else None)) if action else None,
        fault=(route.fault if route else None) or (listener.fault if listener and action else None),
        mirrors=(action.mirrors or (host.mirrors if host else ()) or (table.mirrors if table else ()))
        if action
        else (),
        cors=(action.cors or (host.cors if host else None)) if action else None,
        request_changes=request_changes,
        response_changes=response_changes,
        nearest=_nearest(decided, facts, routes, config),
    )


def _virtual_host(facts: Facts, host: VirtualHost | None) -> VirtualHostChosen | None:
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
    return VirtualHostChosen(host.name, domain, facts.domain, facts.host, host.origin)


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
        shares.append(Share(name, part.weight, start, end, at == facts.choice, part.origin))
    header = action.weighted_clusters.header_name
    return Split(facts.draw, header, facts.drawn, facts.place, facts.total, tuple(shares))


def _endpoint(decided: Decided, cluster: Cluster | None) -> EndpointChosen | None:
    if cluster is None:
        return None
    every = cluster.endpoints
    origin = next((one.origin for one in every if one.authority == decided.endpoint), None)
    return EndpointChosen(decided.endpoint, decided.policy, decided.eligible, len(every), origin)


def _changes(
    decided: Decided, host: VirtualHost | None, route: Route | None, choice: int | None
) -> tuple[tuple[HeaderChange, ...], tuple[HeaderChange, ...]]:
    """What happens to the headers of the request (where it goes upstream) and of the answer."""
    if decided.outcome != "forward":
        return (), header_changes([], decided.response_headers([]))
    levels: list[HeaderEdits] = [part.edits for part in (route, host) if part is not None]
    if decided.listener is not None:
        levels.append(decided.listener.route_configuration.edits)
    if choice is not None and route is not None and isinstance(route.action, ForwardAction):
        split = route.action.weighted_clusters
        levels += [split.clusters[choice].edits] if split is not None else []
    sample = sample_response(levels)
    return (
        header_changes(decided.headers, decided.request_headers),
        header_changes(sample, decided.response_headers(sample)),
    )


def _nearest(decided: Decided, facts: Facts, routes: Sequence[RouteTried], config: Config) -> tuple[str, ...]:
    if decided.outcome != "reject":
        return ()
    listener, host = decided.listener, facts.virtual_host
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
