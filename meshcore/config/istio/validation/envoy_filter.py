"""The rules of EnvoyFilter: what is patched, where, and with what must fit together."""

from __future__ import annotations

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.envoy_filter import (
    ApplyTo,
    ConfigPatch,
    EnvoyFilter,
    FilterMatch,
    ListenerMatch,
    ObjectMatch,
    Operation,
    PatchContext,
    ProxyMatch,
)
from meshcore.config.istio.validation.common import check_port
from meshcore.config.istio.validation.selectors import check_one_selector, check_selector, check_targets
from meshcore.config.patterns import regex_error
from meshcore.config.schema import error_at, warn_at

__all__ = ["check_envoy_filter"]

_MANAGER = "envoy.filters.network.http_connection_manager"
_MANAGERS = (_MANAGER, "envoy.http_connection_manager")
_LISTENERS = (ApplyTo.LISTENER, ApplyTo.FILTER_CHAIN, ApplyTo.NETWORK_FILTER, ApplyTo.HTTP_FILTER)
_ROUTES = (ApplyTo.ROUTE_CONFIGURATION, ApplyTo.VIRTUAL_HOST, ApplyTo.HTTP_ROUTE)
_MATCHES = ("listener", "route_configuration", "cluster")
_MAX_REGEX = 1024
#: Names of filters of before Envoy 1.14 -> their names now.
_RENAMED = {
    **{
        f"envoy.{old}": f"envoy.filters.http.{old}"
        for old in (
            *("buffer", "cors", "csrf", "ext_authz", "fault", "grpc_http1_bridge", "grpc_json_transcoder"),
            *("grpc_web", "gzip", "health_check", "ip_tagging", "lua", "router", "squash"),
        )
    },
    **{
        f"envoy.listener.{old}": f"envoy.filters.listener.{old}"
        for old in ("http_inspector", "original_dst", "original_src", "proxy_protocol", "tls_inspector")
    },
    **{
        f"envoy.{old}": f"envoy.filters.network.{old}"
        for old in (
            *("client_ssl_auth", "http_connection_manager", "mongo_proxy"),
            *("ratelimit", "redis_proxy", "tcp_proxy"),
        )
    },
    "envoy.http_dynamo_filter": "envoy.filters.http.dynamo",
    "envoy.rate_limit": "envoy.filters.http.ratelimit",
}


def check_envoy_filter(resource: Resource[EnvoyFilter], findings: Findings) -> None:
    spec = resource.spec
    message = "an EnvoyFilter depends on what Istio generates, which may change with every version"
    warn_at(findings, spec, "", message)
    check_selector(spec.workload_selector, findings)
    check_one_selector(spec, findings, "workload_selector", "target_refs")
    check_targets(spec, None, None, spec.target_refs, findings)
    for patch in spec.config_patches:
        _check_patch(patch, findings)


def _check_patch(patch: ConfigPatch, findings: Findings) -> None:
    match = patch.match
    waypoint = match is not None and match.context is PatchContext.WAYPOINT
    if match is not None and waypoint != (match.waypoint is not None):
        error_at(findings, match, "waypoint", "goes together with context WAYPOINT, and only with it")
    if match is not None and match.waypoint is not None and match.waypoint.port_number:
        check_port(findings, match.waypoint, "port_number", match.waypoint.port_number)
    if waypoint:
        return
    if patch.apply_to is ApplyTo.INVALID:
        error_at(findings, patch, "apply_to", "missing, but required")
    if patch.patch is None:
        error_at(findings, patch, "patch", "missing, but required")
    elif patch.patch.operation is Operation.INVALID:
        error_at(findings, patch.patch, "operation", "missing, but required")
    elif patch.patch.operation is not Operation.REMOVE and patch.patch.value is None:
        name = patch.patch.operation.name
        error_at(findings, patch.patch, "value", f"missing, but required for operation {name}")
    if match is not None:
        if match.proxy is not None:
            _check_proxy(match.proxy, findings)
        _check_object(patch.apply_to, match, findings)


def _check_proxy(proxy: ProxyMatch, findings: Findings) -> None:
    pattern = proxy.proxy_version
    if len(pattern) > _MAX_REGEX:
        warn_at(findings, proxy, "proxy_version", f"left aside: longer than {_MAX_REGEX} characters")
    elif pattern and (problem := regex_error(pattern)):
        error_at(
            findings, proxy, "proxy_version", problem, found=quoted(pattern), expected="an RE2 expression"
        )


def _check_object(apply_to: ApplyTo, match: ObjectMatch, findings: Findings) -> None:
    """The match must be of what is patched."""
    wanted = ""
    if apply_to in _LISTENERS:
        wanted = "listener"
    elif apply_to in _ROUTES:
        wanted = "route_configuration"
    elif apply_to is ApplyTo.CLUSTER:
        wanted = "cluster"
    for field in _MATCHES:
        if wanted and field != wanted and getattr(match, field) is not None:
            expected = "routeConfiguration" if wanted == "route_configuration" else wanted
            error_at(findings, match, field, f"does not fit to applyTo {apply_to.name}", expected=expected)
    if wanted == "listener" and match.listener is not None:
        _check_listener(apply_to, match.listener, findings)


def _check_listener(apply_to: ApplyTo, listener: ListenerMatch, findings: Findings) -> None:
    chosen = listener.filter_chain.filter if listener.filter_chain is not None else None
    if chosen is None:
        return
    if apply_to in (ApplyTo.LISTENER, ApplyTo.FILTER_CHAIN):
        warn_at(findings, chosen, "", f"has no effect with applyTo {apply_to.name}")
    if not chosen.name:
        error_at(findings, chosen, "name", "missing, but required")
        return
    _check_sub_filter(apply_to, chosen, findings)
    for record in (chosen, chosen.sub_filter):
        if record is not None and record.name in _RENAMED:
            message = f"{record.name!r} is an older name"
            warn_at(findings, record, "name", message, expected=_RENAMED[record.name])


def _check_sub_filter(apply_to: ApplyTo, chosen: FilterMatch, findings: Findings) -> None:
    if chosen.sub_filter is None:
        return
    if apply_to is not ApplyTo.HTTP_FILTER:
        error_at(findings, chosen, "sub_filter", f"has no meaning for applyTo {apply_to.name}")
    elif chosen.name not in _MANAGERS:
        error_at(findings, chosen, "name", found=quoted(chosen.name), expected=f"{_MANAGER} with subFilter")
    elif not chosen.sub_filter.name:
        error_at(findings, chosen.sub_filter, "name", "missing, but required")
