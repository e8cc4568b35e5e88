"""Routes that never match because earlier ones take all their requests."""

from __future__ import annotations

from collections.abc import Iterable

from meshcore.analysis.asked import Asked, Table
from meshcore.analysis.context import Context
from meshcore.analysis.inventory import NETWORKING
from meshcore.analysis.istio.virtual_service_gateways import full_gateway_name
from meshcore.analysis.rules.cover import CoverIndex
from meshcore.config.findings import Finding
from meshcore.config.istio.matching import is_catch_all
from meshcore.config.istio.names import MESH, expand
from meshcore.config.istio.resources import Resource, in_order
from meshcore.config.istio.schema.virtual_service import VirtualService

__all__ = ["analyze", "analyze_merged"]

#: What validation says of the same.
_SAID = ("IST0130", "IST0131")


def analyze(ctx: Context) -> None:
    """Within one VirtualService or virtual host."""
    said = {(it.file, it.line, it.column) for it in _findings(ctx) if it.code in _SAID}
    for table in ctx.tables:
        index = CoverIndex()
        for route in table.routes:
            wider = index.find(route) if len(table.routes) > 1 else None
            place = (route.origin.file, route.origin.line, route.origin.column)
            if wider is None:
                index.add(route)
            elif place not in said:
                where = (
                    f"{wider.label!r} (line {wider.origin.line})" if wider.origin.line else repr(wider.label)
                )
                ctx.report(
                    "MC1101", route.origin, f"never matches: {where} before it takes all such requests"
                )


def _findings(ctx: Context) -> Iterable[Finding]:
    return (*ctx.findings.warnings, *ctx.findings.infos)


def analyze_merged(ctx: Context) -> None:
    """Over the VirtualServices of one host at a gateway, whose rules are tried one after another."""
    groups = _groups(ctx)
    tables = {id(it.resource): it for it in ctx.tables if it.resource is not None}
    hidden: dict[int, list[tuple[Asked, Resource[VirtualService]]]] = {}
    for resources in groups.values():
        if len(resources) > 1:
            _merge(resources, tables, hidden)
    places: dict[int, int] = {}
    for resources in groups.values():
        for resource in resources:
            places[id(resource)] = places.get(id(resource), 0) + 1
    for table in tables.values():
        assert table.resource is not None
        for route in table.routes:
            found = hidden.get(id(route), [])
            if found and len(found) == _bindings(table.resource) == places.get(id(table.resource)):
                wider, owner = found[0]
                where = f"{wider.label!r} of {owner.full_name} ({wider.origin.file}:{wider.origin.line})"
                message = (
                    f"never matches: the older {where} is for the same hosts and takes all such requests"
                )
                ctx.report("MC1102", route.origin, message)


def _groups(ctx: Context) -> dict[tuple[str, str], list[Resource[VirtualService]]]:
    """VirtualServices by gateway and host, as far as all of it is known for sure."""
    groups: dict[tuple[str, str], list[Resource[VirtualService]]] = {}
    for resource in in_order(ctx.resources.of("VirtualService", VirtualService)):
        if resource.spec.export_to not in ([], ["*"]):
            continue
        for name in dict.fromkeys(resource.spec.gateways):
            full = full_gateway_name(name, resource.namespace)
            gateway = ctx.inventory.find(NETWORKING, "Gateway", full)
            if name == MESH or gateway is None:
                continue
            offers = ctx.offers(gateway, resource.namespace)
            for host in dict.fromkeys(expand(it, resource.namespace) for it in resource.spec.hosts):
                if offers.covers(host):
                    groups.setdefault((full, host), []).append(resource)
    return groups


def _bindings(resource: Resource[VirtualService]) -> int:
    """To how many pairs of gateway and host a VirtualService is bound."""
    hosts = {expand(it, resource.namespace) for it in resource.spec.hosts}
    return len(set(resource.spec.gateways)) * len(hosts)


def _merge(
    resources: list[Resource[VirtualService]],
    tables: dict[int, Table],
    hidden: dict[int, list[tuple[Asked, Resource[VirtualService]]]],
) -> None:
    """Note what the rules of older VirtualServices hide. Rules for everything are tried after all others."""
    specific, general = CoverIndex(), CoverIndex()
    owners: dict[int, Resource[VirtualService]] = {}
    for resource in resources:
        table = tables.get(id(resource))
        for route in table.routes if table else ():
            everything = route.whole and is_catch_all(route.match)
            wider = specific.find(route) or (general.find(route) if everything else None)
            if wider is not None:
                hidden.setdefault(id(route), []).append((wider, owners[id(wider)]))
        for route in table.routes if table else ():
            owners[id(route)] = resource
            if is_catch_all(route.match):
                general.add(route)
                break  # no rule behind it is compiled, so none hides anything
            specific.add(route)
