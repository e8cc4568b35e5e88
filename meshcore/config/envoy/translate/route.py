"""Routes and their actions."""

from __future__ import annotations

from typing import Annotated

from meshcore.config.envoy.schema import route as schema
from meshcore.config.envoy.schema.base import NonEmpty, RoutingPriority
from meshcore.config.envoy.translate.context import Context
from meshcore.config.envoy.translate.descriptors import outer_rate_limits, texts_of
from meshcore.config.envoy.translate.filters import per_route_filters
from meshcore.config.envoy.translate.headers import check_format, edits
from meshcore.config.envoy.translate.matching import regex_rewrite, route_match
from meshcore.config.envoy.translate.metadata import lb_metadata
from meshcore.config.envoy.translate.policies import (
    buffer_limit,
    cors_field,
    hash_policies,
    hedge_policy,
    mirrors,
    retry_policy,
)
from meshcore.config.envoy.translate.responses import direct_response, redirect
from meshcore.config.envoy.translate.spans import custom_tags, decorator, operation
from meshcore.config.envoy.translate.sticky import sticky_key
from meshcore.config.envoy.translate.tracing import route_sampling
from meshcore.config.findings import quoted
from meshcore.config.patterns import rewrite_error
from meshcore.config.schema import Meta, Record, origin_of, path_of
from meshcore.config.sticky import NAME
from meshcore.model import (
    DirectResponse,
    FaultPolicy,
    ForwardAction,
    HostRewrite,
    HostRewriteKind,
    PathKind,
    PathMatch,
    PathRewrite,
    PathRewriteKind,
    Redirect,
    Route,
    StickyKey,
    WeightedCluster,
    WeightedClusters,
)

__all__ = ["route"]

_MAX_WEIGHT = 2**32 - 1
_NOT_FOUND = {
    schema.ClusterNotFoundResponseCode.SERVICE_UNAVAILABLE: 503,
    schema.ClusterNotFoundResponseCode.NOT_FOUND: 404,
    schema.ClusterNotFoundResponseCode.INTERNAL_SERVER_ERROR: 500,
}


class UriTemplateRewriteConfig(Record):
    """``envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig``."""

    path_template_rewrite: Annotated[NonEmpty, Meta(max_length=256)]


_REWRITERS = {
    "envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig": UriTemplateRewriteConfig,
}


def route(context: Context, source: schema.Route, table: schema.RouteConfiguration) -> Route:
    """One route of ``table``, which says what holds for all of its routes."""
    match = route_match(context, source.match, table.ignore_path_parameters_in_path_matching)
    filters = per_route_filters(context, source, source.typed_per_filter_config)
    action: ForwardAction | Redirect | DirectResponse
    tracing = source.tracing
    split = source.route is not None and source.route.weighted_clusters is not None
    sticky = sticky_key(context, source.metadata, split=split)
    if source.route is not None:
        action = _forward(context, source.route, match.path, sticky)
    elif source.redirect is not None:
        action = redirect(context, source.redirect, match.path)
    else:
        assert source.direct_response is not None
        action = direct_response(context, source.direct_response, table.max_direct_response_body_size_bytes)
    return Route(
        match=match,
        action=action,
        name=source.name,
        edits=edits(context, source),
        request_buffer_limit=buffer_limit(source),
        sampling=route_sampling(context, tracing),
        decorator=decorator(source.decorator),
        custom_tags=custom_tags(context, tracing.custom_tags, source.metadata) if tracing else (),
        operation=operation(context, tracing, "operation") if tracing else "",
        upstream_operation=operation(context, tracing, "upstream_operation") if tracing else "",
        fault=next((value for _, value in filters if isinstance(value, FaultPolicy)), None),
        typed_per_filter_config=filters,
        metadata=texts_of(source.metadata),
        origin=origin_of(source),
    )


def _forward(
    context: Context,
    action: schema.RouteAction,
    path: PathMatch,
    sticky: StickyKey | None,
) -> ForwardAction:
    if action.cluster is not None:
        context.check_cluster(action, "cluster", action.cluster)
    stream = action.max_stream_duration
    weighted = action.weighted_clusters
    return ForwardAction(
        cluster=action.cluster or "",
        cluster_header=(action.cluster_header or "").lower(),
        weighted_clusters=_weighted(context, weighted, sticky) if weighted is not None else None,
        cluster_not_found_status=_NOT_FOUND[action.cluster_not_found_response_code],
        path_rewrite=_path_rewrite(context, action, path),
        host_rewrite=_host_rewrite(context, action),
        timeout=action.timeout,
        idle_timeout=action.idle_timeout,
        stream_limits=stream is not None,
        max_stream_duration=stream.max_stream_duration if stream is not None else None,
        grpc_timeout_header_max=stream.grpc_timeout_header_max if stream is not None else None,
        grpc_timeout_header_offset=stream.grpc_timeout_header_offset if stream is not None else None,
        max_grpc_timeout=action.max_grpc_timeout,
        grpc_timeout_offset=action.grpc_timeout_offset,
        retry_policy=retry_policy(context, action.retry_policy),
        hedge_policy=hedge_policy(action.hedge_policy),
        hash_policies=hash_policies(context, action.hash_policy),
        rate_limits=outer_rate_limits(context, action),
        include_virtual_host_rate_limits=action.include_vh_rate_limits,
        mirrors=mirrors(context, action, action.request_mirror_policies),
        cors=cors_field(context, action, action.cors),
        metadata_match=lb_metadata(action.metadata_match),
        priority_high=action.priority is RoutingPriority.HIGH,
        upgrades=_upgrades(context, action),
    )


def _upgrades(context: Context, action: schema.RouteAction) -> tuple[tuple[str, bool], ...]:
    seen: dict[str, bool] = {}
    for upgrade in action.upgrade_configs:
        name = upgrade.upgrade_type.lower()
        if name in seen:
            context.error(upgrade, "upgrade_type", f"{quoted(upgrade.upgrade_type)} stands above already")
        seen[name] = upgrade.enabled
    return tuple(seen.items())


def _path_rewrite(context: Context, action: schema.RouteAction, path: PathMatch) -> PathRewrite | None:
    given = [
        field
        for field, value in (
            ("prefix_rewrite", action.prefix_rewrite),
            ("regex_rewrite", action.regex_rewrite),
            ("path_rewrite_policy", action.path_rewrite_policy),
            ("path_rewrite", action.path_rewrite),
        )
        if value
    ]
    if len(given) > 1:
        context.error(action, given[1], f"{given[0]!r} is set already; only one of them may be")
        return None
    if action.prefix_rewrite:
        if path.kind is PathKind.TEMPLATE:
            message = "cannot be used with path_match_policy; use path_rewrite_policy"
            context.error(action, "prefix_rewrite", message)
        return PathRewrite(PathRewriteKind.PREFIX, action.prefix_rewrite)
    if action.regex_rewrite is not None:
        return PathRewrite(PathRewriteKind.REGEX, regex=regex_rewrite(context, action.regex_rewrite))
    if action.path_rewrite_policy is not None:
        return _template_rewrite(context, action, path)
    if action.path_rewrite:
        check_format(context, action, "path_rewrite", action.path_rewrite)
        return PathRewrite(PathRewriteKind.FORMAT, action.path_rewrite)
    return None


def _template_rewrite(context: Context, action: schema.RouteAction, path: PathMatch) -> PathRewrite | None:
    policy = action.path_rewrite_policy
    assert policy is not None
    _, config = context.decode_typed(policy.typed_config, path_of(policy, "typed_config"), _REWRITERS)
    if config is None:
        return None
    text = config.path_template_rewrite
    if path.kind is not PathKind.TEMPLATE:
        context.error(action, "path_rewrite_policy", "needs a path_match_policy in the route's match")
        return None
    problem = rewrite_error(path.value, text)
    if problem:
        message = f"not a rewrite of the path template {quoted(path.value)}: {problem}"
        context.error(config, "path_template_rewrite", message)
    return PathRewrite(PathRewriteKind.TEMPLATE, text)


def _host_rewrite(context: Context, action: schema.RouteAction) -> HostRewrite | None:
    append = action.append_x_forwarded_host
    if action.host_rewrite_literal:
        return HostRewrite(HostRewriteKind.LITERAL, action.host_rewrite_literal, None, append)
    if action.host_rewrite_header:
        return HostRewrite(HostRewriteKind.HEADER, action.host_rewrite_header.lower(), None, append)
    if action.host_rewrite_path_regex is not None:
        substitution = regex_rewrite(context, action.host_rewrite_path_regex)
        return HostRewrite(HostRewriteKind.PATH_REGEX, "", substitution, append)
    if action.auto_host_rewrite:
        return HostRewrite(HostRewriteKind.AUTO, "", None, append)
    if action.host_rewrite:
        check_format(context, action, "host_rewrite", action.host_rewrite)
        return HostRewrite(HostRewriteKind.FORMAT, action.host_rewrite, None, append)
    return None


def _weighted(context: Context, source: schema.WeightedCluster, sticky: StickyKey | None) -> WeightedClusters:
    clusters: list[WeightedCluster] = []
    total = in_force = 0
    prefix = source.runtime_key_prefix
    for item in source.clusters:
        if bool(item.name) == bool(item.cluster_header):
            found = "both" if item.name else "none of them"
            context.error(item, "", found=found, expected="one of name, cluster_header")
        context.check_cluster(item, "name", item.name)
        weight = context.runtime.number(f"{prefix}.{item.name}") if prefix else None
        weight = item.weight if weight is None else weight
        total += item.weight
        in_force += weight
        clusters.append(
            WeightedCluster(
                cluster=item.name,
                weight=weight,
                cluster_header=item.cluster_header.lower(),
                edits=edits(context, item),
                host_rewrite=item.host_rewrite_literal,
                metadata_match=lb_metadata(item.metadata_match),
                typed_per_filter_config=per_route_filters(context, item, item.typed_per_filter_config),
                origin=origin_of(item),
            )
        )
    for weights, whose in ((total, ""), (in_force, ", by the runtime")):
        if not 0 < weights <= _MAX_WEIGHT:
            message = f"the sum of the weights{whose}"
            context.error(source, "clusters", message, found=str(weights), expected=f"1 to {_MAX_WEIGHT:,}")
            break
    for field in ("header_name", "use_hash_policy") if sticky is not None else ():
        if getattr(source, field):
            context.error(source, field, f"the route has {NAME!r} already; only one of them may be")
    header = (source.header_name or "").lower()
    return WeightedClusters(tuple(clusters), header, bool(source.use_hash_policy), sticky)
