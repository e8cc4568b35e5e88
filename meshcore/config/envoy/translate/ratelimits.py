"""The local rate limit filter."""

from __future__ import annotations

from meshcore.config.envoy.schema import ratelimit as schema
from meshcore.config.envoy.schema.base import RuntimeFractionalPercent
from meshcore.config.envoy.translate.context import Context
from meshcore.config.envoy.translate.descriptors import own_rate_limits
from meshcore.config.envoy.translate.headers import header_values
from meshcore.config.findings import quoted
from meshcore.model import (
    Fraction,
    LocalRateLimit,
    RateLimitDescriptor,
    TokenBucket,
)

__all__ = ["local_rate_limit"]

#: Envoy refuses to fill buckets more often.
SHORTEST_FILL = 0.05


def local_rate_limit(
    context: Context, limit: schema.LocalRateLimit, *, per_route: bool = False
) -> LocalRateLimit:
    """The filter's limit; one of a route must have a bucket, that of the chain need not."""
    if per_route and limit.token_bucket is None:
        context.error(limit, "token_bucket", "missing, but required where the limit is a route's")
    descriptors: list[RateLimitDescriptor] = []
    seen: set[tuple[tuple[str, str], ...]] = set()
    for descriptor in limit.descriptors:
        entries = tuple((entry.key, entry.value) for entry in descriptor.entries)
        if entries in seen:
            context.error(descriptor, "entries", "the same descriptor stands above already")
        seen.add(entries)
        bucket = _bucket(context, descriptor.token_bucket)
        descriptors.append(RateLimitDescriptor(entries, bucket, descriptor.shadow_mode))
    if limit.token_bucket is not None or limit.descriptors:
        _warn_of_nothing(context, limit)
    return LocalRateLimit(
        stat_prefix=limit.stat_prefix,
        bucket=_bucket(context, limit.token_bucket) if limit.token_bucket is not None else None,
        descriptors=tuple(descriptors),
        rate_limits=own_rate_limits(context, limit.rate_limits),
        enabled=_share(context, limit.filter_enabled),
        enforced=_share(context, limit.filter_enforced),
        # Below 400 Envoy answers 429 all the same.
        status=limit.status.code.value
        if limit.status is not None and limit.status.code.value >= 400
        else 429,
        request_headers_when_not_enforced=header_values(
            context, limit.request_headers_to_add_when_not_enforced
        ),
        response_headers=header_values(context, limit.response_headers_to_add),
        stage=limit.stage,
        per_connection=limit.local_rate_limit_per_downstream_connection,
        rate_limit_headers=limit.enable_x_ratelimit_headers is schema.XRateLimitHeaders.DRAFT_VERSION_03,
        virtual_host_limits=limit.vh_rate_limits.name,
        always_consume_default_bucket=limit.always_consume_default_token_bucket,
        resource_exhausted=limit.rate_limited_as_resource_exhausted,
        max_dynamic_descriptors=limit.max_dynamic_descriptors,
        divided_among=_divided(context, limit),
    )


def _divided(context: Context, limit: schema.LocalRateLimit) -> str:
    """The cluster whose endpoints share the limit."""
    if limit.local_cluster_rate_limit is None:
        return ""
    if limit.local_rate_limit_per_downstream_connection:
        message = "cannot be combined with local_rate_limit_per_downstream_connection"
        context.error(limit, "local_cluster_rate_limit", message)
    if not context.local_cluster:
        message = (
            "needs the bootstrap's cluster_manager.local_cluster_name, whose endpoints have a share each"
        )
        context.error(limit, "local_cluster_rate_limit", message)
    return context.local_cluster


def _warn_of_nothing(context: Context, limit: schema.LocalRateLimit) -> None:
    """What is 0 % where it is missing."""
    if limit.filter_enabled is None:
        context.warn(limit, "filter_enabled", "missing, which means 0 %: the limit looks at no request")
    elif limit.filter_enforced is None:
        context.warn(limit, "filter_enforced", "missing, which means 0 %: the limit refuses none")


def _share(context: Context, percent: RuntimeFractionalPercent | None) -> Fraction | None:
    return context.runtime.fraction(percent) if percent is not None else None


def _bucket(context: Context, bucket: schema.TokenBucket) -> TokenBucket:
    if bucket.max_tokens and bucket.fill_interval < SHORTEST_FILL:
        context.error(
            bucket, "fill_interval", found=quoted(f"{bucket.fill_interval}s"), expected="0.05s or more"
        )
    return TokenBucket(bucket.max_tokens, bucket.fill_interval, bucket.tokens_per_fill)
