"""Rate limit actions: what makes the descriptors of a request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from meshcore.config.envoy.schema import ratelimit as schema
from meshcore.config.envoy.schema.base import Metadata
from meshcore.config.envoy.schema.route import RouteAction, VirtualHost
from meshcore.config.envoy.translate.context import Context
from meshcore.config.envoy.translate.headers import check_format
from meshcore.config.envoy.translate.matching import header_matches, query_match
from meshcore.config.findings import quoted
from meshcore.config.schema import is_set
from meshcore.config.tree import plain
from meshcore.model import Fraction, RateLimit, RateLimitAction, RateLimitActionKind
from meshcore.model.format import FormatError, parse_format

__all__ = ["outer_rate_limits", "own_rate_limits", "texts_of"]

Kinds = RateLimitActionKind
#: Kinds of the filters that read the rate limits of routes.
_LIMITING = {"local_ratelimit", "ratelimit"}
_TELLS = {
    schema.XRateLimitOption.UNSPECIFIED: None,
    schema.XRateLimitOption.OFF: False,
    schema.XRateLimitOption.DRAFT_VERSION_03: True,
}
_FILTERS_ONLY = "has no effect here, as in Envoy: only in the rate limits of a filter"
_NO_METADATA = "has no effect: no filter here sets dynamic metadata"


def outer_rate_limits(context: Context, holder: RouteAction | VirtualHost) -> tuple[RateLimit, ...]:
    """Those of a route or a virtual host."""
    limits = holder.rate_limits
    if limits and context.filters is not None and not _LIMITING & set(context.filters.values()):
        context.warn(holder, "rate_limits", "has no effect: the listener has no rate limit filter")
    made = []
    for limit in limits:
        for field in ("hits_addend", "apply_on_stream_done"):
            if is_set(limit, field):
                context.warn(limit, field, _FILTERS_ONLY)
        if limit.limit is not None:
            context.warn(limit, "limit", _NO_METADATA)
        made.append(
            RateLimit(
                _actions(context, limit),
                stage=limit.stage or 0,
                disable_key=limit.disable_key,
                share=_enabled(context, limit.disable_key),
                rate_limit_headers=_TELLS[limit.x_ratelimit_option],
            )
        )
    return tuple(made)


def texts_of(metadata: Metadata | None) -> tuple[tuple[str, str], ...]:
    """The texts of a route's metadata, each by its place: what rate limit actions may read of it."""
    found = metadata.filter_metadata if metadata is not None else {}
    return tuple(text for key, node in found.items() for text in _texts((key,), plain(node)))


def _texts(path: tuple[str, ...], value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and value:
        yield _place(path), value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts((*path, key), inner)


def _place(path: Sequence[str]) -> str:
    """A path as one name; no key has such a character in it, which separates them."""
    return "\0".join(path)


def own_rate_limits(
    context: Context, limits: Sequence[schema.RateLimit], *, limited: bool = False
) -> tuple[RateLimit, ...]:
    """Those within the configuration of a filter, which may say how many tokens are taken.

    ``limited``: metadata may say the limit itself, which a service is then asked for.
    """
    made = []
    for limit in limits:
        for field in ("stage", "disable_key", *(() if limited else ("limit",))):
            if is_set(limit, field):
                context.error(limit, field, "not supported in the rate limits of a filter, as in Envoy")
        if limit.limit is not None:
            context.warn(limit, "limit", _NO_METADATA)
        if limit.apply_on_stream_done:
            context.warn(limit, "apply_on_stream_done", "has no effect: tokens are taken of requests only")
            continue
        hits, text, refunds = _hits(context, limit)
        made.append(
            RateLimit(
                _actions(context, limit),
                hits=hits,
                hits_format=text,
                refunds=refunds,
                rate_limit_headers=_TELLS[limit.x_ratelimit_option],
            )
        )
    return tuple(made)


def _enabled(context: Context, disable_key: str) -> Fraction | None:
    """The share of the requests that a runtime key leaves to global limits."""
    return context.runtime.share(f"ratelimit.{disable_key}.http_filter_enabled") if disable_key else None


def _hits(context: Context, limit: schema.RateLimit) -> tuple[int | None, str, bool]:
    hits = limit.hits_addend
    if hits is None:
        return None, "", False
    if (hits.number is not None) == bool(hits.format):
        found = "both" if hits.format else "none of them"
        context.error(limit, "hits_addend", found=found, expected="one of number, format")
    if hits.format:
        check_format(context, hits, "format", hits.format)
        if not _is_one_command(hits.format):
            context.error(hits, "format", found=quoted(hits.format), expected="exactly one command")
    return hits.number, hits.format, hits.is_negative_hits


def _is_one_command(text: str) -> bool:
    try:
        segments = parse_format(text)
    except FormatError:
        return True  # reported already
    return len(segments) == 1 and bool(segments[0].command)


def _actions(context: Context, limit: schema.RateLimit) -> tuple[RateLimitAction, ...]:
    return tuple(_action(context, action) for action in limit.actions)


def _action(context: Context, action: schema.RateLimitAction) -> RateLimitAction:
    if (headers := action.request_headers) is not None:
        return RateLimitAction(
            Kinds.REQUEST_HEADERS,
            key=headers.descriptor_key,
            name=headers.header_name.lower(),
            skip_if_absent=headers.skip_if_absent,
        )
    if (query := action.query_parameters) is not None:
        return RateLimitAction(
            Kinds.QUERY_PARAMETERS,
            key=query.descriptor_key,
            name=query.query_parameter_name,
            skip_if_absent=query.skip_if_absent,
        )
    if (generic := action.generic_key) is not None:
        return RateLimitAction(
            Kinds.GENERIC_KEY, key=generic.descriptor_key or "generic_key", value=generic.descriptor_value
        )
    if (header_value := action.header_value_match) is not None:
        return RateLimitAction(
            Kinds.HEADER_VALUE_MATCH,
            key=header_value.descriptor_key or "header_match",
            value=header_value.descriptor_value,
            expect_match=header_value.expect_match,
            headers=header_matches(context, header_value.headers),
        )
    if (query_value := action.query_parameter_value_match) is not None:
        return RateLimitAction(
            Kinds.QUERY_PARAMETER_VALUE_MATCH,
            key=query_value.descriptor_key or "query_match",
            value=query_value.descriptor_value,
            expect_match=query_value.expect_match,
            query_parameters=tuple(query_match(context, matcher) for matcher in query_value.query_parameters),
        )
    if (masked := action.masked_remote_address) is not None:
        return RateLimitAction(
            Kinds.MASKED_REMOTE_ADDRESS,
            key="masked_remote_address",
            prefix_lengths=(masked.v4_prefix_mask_len, masked.v6_prefix_mask_len),
        )
    if action.metadata is not None:
        return _of_metadata(context, action.metadata)
    if action.remote_address is not None:
        return RateLimitAction(Kinds.REMOTE_ADDRESS, key="remote_address")
    if action.source_cluster is not None:
        return RateLimitAction(Kinds.SOURCE_CLUSTER, key="source_cluster", value=context.service_cluster)
    return RateLimitAction(Kinds.DESTINATION_CLUSTER, key="destination_cluster")


def _of_metadata(context: Context, action: schema.MetadataAction) -> RateLimitAction:
    place = ""
    if action.source is schema.MetadataSource.DYNAMIC:
        context.warn(action, "source", _NO_METADATA)
    else:
        place = _place([action.metadata_key.key, *(segment.key for segment in action.metadata_key.path)])
    return RateLimitAction(
        Kinds.METADATA,
        key=action.descriptor_key,
        value=action.default_value,
        name=place,
        skip_if_absent=action.skip_if_absent,
    )
