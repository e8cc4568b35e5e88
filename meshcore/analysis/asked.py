"""Route tables as analyzers see them: what each route asks of a request, in order, in any dialect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from meshcore.config.istio.matching import route_match
from meshcore.config.istio.reading import Resources
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.virtual_service import HTTPMatch, HTTPRoute, VirtualService
from meshcore.config.schema import origin_of
from meshcore.model import Config, Origin, RouteMatch

__all__ = ["Asked", "Table", "envoy_tables", "istio_tables"]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What one route, or one match of a rule, asks.

    ``fixed`` holds the conditions that no request can change (port, gateways, source); () if there are none.
    ``whole``: it takes all requests that it asks for. A rule that delegates leaves those that its delegate
    does not want, and a rule of a delegate all of them where it does not fit its root.
    """

    match: RouteMatch
    origin: Origin
    label: str
    fixed: tuple[object, ...] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Routes of one virtual host or VirtualService, in the order in which they are tried."""

    routes: list[Asked]
    resource: Resource[VirtualService] | None = None


def istio_tables(resources: Resources) -> list[Table]:
    """A table for each VirtualService that could be read."""
    found = resources.of("VirtualService", VirtualService)
    return [Table(list(_rules(it.spec)), it) for it in found]


def envoy_tables(config: Config | None) -> list[Table]:
    """A table for each virtual host of Envoy's documents."""
    tables = []
    for listener in config.listeners if config else ():
        for host in listener.route_configuration.virtual_hosts:
            routes = [
                Asked(route.match, route.origin, route.name or route.origin.path)
                for route in host.routes
                if route.origin is not None
            ]
            tables.append(Table(routes))
    return tables


def _rules(spec: VirtualService) -> Iterator[Asked]:
    for rule in spec.http:
        whole = rule.delegate is None and bool(spec.hosts)
        if not rule.match:
            yield Asked(route_match(None), origin_of(rule), rule.name or rule.record_path, whole=whole)
            if rule.delegate is None:
                return  # whatever follows is dead, and validation says so
        for match in rule.match:
            yield Asked(route_match(match), origin_of(match), _label(rule, match), _fixed(match), whole=whole)


def _label(rule: HTTPRoute, match: HTTPMatch) -> str:
    names = [name for name in (rule.name, match.name) if name]
    return ".".join(names) if rule.name else match.record_path


def _fixed(match: HTTPMatch) -> tuple[object, ...]:
    conditions = (
        match.port,
        tuple(sorted(match.gateways)),
        tuple(sorted(match.source_labels.items())),
        match.source_namespace,
    )
    return conditions if any(conditions) else ()
