"""Routes to VirtualServices: one for each host of each listener, the rules of all routes sorted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from msgspec import structs

from meshcore.config.istio.gateway_api import rules
from meshcore.config.istio.gateway_api.backends import Backends
from meshcore.config.istio.gateway_api.matching import precedence
from meshcore.config.istio.gateway_api.parents import Attachment, Parents, Route
from meshcore.config.istio.resources import Resource, created
from meshcore.config.istio.schema.virtual_service import HTTPMatch, VirtualService
from meshcore.config.istio.schema.virtual_service import HTTPRoute as Rule

__all__ = ["convert"]


def convert(routes: Iterable[Route], parents: Parents, backends: Backends) -> list[Resource[VirtualService]]:
    """The VirtualServices of all routes.

    The specification orders the matches of all routes that share a host. So their rules are
    brought together: the oldest route first (ties by namespace, then name), then by precedence.
    """
    parts: dict[str, list[Resource[VirtualService]]] = {}
    # A kind's name breaks ties last: an HTTPRoute and a GRPCRoute may share theirs.
    for route in sorted(
        routes, key=lambda it: (created(it.metadata), it.namespace, it.name, it.kind != "HTTPRoute")
    ):
        made: dict[bool, list[Rule]] = {}
        for attachment in parents.attach(route):
            if attachment.mesh not in made:
                made[attachment.mesh] = rules.convert(route, backends, mesh=attachment.mesh)
            for host in attachment.hosts:
                key = f"{attachment.key}/{host}"
                part = _part(route, attachment, host, made[attachment.mesh])
                parts.setdefault(key, []).append(part)
    return [_merged(key.replace("/", "~"), same) for key, same in parts.items()]


def _part(route: Route, attachment: Attachment, host: str, made: list[Rule]) -> Resource[VirtualService]:
    """What one route alone does with a host."""
    port = attachment.reference.port if attachment.mesh else None
    spec = VirtualService(
        hosts=[host],
        gateways=[attachment.gateway],
        http=[_on_port(it, port) for it in made] if port else list(made),
        record_node=route.spec.record_node,
        record_path=route.spec.record_path,
    )
    return Resource(
        route.kind, route.name, route.namespace, route.metadata, spec, route.origin, gateway_api=True
    )


def _on_port(rule: Rule, port: int) -> Rule:
    """The rule for one port of a service only."""
    match = HTTPMatch(record_node=rule.record_node, record_path=rule.record_path)
    narrowed = structs.replace(rule.match[0] if rule.match else match, port=port)
    return structs.replace(rule, match=[narrowed])


def _merged(name: str, parts: list[Resource[VirtualService]]) -> Resource[VirtualService]:
    first = parts[0]
    spec = first.spec
    spec.http = sorted(
        (rule for part in parts for rule in part.spec.http),
        key=lambda rule: precedence(rule.match[0] if rule.match else None),
    )
    return replace(first, name=name)
