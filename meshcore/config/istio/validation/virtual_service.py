"""The rules of VirtualService."""

from __future__ import annotations

import re

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.names import MESH, HostMap, covers, is_address
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.virtual_service import (
    L4Match,
    L4Route,
    TLSMatch,
    TLSRoute,
    VirtualService,
    WeightedDestination,
)
from meshcore.config.istio.validation.common import (
    check_export_to,
    check_labels,
    check_networks,
    check_port,
    has_items,
)
from meshcore.config.istio.validation.destinations import check_destination, check_weights
from meshcore.config.istio.validation.http_match import check_gateway_names
from meshcore.config.istio.validation.http_route import check_http_route
from meshcore.config.istio.validation.names import is_wildcard_domain
from meshcore.config.istio.validation.reachability import check_l4_reachability, check_reachability
from meshcore.config.schema import Record, error_at, warn_at

__all__ = ["check_virtual_service"]

#: The server name of a connection between clusters: outbound_.80_.v1_.reviews.shop.svc.cluster.local
_BETWEEN_CLUSTERS = re.compile(r"outbound_[^_]*[0-9][^_]*_[^_]*_[^_]*[a-zA-Z]")


def check_virtual_service(resource: Resource[VirtualService], findings: Findings) -> None:
    spec = resource.spec
    delegate = not spec.hosts
    if delegate:
        _check_delegate(spec, findings)
    check_gateway_names(findings, spec, spec.gateways)
    mesh = not spec.gateways or MESH in spec.gateways
    _check_hosts(spec, findings, mesh=mesh)
    if not any(has_items(spec, field) for field in ("http", "tls", "tcp")):
        error_at(findings, spec, "", "there is no rule", expected="http, tls or tcp")
    for rule in spec.http:
        check_http_route(rule, findings, delegate=delegate, mesh=mesh)
    for tls in spec.tls:
        _check_tls(tls, spec, findings)
    for tcp in spec.tcp:
        _check_tcp(tcp, findings)
    check_export_to(findings, spec, spec.export_to, resource.namespace)
    check_reachability(spec.http, findings, delegate=delegate)
    check_l4_reachability(spec.tls, findings)
    check_l4_reachability(spec.tcp, findings)


def _check_delegate(spec: VirtualService, findings: Findings) -> None:
    for field in ("gateways", "tls", "tcp"):
        if getattr(spec, field):
            error_at(
                findings,
                spec,
                field,
                "a VirtualService without hosts is a delegate, which may only have http",
            )


def _check_hosts(spec: VirtualService, findings: Findings, *, mesh: bool) -> None:
    known: HostMap[str] = HostMap()
    between = not mesh and any(match.sni_hosts for rule in spec.tls for match in rule.match)
    for host in spec.hosts:
        folded = host.lower()
        if not _is_host(host, between=between):
            error_at(
                findings, spec, "hosts", found=quoted(host), expected="a host name, or one that begins with *"
            )
            continue
        if host == "*" and mesh:
            error_at(
                findings, spec, "hosts", "* is for gateways only; rules of the mesh must name their hosts"
            )
        if known.get(folded) is not None:
            error_at(findings, spec, "hosts", f"{host!r} is there twice")
        known.set(folded, host)
    for host in known:
        for wider, written in known.matches(host):
            if wider != host:
                error_at(findings, spec, "hosts", f"{host!r} and {written!r} overlap")


def _is_host(host: str, *, between: bool) -> bool:
    """``between``: whether it may be the server name of a connection between clusters."""
    if between and _BETWEEN_CLUSTERS.match(host) is not None:
        return True
    return is_wildcard_domain(host) or is_address(host)


def _check_tls(rule: TLSRoute, spec: VirtualService, findings: Findings) -> None:
    between = bool(spec.gateways) and MESH not in spec.gateways
    if not rule.match:
        error_at(findings, rule, "match", "a tls rule needs at least one match")
    for match in rule.match:
        _check_static(match, findings)
        if not match.sni_hosts:
            error_at(findings, match, "sni_hosts", "at least one server name is needed")
        for host in match.sni_hosts:
            if is_address(host):
                warn_at(
                    findings,
                    match,
                    "sni_hosts",
                    f"{host!r} is an address; clients hardly send one as server name",
                )
            elif not _is_host(host, between=between):
                error_at(findings, match, "sni_hosts", found=quoted(host), expected="a host name")
            elif not any(covers(wide.lower(), host.lower()) for wide in spec.hosts):
                error_at(
                    findings, match, "sni_hosts", f"{host!r} is not covered by a host of the VirtualService"
                )
    _check_routes(rule, rule.route, findings)


def _check_tcp(rule: L4Route, findings: Findings) -> None:
    for match in rule.match:
        _check_static(match, findings)
    _check_routes(rule, rule.route, findings)


def _check_static(match: L4Match | TLSMatch, findings: Findings) -> None:
    check_networks(findings, match, "destination_subnets", match.destination_subnets)
    if match.port:
        check_port(findings, match, "port", match.port)
    check_labels(findings, match, "source_labels", match.source_labels)
    check_gateway_names(findings, match, match.gateways)


def _check_routes(rule: Record, routes: list[WeightedDestination], findings: Findings) -> None:
    if not routes:
        error_at(findings, rule, "route", "missing, but required")
    for route in routes:
        if route.destination is None:
            error_at(findings, route, "destination", "missing, but required")
        else:
            check_destination(route.destination, findings)
    check_weights(rule, [(route, route.weight) for route in routes], findings)
