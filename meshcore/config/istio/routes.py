"""Http rules to routes, for one client and one listener port."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from meshcore.config.istio import actions
from meshcore.config.istio.clusters import cluster_name
from meshcore.config.istio.matching import EVERYTHING, Client, is_catch_all, route_match
from meshcore.config.istio.mesh import Mesh
from meshcore.config.istio.names import expand
from meshcore.config.istio.operations import operation
from meshcore.config.istio.registry import Service, View
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.rules import Rule, RuleIndex, route_hash, service_hash
from meshcore.config.istio.schema.common import Destination
from meshcore.config.istio.schema.virtual_service import (
    HTTPMatch,
    HTTPRoute,
    RouteDestination,
    VirtualService,
)
from meshcore.config.schema import origin_of
from meshcore.model import (
    DirectResponse,
    ForwardAction,
    Fraction,
    HashPolicy,
    HeaderEdits,
    HostRewrite,
    HostRewriteKind,
    MirrorPolicy,
    PathRewrite,
    PathRewriteKind,
    Redirect,
    Route,
    RouteMatch,
    VirtualHost,
    WeightedCluster,
    WeightedClusters,
)

__all__ = ["Scope", "build_routes", "default_route", "unknown_hosts"]


@dataclass(slots=True)
class Scope:
    """What one client sees, and what was worked out for it."""

    client: Client
    view: View
    rules: RuleIndex
    mesh: Mesh
    _found: dict[str, Rule | None] = field(default_factory=dict)

    def expand(self, host: str, namespace: str) -> str:
        """A host's full name, as written in a document of ``namespace``."""
        return expand(host, namespace, self.mesh.domain)

    def behind(self, gateway: str) -> Scope:
        """The same for the routes of one of the client's gateways."""
        return replace(self, client=replace(self.client, gateway=gateway))

    def rule(self, host: str) -> Rule | None:
        """The DestinationRule in force for a host; None also for hosts that the client does not see."""
        if host not in self._found:
            service = self.view.get(host)
            client = self.client
            self._found[host] = (
                self.rules.find(host, service.namespace, client.namespace, client.labels) if service else None
            )
        return self._found[host]

    def cluster(self, destination: Destination, namespace: str, listener_port: int) -> str:
        """The cluster of a destination: its port, else the only one of its service, else the listener's."""
        host = self.expand(destination.host, namespace)
        service = self.view.get(host)
        if destination.port is not None:
            port = destination.port.number
        elif service is not None and len(service.ports) == 1:
            port = service.ports[0].number
        else:
            port = listener_port
        return cluster_name(port, destination.subset, host)

    def hash(self, destination: Destination, namespace: str) -> HashPolicy | None:
        found = route_hash(self.rule(self.expand(destination.host, namespace)), destination)
        return actions.hash_policy(found) if found else None


def build_routes(
    scope: Scope, resource: Resource[VirtualService], port: int, *, tls: bool = False
) -> tuple[Route, ...]:
    """The routes of a VirtualService in order, up to the first that catches everything."""
    routes: list[Route] = []
    for rule in resource.spec.http:
        if not rule.match:
            routes.append(_route(scope, resource, rule, None, port, tls))
            break
        for match in rule.match:
            if not scope.client.is_meant(match, resource.namespace, port):
                continue
            routes.append(_route(scope, resource, rule, match, port, tls))
            if is_catch_all(routes[-1].match):
                return tuple(routes)
    return tuple(routes)


def default_route(scope: Scope, service: Service, port: int) -> Route:
    """The route of a service that no VirtualService speaks of: all endpoints."""
    hashing = service_hash(scope.rule(service.host), port)
    policy = actions.hash_policy(hashing) if hashing else None
    action = ForwardAction(
        cluster=cluster_name(port, "", service.host),
        timeout=0.0,
        max_grpc_timeout=0.0,
        retry_policy=actions.retries(scope.mesh.retries, hashing=False),
        hash_policies=(policy,) if policy else (),
    )
    named = operation(EVERYTHING, action, service.host, port)
    return Route(EVERYTHING, action, name="default", decorator=named, origin=service.origin)


def unknown_hosts(cluster: str, mesh: Mesh) -> VirtualHost:
    """What becomes of hosts that nobody knows: they go to ``cluster``; "": they get a 502."""
    if cluster:
        name = "allow_any"
        action: ForwardAction | DirectResponse = ForwardAction(
            cluster=cluster, timeout=0.0, max_grpc_timeout=0.0
        )
    else:
        name, action = "block_all", DirectResponse(502)
    route = Route(EVERYTHING, action, name=name)
    counted = not mesh.headers.attempt_count.disabled
    return VirtualHost(name, ("*",), (route,), include_request_attempt_count=counted)


def _route(
    scope: Scope,
    resource: Resource[VirtualService],
    rule: HTTPRoute,
    match: HTTPMatch | None,
    port: int,
    tls: bool,
) -> Route:
    asked = route_match(match, segments=resource.gateway_api)
    edits, authority = actions.header_edits(rule.headers)
    action: ForwardAction | Redirect | DirectResponse
    if rule.redirect is not None:
        action = actions.redirect(rule.redirect, port, tls=tls)
    elif rule.direct_response is not None:
        action = actions.direct_response(rule.direct_response)
    else:
        action, edits = _forward(scope, resource.namespace, rule, port, edits, authority)
        if resource.gateway_api:
            action = _by_gateway_api(action, asked)
    name = rule.name
    if match is not None and match.name:
        name = f"{name}.{match.name}"
    return Route(
        match=asked,
        action=action,
        name=name,
        edits=edits,
        fault=actions.fault(rule.fault),
        decorator=operation(asked, action, resource.name, port),
        origin=origin_of(rule if match is None else match),
    )


def _forward(
    scope: Scope, namespace: str, rule: HTTPRoute, port: int, edits: HeaderEdits, authority: str
) -> tuple[ForwardAction, HeaderEdits]:
    if rule.rewrite is not None and rule.rewrite.authority:
        authority = rule.rewrite.authority
    single = rule.route[0] if len(rule.route) == 1 else None
    weighted = None
    if single is not None:
        # Whatever its weight, the one destination takes everything; its operations follow the rule's.
        own, own_authority = actions.header_edits(single.headers)
        edits = actions.joined(edits, own)
        authority = authority or own_authority
        chosen: list[RouteDestination] = [single]
    else:
        chosen = [it for it in rule.route if it.weight]
        parts = tuple(_weighted(scope, namespace, it, port) for it in chosen)
        weighted = WeightedClusters(parts, sticky=rule.record_sticky)
    hashes = [it for it in (scope.hash(_destination(to), namespace) for to in chosen) if it is not None]
    timeout = rule.timeout or 0.0
    action = ForwardAction(
        cluster=scope.cluster(_destination(single), namespace, port) if single else "",
        weighted_clusters=weighted,
        path_rewrite=actions.rewrite(rule.rewrite),
        host_rewrite=HostRewrite(
            HostRewriteKind.LITERAL,
            authority,
            append_x_forwarded_host=bool(rule.rewrite and scope.mesh.headers.x_forwarded_host.enabled),
        )
        if authority
        else None,
        timeout=timeout,
        max_grpc_timeout=timeout,
        retry_policy=actions.retries(rule.retries or scope.mesh.retries, hashing=bool(single and hashes)),
        hash_policies=tuple(hashes),
        mirrors=_mirrors(scope, namespace, rule, port),
        cors=actions.cors(rule.cors_policy),
    )
    return action, edits


def _by_gateway_api(action: ForwardAction, asked: RouteMatch) -> ForwardAction:
    """The Gateway API answers 500 for a backend that is not there, and ``/`` takes a prefix away."""
    rewrite = action.path_rewrite
    if rewrite == PathRewrite(PathRewriteKind.PREFIX, "/"):
        rewrite = actions.without_prefix(asked.path.value.removesuffix("/"))
    return replace(action, cluster_not_found_status=500, path_rewrite=rewrite)


def _destination(to: RouteDestination) -> Destination:
    assert to.destination is not None  # validated
    return to.destination


def _weighted(scope: Scope, namespace: str, to: RouteDestination, port: int) -> WeightedCluster:
    edits, authority = actions.header_edits(to.headers)
    return WeightedCluster(
        cluster=scope.cluster(_destination(to), namespace, port),
        weight=to.weight,
        edits=edits,
        host_rewrite=authority,
        origin=origin_of(to),
    )


def _mirrors(scope: Scope, namespace: str, rule: HTTPRoute, port: int) -> tuple[MirrorPolicy, ...]:
    """Mirrors; a percentage that is not given means all, and one of zero none."""
    wanted: list[tuple[Destination, Fraction]] = []
    if rule.mirror is not None:
        share = Fraction(100) if rule.mirror_percent is None else Fraction(rule.mirror_percent)
        wanted.append(
            (rule.mirror, actions.fraction(rule.mirror_percentage) if rule.mirror_percentage else share)
        )
    for mirror in rule.mirrors:
        if mirror.destination is not None:
            share = actions.fraction(mirror.percentage) if mirror.percentage else Fraction(100)
            wanted.append((mirror.destination, share))
    return tuple(
        MirrorPolicy(scope.cluster(to, namespace, port), share, append_shadow_suffix=False)
        for to, share in wanted
        if share.numerator
    )
