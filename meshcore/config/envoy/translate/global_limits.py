"""The filter that asks a rate limit service, and what routes say to it."""

from __future__ import annotations

from meshcore.config.envoy.schema import global_limit as schema
from meshcore.config.envoy.schema.base import RuntimeFractionalPercent
from meshcore.config.envoy.schema.ratelimit import HttpStatus, XRateLimitHeaders
from meshcore.config.envoy.translate.context import Context
from meshcore.config.envoy.translate.descriptors import own_rate_limits
from meshcore.config.envoy.translate.headers import header_values
from meshcore.config.findings import did_you_mean, quoted
from meshcore.model import Fraction, GlobalRateLimit, GlobalRateLimitLevel

__all__ = ["global_rate_limit", "per_route_rate_limit"]

_TIMEOUT = 0.02
_OUTER = {
    schema.OverrideOption.OVERRIDE_POLICY: "OVERRIDE",
    schema.OverrideOption.INCLUDE_POLICY: "INCLUDE",
    schema.OverrideOption.IGNORE_POLICY: "IGNORE",
}


def global_rate_limit(context: Context, limit: schema.RateLimit) -> GlobalRateLimit:
    cluster, uri, authority = _service(context, limit)
    deny = Fraction(100 if limit.failure_mode_deny else 0, 100)
    if limit.failure_mode_deny_percent is not None:
        deny = context.runtime.fraction(limit.failure_mode_deny_percent)
    return GlobalRateLimit(
        domain=limit.domain,
        cluster=cluster,
        target_uri=uri,
        authority=authority,
        timeout=_TIMEOUT if limit.timeout is None else limit.timeout,
        stage=limit.stage,
        request_type=limit.request_type or "both",
        rate_limits=own_rate_limits(context, limit.rate_limits, limited=True),
        enabled=_share(context, limit.filter_enabled, "ratelimit.http_filter_enabled"),
        enforced=_share(context, limit.filter_enforced, "ratelimit.http_filter_enforcing"),
        deny_on_failure=deny,
        status=_status(limit.rate_limited_status, 400, 429),
        status_on_error=_status(limit.status_on_error, 0, 500),
        rate_limit_headers=limit.enable_x_ratelimit_headers is XRateLimitHeaders.DRAFT_VERSION_03,
        limited_header=not limit.disable_x_envoy_ratelimited_header,
        resource_exhausted=limit.rate_limited_as_resource_exhausted,
        response_headers=header_values(context, limit.response_headers_to_add),
    )


def per_route_rate_limit(context: Context, level: schema.RateLimitPerRoute) -> GlobalRateLimitLevel:
    return GlobalRateLimitLevel(
        domain=level.domain,
        virtual_host_limits=_OUTER.get(level.override_option, level.vh_rate_limits.name),
        rate_limits=own_rate_limits(context, level.rate_limits, limited=True),
    )


def _service(context: Context, limit: schema.RateLimit) -> tuple[str, str, str]:
    """Cluster, URI and authority of the service."""
    config = limit.rate_limit_service
    if config.transport_api_version is schema.ApiVersion.V2:
        context.error(config, "transport_api_version", found="V2", expected="V3")
    service = config.grpc_service
    if service.envoy_grpc is not None:
        name = service.envoy_grpc.cluster_name
        if context.clusters is not None and name not in context.clusters:
            near = did_you_mean(name, context.clusters)
            message = f"unknown cluster {quoted(name)}{near}: asking fails"
            context.warn(service.envoy_grpc, "cluster_name", message)
        return name, "", service.envoy_grpc.authority
    assert service.google_grpc is not None
    return "", service.google_grpc.target_uri, ""


def _share(context: Context, percent: RuntimeFractionalPercent | None, key: str) -> Fraction | None:
    """What the document says, or else the runtime."""
    return context.runtime.share(key) if percent is None else context.runtime.fraction(percent)


def _status(status: HttpStatus | None, least: int, usual: int) -> int:
    return status.code.value if status is not None and status.code.value >= least else usual
