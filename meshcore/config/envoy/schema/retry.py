"""Retry, hedge, mirror and hash policies (``envoy.config.route.v3``)."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from meshcore.config.envoy.schema.base import (
    FractionalPercent,
    HeaderName,
    HeaderText,
    NonEmpty,
    OptionalHeaderName,
    RuntimeFractionalPercent,
    TimeSpan,
)
from meshcore.config.envoy.schema.filters import HeaderMutation
from meshcore.config.envoy.schema.matching import HeaderMatcher, RegexMatchAndSubstitute
from meshcore.config.scalar_types import Duration, Int64, UInt32
from meshcore.config.schema import Meta, OneOf, Record
from meshcore.config.tree import MappingNode

__all__ = [
    "Extension",
    "HashPolicy",
    "HedgePolicy",
    "PositiveDuration",
    "RequestMirrorPolicy",
    "RetryPolicy",
]

PositiveDuration = Annotated[Duration, Meta(gt=0)]


class Extension(Record):
    """A named extension whose configuration may be left out."""

    name: NonEmpty
    typed_config: MappingNode | None = None


class RetryBackOff(Record):
    base_interval: PositiveDuration
    max_interval: PositiveDuration | None = None


class ResetHeaderFormat(Enum):
    SECONDS = 0
    UNIX_TIMESTAMP = 1


class ResetHeader(Record):
    name: HeaderName
    format: ResetHeaderFormat = ResetHeaderFormat.SECONDS


class RateLimitedRetryBackOff(Record):
    reset_headers: Annotated[list[ResetHeader], Meta(min_length=1)]
    max_interval: PositiveDuration | None = None


class RetryPolicy(Record):
    __unsupported__ = {"retry_options_predicates": ""}

    retry_on: Annotated[str, Meta(description="a text with commas, such as 5xx,reset")] = ""
    num_retries: UInt32 | None = None
    per_try_timeout: TimeSpan | None = None
    per_try_idle_timeout: TimeSpan | None = None
    retry_priority: Extension | None = None
    retry_host_predicate: list[Extension] = []
    host_selection_retry_max_attempts: Int64 = 0
    retriable_status_codes: list[UInt32] = []
    retry_back_off: RetryBackOff | None = None
    rate_limited_retry_back_off: RateLimitedRetryBackOff | None = None
    retriable_headers: list[HeaderMatcher] = []
    retriable_request_headers: list[HeaderMatcher] = []


class HedgePolicy(Record):
    initial_requests: Annotated[UInt32, Meta(ge=1)] = 1
    additional_request_chance: FractionalPercent | None = None
    hedge_on_per_try_timeout: bool = False


class RequestMirrorPolicy(Record):
    __noted__ = {"trace_sampled": "no spans are sent"}

    cluster: str = ""
    cluster_header: OptionalHeaderName = ""
    runtime_fraction: RuntimeFractionalPercent | None = None
    disable_shadow_host_suffix_append: bool = False
    host_rewrite_literal: HeaderText = ""
    request_headers_mutations: list[HeaderMutation] = []


class HashHeader(Record):
    header_name: HeaderName
    regex_rewrite: RegexMatchAndSubstitute | None = None


class CookieAttribute(Record):
    name: Annotated[HeaderName, Meta(max_length=16384)]
    value: Annotated[HeaderText, Meta(max_length=16384)] = ""


class HashCookie(Record):
    name: NonEmpty
    ttl: TimeSpan | None = None
    path: str = ""
    attributes: list[CookieAttribute] = []


class ConnectionProperties(Record):
    source_ip: bool = False


class HashQueryParameter(Record):
    name: NonEmpty


class HashFilterState(Record):
    key: NonEmpty


class HashPolicy(Record):
    __oneofs__ = (
        OneOf(
            "policy_specifier",
            ("header", "cookie", "connection_properties", "query_parameter", "filter_state"),
            True,
        ),
    )

    header: HashHeader | None = None
    cookie: HashCookie | None = None
    connection_properties: ConnectionProperties | None = None
    query_parameter: HashQueryParameter | None = None
    filter_state: HashFilterState | None = None
    terminal: bool = False
