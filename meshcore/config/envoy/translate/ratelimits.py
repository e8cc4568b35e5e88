"""Rate limits: actions of routes, and the local rate limit filter."""

from __future__ import annotations

from collections.abc import Sequence

from meshcore.config.envoy.schema import ratelimit as schema
from meshcore.config.envoy.schema.base import RuntimeFractionalPercent
from meshcore.config.envoy.translate.context import Context
from meshcore.config.envoy.translate.headers import header_values
from meshcore.config.envoy.translate.matching import header_matches, query_match
from meshcore.config.findings import quoted
from meshcore.config.schema import Record
from meshcore.model import (
    Fraction,
    LocalRateLimit,
    RateLimit,
    RateLimitAction,
    RateLimitActionKind,
    RateLimitDescriptor,
    TokenBucket,
)

__all__ = ["local_rate_limit", "rate_limits"]

#: Envoy refuses to fill buckets more often.
SHORTEST_FILL = 0.05


def rate_limits(
    context: Context, holder: Record, limits: Sequence[schema.RateLimit]
) -> tuple[RateLimit, ...]:
    if limits:
        context.pending(holder, "rate_limits", "rate limits")
    return tuple(
        RateLimit(tuple(_action(context, action) for action in limit.actions), limit.stage)
        for limit in limits
    )


def _action(context: Context, action: schema.RateLimitAction) -> RateLimitAction:
    kinds = RateLimitActionKind
    if (headers := action.request_headers) is not None:
        return RateLimitAction(
            kinds.REQUEST_HEADERS,
            key=headers.descriptor_key,
            name=headers.header_name.lower(),
            skip_if_absent=headers.skip_if_absent,
        )
    if (query := action.query_parameters) is not None:
        return RateLimitAction(
            kinds.QUERY_PARAMETERS,
            key=query.descriptor_key,
            name=query.query_parameter_name,
            skip_if_absent=query.skip_if_absent,
        )
    if (generic := action.generic_key) is not None:
        return RateLimitAction(
            kinds.GENERIC_KEY, key=generic.descriptor_key or "generic_key", value=generic.descriptor_value
        )
    if (header_value := action.header_value_match) is not None:
        return RateLimitAction(
            kinds.HEADER_VALUE_MATCH,
            key=header_value.descriptor_key or "header_match",
            value=header_value.descriptor_value,
            expect_match=header_value.expect_match,
            headers=header_matches(context, header_value.headers),
        )
    if (query_value := action.query_parameter_value_match) is not None:
        return RateLimitAction(
            kinds.QUERY_PARAMETER_VALUE_MATCH,
            key=query_value.descriptor_key or "query_match",
            value=query_value.descriptor_value,
            expect_match=query_value.expect_match,
            query_parameters=tuple(query_match(context, matcher) for matcher in query_value.query_parameters),
        )
    if (masked := action.masked_remote_address) is not None:
        return RateLimitAction(
            kinds.MASKED_REMOTE_ADDRESS,
            key="masked_remote_address",
            prefix_lengths=(masked.v4_prefix_mask_len, masked.v6_prefix_mask_len),
        )
    if action.remote_address is not None:
        return RateLimitAction(kinds.REMOTE_ADDRESS, key="remote_address")
    if action.source_cluster is not None:
        return RateLimitAction(kinds.SOURCE_CLUSTER, key="source_cluster")
    return RateLimitAction(kinds.DESTINATION_CLUSTER, key="destination_cluster")


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
    return LocalRateLimit(
        stat_prefix=limit.stat_prefix,
        bucket=_bucket(context, limit.token_bucket) if limit.token_bucket is not None else None,
        descriptors=tuple(descriptors),
        rate_limits=tuple(
            RateLimit(tuple(_action(context, action) for action in actions.actions), actions.stage)
            for actions in limit.rate_limits
        ),
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
    )


def _share(context: Context, percent: RuntimeFractionalPercent | None) -> Fraction | None:
    return context.runtime.fraction(percent) if percent is not None else None


def _bucket(context: Context, bucket: schema.TokenBucket) -> TokenBucket:
    if bucket.max_tokens and bucket.fill_interval < SHORTEST_FILL:
        context.error(
            bucket, "fill_interval", found=quoted(f"{bucket.fill_interval}s"), expected="0.05s or more"
        )
    return TokenBucket(bucket.max_tokens, bucket.fill_interval, bucket.tokens_per_fill)
