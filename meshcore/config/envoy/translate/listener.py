"""Listeners and their connection managers."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import replace

from meshcore.config.envoy.schema import bootstrap as schema
from meshcore.config.envoy.schema import connection_manager as manager_schema
from meshcore.config.envoy.schema.bootstrap import TrafficDirection
from meshcore.config.envoy.schema.connection_manager import EscapedSlashesAction, HttpConnectionManager
from meshcore.config.envoy.schema.filters import Router
from meshcore.config.envoy.schema.route import RouteConfiguration as RouteSchema
from meshcore.config.envoy.translate.context import Context
from meshcore.config.envoy.translate.filters import http_filters, warn_of_disabled
from meshcore.config.envoy.translate.tables import route_configuration
from meshcore.config.envoy.translate.tracing import tracing_options
from meshcore.config.envoy.translate.transport import is_tls
from meshcore.config.findings import did_you_mean, quoted
from meshcore.config.schema import Record, is_set, origin_of, path_of
from meshcore.model import EscapedSlashes, HttpOptions, Listener, Underscores

__all__ = ["http_options", "listener", "manager_listener"]

_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_NETWORK_FILTERS: dict[str, type[Record]] = {_MANAGER: HttpConnectionManager}

_ORIGINAL_ADDRESS = {"envoy.extensions.http.original_ip_detection.xff.v3.XffConfig": manager_schema.XffConfig}

_SLASHES = {
    EscapedSlashesAction.IMPLEMENTATION_SPECIFIC_DEFAULT: EscapedSlashes.KEEP_UNCHANGED,
    EscapedSlashesAction.KEEP_UNCHANGED: EscapedSlashes.KEEP_UNCHANGED,
    EscapedSlashesAction.REJECT_REQUEST: EscapedSlashes.REJECT_REQUEST,
    EscapedSlashesAction.UNESCAPE_AND_REDIRECT: EscapedSlashes.UNESCAPE_AND_REDIRECT,
    EscapedSlashesAction.UNESCAPE_AND_FORWARD: EscapedSlashes.UNESCAPE_AND_FORWARD,
}


def listener(context: Context, source: schema.Listener, tables: Mapping[str, RouteSchema]) -> Listener | None:
    """A listener with one connection manager; ``tables`` are those that rds may name."""
    if source.address is None:
        context.error(source, "address", "missing, but required")
    if len(source.filter_chains) != 1:
        context.error(
            source, "filter_chains", found=f"{len(source.filter_chains)} chains", expected="exactly one"
        )
        return None
    chain = source.filter_chains[0]
    if chain.filter_chain_match is not None and chain.filter_chain_match.entries:
        context.error(chain, "filter_chain_match", "not supported: give each port a listener")
    manager = _manager(context, chain)
    if manager is None:
        return None
    host, port = "", None
    if source.address is not None and source.address.socket_address is not None:
        host, port = source.address.socket_address.address, source.address.socket_address.port_value
    elif source.address is not None:
        context.error(source.address, "pipe", "not supported: listeners have ports")
    made = manager_listener(context, manager, tables)
    if made is None:
        return None
    if made.options.tracing is not None and source.traffic_direction is TrafficDirection.OUTBOUND:
        made = replace(
            made, options=replace(made.options, tracing=replace(made.options.tracing, outbound=True))
        )
    return replace(
        made,
        name=source.name or (f"{host}:{port}" if port is not None else made.name),
        port=port,
        address=host,
        tls=is_tls(context, chain.transport_socket),
        origin=origin_of(source),
    )


def _manager(context: Context, chain: schema.FilterChain) -> HttpConnectionManager | None:
    if len(chain.filters) != 1:
        expected = "exactly one, an HTTP connection manager"
        context.error(chain, "filters", found=f"{len(chain.filters)} filters", expected=expected)
        return None
    item = chain.filters[0]
    if item.typed_config is None:
        context.error(item, "typed_config", "missing, but required")
        return None
    path = path_of(item, "typed_config")
    _, config = context.decode_typed(item.typed_config, path, _NETWORK_FILTERS)
    return config if isinstance(config, HttpConnectionManager) else None


def manager_listener(
    context: Context, manager: HttpConnectionManager, tables: Mapping[str, RouteSchema]
) -> Listener | None:
    """What a connection manager does, as a listener without port."""
    chain = http_filters(context, manager.http_filters)
    inner = replace(context, filters=chain.kinds, turned_on=set())
    table = manager.route_config
    if table is None:
        assert manager.rds is not None
        name = manager.rds.route_config_name
        table = tables.get(name)
        if table is None:
            near = did_you_mean(name, tables)
            message = f"no RouteConfiguration is named {quoted(name)}{near}"
            context.error(manager.rds, "route_config_name", message)
            return None
        # As Envoy does for tables that a server sends.
        inner = _checking_clusters(inner, table, default=False)
    else:
        inner = _checking_clusters(inner, table, default=True)
    routes = route_configuration(inner, table)
    warn_of_disabled(inner, manager.http_filters)
    return Listener(
        name=table.name,
        port=None,
        route_configuration=routes,
        options=http_options(context, manager, chain.router),
        fault=chain.fault,
        session=chain.session,
        filters=chain.filters,
        disabled_filters=chain.disabled,
        origin=origin_of(manager),
    )


def _checking_clusters(context: Context, table: RouteSchema, *, default: bool) -> Context:
    check = default if table.validate_clusters is None else table.validate_clusters
    return context if check else replace(context, clusters=None)


def http_options(context: Context, manager: HttpConnectionManager, router: Router) -> HttpOptions:
    if manager.strip_matching_host_port and manager.strip_any_host_port:
        message = "cannot be combined with strip_any_host_port"
        context.error(manager, "strip_matching_host_port", message)
    common = manager.common_http_protocol_options
    if common is not None:
        for field in (
            "max_connection_duration",
            "idle_timeout",
            "max_headers_count",
            "max_requests_per_connection",
        ):
            if is_set(common, field):
                context.warn(common, field, "has no effect here: the server's own limits hold")
    for field in ("max_request_headers_kb", "request_headers_timeout", "request_timeout"):
        if is_set(manager, field):
            context.warn(manager, field, "has no effect here: the server's own limits hold")
    scheme = manager.scheme_header_transformation
    return HttpOptions(
        normalize_path=manager.normalize_path,
        merge_slashes=manager.merge_slashes,
        escaped_slashes=_SLASHES[manager.path_with_escaped_slashes_action],
        underscores=Underscores[common.headers_with_underscores_action.name] if common else Underscores.ALLOW,
        strip_matching_host_port=manager.strip_matching_host_port,
        strip_any_host_port=bool(manager.strip_any_host_port),
        strip_trailing_host_dot=manager.strip_trailing_host_dot,
        scheme_to_overwrite=(scheme.scheme_to_overwrite or "") if scheme is not None else "",
        use_remote_address=manager.use_remote_address,
        xff_num_trusted_hops=_trusted_hops(context, manager),
        skip_xff_append=manager.skip_xff_append,
        append_x_forwarded_port=manager.append_x_forwarded_port,
        generate_request_id=manager.generate_request_id,
        preserve_external_request_id=manager.preserve_external_request_id,
        always_set_request_id_in_response=manager.always_set_request_id_in_response,
        internal_cidrs=_internal(context, manager.internal_address_config),
        upgrades=_upgrades(context, manager),
        suppress_envoy_headers=router.suppress_envoy_headers,
        respect_expected_rq_timeout=router.respect_expected_rq_timeout,
        via=manager.via,
        server_name=manager.server_name or "envoy",
        tracing=tracing_options(context, manager),
        request_timeout=manager.request_timeout,
        stream_idle_timeout=manager.stream_idle_timeout,
        max_stream_duration=common.max_stream_duration if common is not None else None,
    )


def _trusted_hops(context: Context, manager: HttpConnectionManager) -> int:
    """Of the connection manager, or of the extension that does the same."""
    extensions, field = manager.original_ip_detection_extensions, "original_ip_detection_extensions"
    if not extensions:
        return manager.xff_num_trusted_hops
    for other in ("use_remote_address", "xff_num_trusted_hops"):
        if getattr(manager, other):
            context.error(manager, field, f"may not be combined with {other}")
    if len(extensions) > 1:
        context.error(manager, field, f"found {len(extensions)} extensions; not more than one is supported")
    only = extensions[0]
    _, xff = context.decode_typed(only.typed_config, path_of(only, "typed_config"), _ORIGINAL_ADDRESS)
    if xff is None:
        return 0
    if not xff.skip_xff_append:
        context.error(xff, "skip_xff_append", "false is not supported: x-forwarded-for is left as it comes")
    return int(xff.xff_num_trusted_hops)


def _internal(
    context: Context, config: manager_schema.InternalAddressConfig | None
) -> tuple[str, ...] | None:
    if config is None:
        return None
    ranges = []
    for item in config.cidr_ranges:
        try:
            address = ipaddress.ip_address(item.address_prefix)
        except ValueError:
            context.error(item, "address_prefix", found=quoted(item.address_prefix), expected="an IP address")
            continue
        # Envoy too takes a longer prefix than the address has as the whole address.
        ranges.append(f"{address}/{min(item.prefix_len, address.max_prefixlen)}")
    return tuple(ranges)


def _upgrades(context: Context, manager: HttpConnectionManager) -> tuple[tuple[str, bool], ...]:
    seen: dict[str, bool] = {}
    for upgrade in manager.upgrade_configs:
        name = upgrade.upgrade_type.lower()
        if name in seen:
            context.error(upgrade, "upgrade_type", f"{quoted(upgrade.upgrade_type)} stands above already")
        seen[name] = upgrade.enabled
    return tuple(seen.items())
