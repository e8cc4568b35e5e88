"""Policies of routes: retries, hedges, mirrors, hashes, CORS and rate limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from meshcore.config.envoy.runtime import fraction
from meshcore.config.envoy.schema import retry as schema
from meshcore.config.envoy.schema import route as route_schema
from meshcore.config.envoy.schema.base import Metadata
from meshcore.config.envoy.schema.cors import CorsPolicy as CorsSchema
from meshcore.config.envoy.translate.context import Context
from meshcore.config.envoy.translate.headers import edits_of_mutation
from meshcore.config.envoy.translate.matching import header_matches, regex_rewrite, string_match
from meshcore.config.envoy.translate.metadata import lb_metadata
from meshcore.config.findings import did_you_mean, quoted
from meshcore.config.scalar_types import Int32
from meshcore.config.schema import Meta, Record, path_of
from meshcore.model import (
    DEFAULT_BUFFER_LIMIT,
    CorsPolicy,
    HashPolicy,
    HashPolicyKind,
    HedgePolicy,
    MirrorPolicy,
    RetryPolicy,
)

__all__ = [
    "buffer_limit",
    "cors_field",
    "cors_policy",
    "hash_policies",
    "hedge_policy",
    "mirrors",
    "retry_policy",
]

RETRY_ON = (
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "envoy-ratelimited",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
    "retriable-headers",
    "http3-post-connect-failure",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
)


class PreviousHosts(Record):
    """``envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate``."""


class OmitCanaryHosts(Record):
    """``envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate``."""


class OmitHostMetadata(Record):
    """``envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig``."""

    metadata_match: Metadata | None = None


class PreviousPriorities(Record):
    update_frequency: Annotated[Int32, Meta(gt=0)]


_PREDICATES: dict[str, type[Record]] = {
    "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate": PreviousHosts,
    "envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate": OmitCanaryHosts,
    "envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig": OmitHostMetadata,
}
_PREDICATE_NAMES: dict[str, type[Record]] = {
    "envoy.retry_host_predicates.previous_hosts": PreviousHosts,
    "envoy.retry_host_predicates.omit_canary_hosts": OmitCanaryHosts,
}
_PRIORITIES = {
    "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig": PreviousPriorities,
}


def retry_policy(context: Context, policy: schema.RetryPolicy | None) -> RetryPolicy | None:
    if policy is None:
        return None
    conditions = tuple(word for part in policy.retry_on.split(",") if (word := part.strip()))
    for word in conditions:
        if word not in RETRY_ON:
            context.warn(
                policy,
                "retry_on",
                f"unknown condition {quoted(word)} is ignored{did_you_mean(word, RETRY_ON)}",
            )
    back_off = policy.retry_back_off
    base = longest = None
    if back_off is not None:
        base = _whole_milliseconds(back_off.base_interval)
        longest = back_off.max_interval
        if longest is not None:
            longest = _whole_milliseconds(longest)
            if longest < base:
                context.error(
                    back_off,
                    "max_interval",
                    found=f"{back_off.max_interval}s",
                    expected=f"at least the base_interval, {back_off.base_interval}s",
                )
    limited = policy.rate_limited_retry_back_off
    previous, omitted = _host_predicates(context, policy)
    return RetryPolicy(
        retry_on=conditions,
        num_retries=1 if policy.num_retries is None else policy.num_retries,
        per_try_timeout=policy.per_try_timeout,
        per_try_idle_timeout=policy.per_try_idle_timeout,
        retriable_status_codes=tuple(policy.retriable_status_codes),
        retriable_headers=header_matches(context, policy.retriable_headers),
        retriable_request_headers=header_matches(context, policy.retriable_request_headers),
        back_off_base=base,
        back_off_max=longest,
        rate_limited_reset_headers=tuple(
            (header.name.lower(), header.format.name)
            for header in (limited.reset_headers if limited is not None else ())
        ),
        rate_limited_max_interval=limited.max_interval if limited is not None else None,
        avoid_previous_hosts=previous,
        omit_host_metadata=omitted,
        previous_priorities_frequency=_previous_priorities(context, policy.retry_priority),
        host_selection_max_attempts=max(1, policy.host_selection_retry_max_attempts),
    )


def _whole_milliseconds(seconds: float) -> float:
    """An interval as Envoy counts it: whole milliseconds, at least one."""
    return max(round(seconds * 1e9) // 1_000_000, 1) / 1000


def _host_predicates(
    context: Context, policy: schema.RetryPolicy
) -> tuple[bool, tuple[tuple[tuple[str, object], ...], ...]]:
    """Whether hosts that were tried are passed over, and by which labels others are."""
    previous = False
    omitted: list[tuple[tuple[str, object], ...]] = []
    for predicate in policy.retry_host_predicate:
        config: object = None
        if predicate.typed_config is None:
            kind = _PREDICATE_NAMES.get(predicate.name)
            if kind is None:
                near = did_you_mean(predicate.name, _PREDICATE_NAMES)
                message = f"the predicate {quoted(predicate.name)} is not supported{near}"
                context.error(predicate, "name", message)
        else:
            path = path_of(predicate, "typed_config")
            url, config = context.decode_typed(predicate.typed_config, path, _PREDICATES)
            kind = _PREDICATES.get(url)
        previous |= kind is PreviousHosts
        if kind is OmitCanaryHosts:
            omitted.append((("canary", True),))
        elif isinstance(config, OmitHostMetadata) and (labels := lb_metadata(config.metadata_match)):
            omitted.append(labels)
    return previous, tuple(omitted)


def _previous_priorities(context: Context, priority: schema.Extension | None) -> int | None:
    if priority is None:
        return None
    if priority.typed_config is None:
        context.error(priority, "typed_config", "missing, but required")
        return None
    _, config = context.decode_typed(priority.typed_config, path_of(priority, "typed_config"), _PRIORITIES)
    return config.update_frequency if config is not None else None


def buffer_limit(holder: route_schema.Route | route_schema.VirtualHost) -> int | None:
    """How much of a body is kept: the newer field as it stands, the older up to what a connection holds."""
    if holder.request_body_buffer_limit is not None:
        return holder.request_body_buffer_limit
    older = holder.per_request_buffer_limit_bytes
    return None if older is None else min(older, DEFAULT_BUFFER_LIMIT)


def hedge_policy(policy: schema.HedgePolicy | None) -> HedgePolicy | None:
    if policy is None:
        return None
    chance = policy.additional_request_chance
    return HedgePolicy(
        policy.initial_requests,
        fraction(chance) if chance is not None else None,
        policy.hedge_on_per_try_timeout,
    )


def mirrors(
    context: Context, holder: Record, policies: Sequence[schema.RequestMirrorPolicy]
) -> tuple[MirrorPolicy, ...]:
    result = []
    for policy in policies:
        if bool(policy.cluster) == bool(policy.cluster_header):
            found = "both" if policy.cluster else "none of them"
            context.error(policy, "", found=found, expected="one of cluster, cluster_header")
        context.check_cluster(policy, "cluster", policy.cluster)
        share = policy.runtime_fraction
        result.append(
            MirrorPolicy(
                policy.cluster,
                context.runtime.fraction(share) if share is not None else None,
                policy.cluster_header.lower(),
                not policy.disable_shadow_host_suffix_append,
                policy.host_rewrite_literal,
                tuple(edits_of_mutation(context, one) for one in policy.request_headers_mutations),
            )
        )
    return tuple(result)


def hash_policies(context: Context, policies: Sequence[schema.HashPolicy]) -> tuple[HashPolicy, ...]:
    return tuple(made for policy in policies if (made := _hash_policy(context, policy)) is not None)


def _hash_policy(context: Context, policy: schema.HashPolicy) -> HashPolicy | None:
    terminal = policy.terminal
    if policy.header is not None:
        rewrite = policy.header.regex_rewrite
        return HashPolicy(
            HashPolicyKind.HEADER,
            policy.header.header_name.lower(),
            regex=regex_rewrite(context, rewrite) if rewrite is not None else None,
            terminal=terminal,
        )
    if policy.cookie is not None:
        cookie = policy.cookie
        return HashPolicy(
            HashPolicyKind.COOKIE,
            cookie.name,
            ttl=cookie.ttl,
            cookie_path=cookie.path,
            attributes=tuple((attribute.name, attribute.value) for attribute in cookie.attributes),
            terminal=terminal,
        )
    if policy.connection_properties is not None:
        # Without source_ip the policy asks for nothing and hashes nothing.
        source = policy.connection_properties.source_ip
        return HashPolicy(HashPolicyKind.SOURCE_IP, terminal=terminal) if source else None
    if policy.query_parameter is not None:
        return HashPolicy(HashPolicyKind.QUERY_PARAMETER, policy.query_parameter.name, terminal=terminal)
    if policy.filter_state is not None:
        context.error(policy, "filter_state", "not supported: there is no filter state")
    return None


def cors_field(context: Context, holder: Record, policy: CorsSchema | None) -> CorsPolicy | None:
    """The field ``cors`` of routes and virtual hosts, which only a CORS filter reads."""
    if policy is None:
        return None
    made = cors_policy(context, policy)
    if context.filters is not None and "cors" not in context.filters.values():
        context.warn(holder, "cors", "has no effect: the listener has no CORS filter")
        return None
    return made


def cors_policy(context: Context, policy: CorsSchema) -> CorsPolicy:
    enabled, shadow = policy.filter_enabled, policy.shadow_enabled
    if shadow is not None:
        context.warn(policy, "shadow_enabled", "has no effect: origins are not counted")
    return CorsPolicy(
        allow_origins=tuple(string_match(context, matcher) for matcher in policy.allow_origin_string_match),
        allow_methods=policy.allow_methods,
        allow_headers=policy.allow_headers,
        expose_headers=policy.expose_headers,
        max_age=policy.max_age,
        allow_credentials=policy.allow_credentials,
        allow_private_network_access=policy.allow_private_network_access,
        forward_not_matching_preflights=policy.forward_not_matching_preflights,
        enabled=context.runtime.fraction(enabled) if enabled is not None else None,
        shadow_enabled=context.runtime.fraction(shadow) if shadow is not None else None,
    )
