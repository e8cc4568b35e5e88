"""Destinations of VirtualServices: their hosts, ports, and whether gateways see their subsets."""

from __future__ import annotations

from collections.abc import Sequence

from meshcore.analysis.context import Context, Destination
from meshcore.analysis.inventory import Item
from meshcore.analysis.names import some
from meshcore.config.istio.hints import REMEDY
from meshcore.config.istio.names import expand

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    split = _split_hosts(ctx)
    told: set[str] = set()
    for item in ctx.virtual_services:
        export_to = item.spec.get("exportTo").texts
        for to in ctx.destinations(item):
            _check(ctx, item, to, export_to, told)
        if item.spec.get("gateways").texts:
            _check_ingress(ctx, item, split)


def _check(ctx: Context, item: Item, to: Destination, export_to: list[str], told: set[str]) -> None:
    """``told``: hosts of which was said how they become known."""
    service = ctx.services.find(to.host, item.namespace, export_to)
    name = expand(to.host, item.namespace)
    if service is None and ctx.is_extra(name):
        known = [port.number for it in ctx.registry.get(name) for port in it.ports]
        if to.port and to.port not in known:
            _report_port(ctx, to, name, known)
        return
    if service is None:
        outcome = "nothing is mirrored" if to.mirror else "requests get a 503"
        if not ctx.is_followed(item):
            outcome = "nothing follows these rules"
        hint = ctx.near_host(name) or ("" if name in told else f"; {REMEDY}")
        told.add(name)
        message = f"there is no service {name!r}, so {outcome}{hint}"
        ctx.report("IST0101", to.where.get("host"), message)
    elif not to.where.get("port"):
        if len(service.ports) > 1:
            ports = some([str(port) for port in service.ports])
            ctx.report("IST0112", to.where, f"{service.host!r} has the ports {ports}: say which is meant")
    elif (to.port or 0) not in service.ports:
        _report_port(ctx, to, service.host, service.ports)


def _report_port(ctx: Context, to: Destination, host: str, known: Sequence[int]) -> None:
    ports = some([str(port) for port in known]) or "none"
    message = f"{host!r} has no port {to.port or 0}, only {ports}"
    ctx.report("IST0101", to.where.at("port", "number"), message)


def _split_hosts(ctx: Context) -> dict[str, list[Item]]:
    """Service hosts that VirtualServices send to subsets of themselves: host -> VirtualServices."""
    found: dict[str, dict[Item, None]] = {}
    for item in ctx.virtual_services:
        hosts = {expand(host, item.namespace) for host in item.spec.get("hosts").texts}
        for to in ctx.destinations(item):
            name = expand(to.host, item.namespace)
            if to.role == "http" and to.subset and name in hosts:
                found.setdefault(name, {})[item] = None
    return {host: list(items) for host, items in found.items()}


def _check_ingress(ctx: Context, item: Item, split: dict[str, list[Item]]) -> None:
    for to in ctx.destinations(item):
        if to.role != "http" or to.subset:
            continue
        others = [it.full_name for it in split.get(expand(to.host, item.namespace), ()) if it is not item]
        if others:
            message = (
                f"the subsets that VirtualService {some(others)} chooses for {to.host!r} do not count here: "
                "its rules are not looked at again behind a gateway"
            )
            ctx.report("IST0140", to.where, message)
