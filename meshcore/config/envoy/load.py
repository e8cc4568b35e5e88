"""Envoy's documents to a model.Config."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from meshcore.config.codes import INCOMPLETE
from meshcore.config.documents import from_mapping
from meshcore.config.envoy.resources import Resources, check_names, collect
from meshcore.config.envoy.runtime import Runtime
from meshcore.config.envoy.schema.cluster import Cluster as ClusterSchema
from meshcore.config.envoy.schema.cluster import DiscoveryType
from meshcore.config.envoy.schema.connection_manager import HttpConnectionManager
from meshcore.config.envoy.schema.route import RouteConfiguration as RouteSchema
from meshcore.config.envoy.translate.cluster import cluster
from meshcore.config.envoy.translate.context import Context
from meshcore.config.envoy.translate.dns import bootstrap_name_servers
from meshcore.config.envoy.translate.listener import listener, manager_listener
from meshcore.config.envoy.translate.peers import local_cluster_name, with_peers
from meshcore.config.envoy.translate.tables import route_configuration
from meshcore.config.findings import Findings, quoted
from meshcore.config.schema import decode, origin_of, warn_at
from meshcore.config.tree import Document, MappingNode
from meshcore.model import Config, Listener, RouteConfiguration

__all__ = ["load_documents", "load_parts", "load_route_configuration"]

_ROUTER = {
    "name": "envoy.filters.http.router",
    "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
}


def load_documents(
    documents: Sequence[Document], findings: Findings, *, runtime: Mapping[str, object] | None = None
) -> Config | None:
    """Translate v3 resources; None if there are errors, which ``findings`` then holds.

    ``runtime`` wins over the static layers of a bootstrap.
    """
    resources = collect(documents, findings)
    context = Context(findings, Runtime(*resources.runtime, runtime or {}), resources.cluster_names)
    context.name_servers = bootstrap_name_servers(context, resources.bootstrap)
    node = resources.bootstrap.node if resources.bootstrap is not None else None
    context.service_cluster = node.cluster if node is not None else ""
    context.local_cluster = local_cluster_name(resources.bootstrap)
    made = [cluster(context, item, resources.assignments) for item in resources.clusters]
    clusters = with_peers(context, resources.bootstrap, made)
    listeners = _listeners(context, resources)
    _check_ports(context, resources, listeners)
    _warn_unused(context, resources)
    return None if findings.has_errors else Config(listeners, clusters)


def load_parts(
    route_config: Mapping[str, object],
    clusters: Sequence[Mapping[str, object]] = (),
    hcm: Mapping[str, object] | None = None,
    http_filters: Sequence[Mapping[str, object]] = (),
    router: Mapping[str, object] | None = None,
    runtime: Mapping[str, object] | None = None,
) -> Config:
    """A Config of one connection manager, from its parsed parts.

    Args:
        route_config: a ``RouteConfiguration``.
        clusters: ``Cluster`` messages.
        hcm: further fields of the ``HttpConnectionManager``.
        http_filters: HTTP filters before the router.
        router: fields of the router filter.
        runtime: runtime keys.

    Raises:
        ConfigError: with everything that is wrong; paths begin at the connection manager.
    """
    findings = Findings()
    typed = {**_ROUTER["typed_config"], **(router or {})}  # type: ignore[dict-item]
    manager = {
        "stat_prefix": "parts",
        **(hcm or {}),
        "route_config": route_config,
        "http_filters": [*http_filters, {**_ROUTER, "typed_config": typed}],
    }
    document = from_mapping(manager, "<parts>", findings)
    decoded = decode(document.root, HttpConnectionManager, findings) if document is not None else None
    sources: list[ClusterSchema] = []
    names: set[str] = set()  # of the clusters that cannot be decoded, too
    for index, mapping in enumerate(clusters):
        part = from_mapping(mapping, f"<cluster {index}>", findings)
        if part is None:
            continue
        if isinstance(part.root, MappingNode):
            names.add(part.root.text("name"))
        source = decode(part.root, ClusterSchema, findings)
        if source is not None:
            sources.append(source)
    check_names(sources, "cluster", findings)
    context = Context(findings, Runtime(runtime or {}), names)
    made = tuple(cluster(context, source, {}) for source in sources)
    result = manager_listener(context, decoded, {}) if decoded is not None else None
    findings.raise_errors()
    assert result is not None  # no errors, no gaps
    return Config((result,), made, findings.config_warnings())


def load_route_configuration(route_config: Mapping[str, object]) -> RouteConfiguration:
    """A parsed ``RouteConfiguration`` alone; the clusters that it names are not looked for.

    Raises:
        ConfigError: with everything that is wrong.
    """
    findings = Findings()
    document = from_mapping(route_config, "<route configuration>", findings)
    source = decode(document.root, RouteSchema, findings) if document is not None else None
    made = route_configuration(Context(findings), source) if source is not None else None
    findings.raise_errors()
    assert made is not None
    return made


def _listeners(context: Context, resources: Resources) -> tuple[Listener, ...]:
    tables = {table.name: table for table in resources.routes}
    if resources.listeners:
        made = (listener(context, item, tables) for item in resources.listeners)
        return tuple(item for item in made if item is not None)
    alone: list[Listener] = []
    for table in resources.routes:
        inner = context
        if not (resources.clusters or context.findings.has_errors) and table.validate_clusters is None:
            # A table alone, as tests and tools have it: its clusters are somewhere else.
            message = "the documents hold no clusters: requests that are to be forwarded are answered 503"
            warn_at(context.findings, table, "", message, code=INCOMPLETE)
            inner = Context(context.findings, context.runtime)
        elif table.validate_clusters is False:
            inner = Context(context.findings, context.runtime)
        alone.append(Listener(table.name, None, route_configuration(inner, table), origin=origin_of(table)))
        if len(alone) > 1:
            message = (
                "without listeners there can be one RouteConfiguration only; which one serves which port?"
            )
            context.error(table, "name", message)
    return tuple(alone)


def _check_ports(context: Context, resources: Resources, listeners: Sequence[Listener]) -> None:
    seen: dict[tuple[str, int], str] = {}
    for item in listeners:
        if item.port is None or item.origin is None:
            continue
        key = (item.address, item.port)
        if key in seen:
            message = f"the listener {quoted(seen[key])} has this address already"
            context.findings.error(item.origin, f"{item.origin.path}.address".lstrip("."), message)
        seen[key] = item.name


def _warn_unused(context: Context, resources: Resources) -> None:
    asked = {
        (item.eds_cluster_config.service_name if item.eds_cluster_config is not None else "") or item.name
        for item in resources.clusters
        if item.type is DiscoveryType.EDS
    }
    for name, assignment in resources.assignments.items():
        if name not in asked:
            message = "no cluster of type EDS asks for these endpoints"
            warn_at(context.findings, assignment, "cluster_name", message)
    if not resources.listeners and not resources.routes and not context.findings.has_errors:
        where = resources.clusters[0] if resources.clusters else None
        if where is not None:
            warn_at(
                context.findings,
                where,
                "",
                "there is no route table: every request will be answered 404",
                code=INCOMPLETE,
            )
