"""Rate limit actions and the local rate limit filter."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from meshcore.config.envoy.schema.base import (
    Empty,
    HeaderName,
    HeaderValueOption,
    NonEmpty,
    RuntimeFractionalPercent,
)
from meshcore.config.envoy.schema.matching import HeaderMatcher, QueryParameterMatcher
from meshcore.config.scalar_types import Duration, UInt32, UInt64
from meshcore.config.schema import Meta, OneOf, Record

__all__ = [
    "HttpStatus",
    "LocalRateLimit",
    "MetadataKey",
    "MetadataSource",
    "RateLimit",
    "RateLimitAction",
    "TokenBucket",
    "VhRateLimits",
    "XRateLimitHeaders",
    "XRateLimitOption",
]


class RequestHeaders(Record):
    header_name: HeaderName
    descriptor_key: NonEmpty
    skip_if_absent: bool = False


class QueryParameters(Record):
    query_parameter_name: NonEmpty
    descriptor_key: NonEmpty
    skip_if_absent: bool = False


class MaskedRemoteAddress(Record):
    v4_prefix_mask_len: Annotated[UInt32, Meta(le=32)] = 32
    v6_prefix_mask_len: Annotated[UInt32, Meta(le=128)] = 128


class GenericKey(Record):
    __unsupported__ = {"default_value": ""}

    descriptor_value: NonEmpty
    descriptor_key: str = ""


class HeaderValueMatch(Record):
    __unsupported__ = {"default_value": ""}

    descriptor_value: NonEmpty
    headers: Annotated[list[HeaderMatcher], Meta(min_length=1)]
    descriptor_key: str = ""
    expect_match: bool = True


class QueryParameterValueMatch(Record):
    __unsupported__ = {"default_value": ""}

    descriptor_value: NonEmpty
    query_parameters: Annotated[list[QueryParameterMatcher], Meta(min_length=1)]
    descriptor_key: str = ""
    expect_match: bool = True


class PathSegment(Record):
    key: NonEmpty


class MetadataKey(Record):
    key: NonEmpty
    path: Annotated[list[PathSegment], Meta(min_length=1)]


class MetadataSource(Enum):
    DYNAMIC = 0
    ROUTE_ENTRY = 1


class MetadataAction(Record):
    descriptor_key: NonEmpty
    metadata_key: MetadataKey
    default_value: str = ""
    source: MetadataSource = MetadataSource.DYNAMIC
    skip_if_absent: bool = False


class RateLimitAction(Record):
    __oneofs__ = (
        OneOf(
            "action_specifier",
            (
                "source_cluster",
                "destination_cluster",
                "request_headers",
                "query_parameters",
                "remote_address",
                "generic_key",
                "header_value_match",
                "masked_remote_address",
                "query_parameter_value_match",
                "metadata",
            ),
            True,
        ),
    )
    __unsupported__ = {"dynamic_metadata": "use metadata", "extension": ""}

    source_cluster: Empty | None = None
    destination_cluster: Empty | None = None
    request_headers: RequestHeaders | None = None
    query_parameters: QueryParameters | None = None
    remote_address: Empty | None = None
    generic_key: GenericKey | None = None
    header_value_match: HeaderValueMatch | None = None
    masked_remote_address: MaskedRemoteAddress | None = None
    query_parameter_value_match: QueryParameterValueMatch | None = None
    metadata: MetadataAction | None = None


class DynamicMetadataOverride(Record):
    metadata_key: MetadataKey


class Override(Record):
    __oneofs__ = (OneOf("override_specifier", ("dynamic_metadata",), True),)

    dynamic_metadata: DynamicMetadataOverride | None = None


class HitsAddend(Record):
    number: Annotated[UInt64, Meta(le=1_000_000_000)] | None = None
    format: Annotated[str, Meta(pattern=r"^(%.*%)?$")] = ""
    is_negative_hits: bool = False


class XRateLimitOption(Enum):
    UNSPECIFIED = 0
    OFF = 1
    DRAFT_VERSION_03 = 2


class RateLimit(Record):
    actions: Annotated[list[RateLimitAction], Meta(min_length=1)]
    stage: Annotated[UInt32, Meta(le=10)] | None = None
    disable_key: str = ""
    limit: Override | None = None
    hits_addend: HitsAddend | None = None
    apply_on_stream_done: bool = False
    x_ratelimit_option: XRateLimitOption = XRateLimitOption.UNSPECIFIED


class TokenBucket(Record):
    fill_interval: Annotated[Duration, Meta(gt=0, lt=9_223_372_036)]
    max_tokens: UInt32 = 0  # Envoy 1.40 loads 0 too: nothing gets through
    tokens_per_fill: Annotated[UInt32, Meta(gt=0)] = 1


class DescriptorEntry(Record):
    key: NonEmpty
    value: str = ""


class LocalRateLimitDescriptor(Record):
    entries: Annotated[list[DescriptorEntry], Meta(min_length=1)]
    token_bucket: TokenBucket
    shadow_mode: bool = False


class StatusCode(Enum):
    """Names of ``envoy.type.v3.StatusCode`` (0, Empty, is refused there as well)."""

    Continue = 100
    OK = 200
    Created = 201
    Accepted = 202
    NonAuthoritativeInformation = 203
    NoContent = 204
    ResetContent = 205
    PartialContent = 206
    MultiStatus = 207
    AlreadyReported = 208
    IMUsed = 226
    MultipleChoices = 300
    MovedPermanently = 301
    Found = 302
    SeeOther = 303
    NotModified = 304
    UseProxy = 305
    TemporaryRedirect = 307
    PermanentRedirect = 308
    BadRequest = 400
    Unauthorized = 401
    PaymentRequired = 402
    Forbidden = 403
    NotFound = 404
    MethodNotAllowed = 405
    NotAcceptable = 406
    ProxyAuthenticationRequired = 407
    RequestTimeout = 408
    Conflict = 409
    Gone = 410
    LengthRequired = 411
    PreconditionFailed = 412
    PayloadTooLarge = 413
    URITooLong = 414
    UnsupportedMediaType = 415
    RangeNotSatisfiable = 416
    ExpectationFailed = 417
    MisdirectedRequest = 421
    UnprocessableEntity = 422
    Locked = 423
    FailedDependency = 424
    UpgradeRequired = 426
    PreconditionRequired = 428
    TooManyRequests = 429
    RequestHeaderFieldsTooLarge = 431
    InternalServerError = 500
    NotImplemented = 501
    BadGateway = 502
    ServiceUnavailable = 503
    GatewayTimeout = 504
    HTTPVersionNotSupported = 505
    VariantAlsoNegotiates = 506
    InsufficientStorage = 507
    LoopDetected = 508
    NotExtended = 510
    NetworkAuthenticationRequired = 511


class HttpStatus(Record):
    code: StatusCode


class XRateLimitHeaders(Enum):
    OFF = 0
    DRAFT_VERSION_03 = 1


class VhRateLimits(Enum):
    OVERRIDE = 0
    INCLUDE = 1
    IGNORE = 2


class LocalRateLimit(Record):
    stat_prefix: NonEmpty
    status: HttpStatus | None = None
    token_bucket: TokenBucket | None = None
    filter_enabled: RuntimeFractionalPercent | None = None
    filter_enforced: RuntimeFractionalPercent | None = None
    request_headers_to_add_when_not_enforced: Annotated[list[HeaderValueOption], Meta(max_length=10)] = []
    response_headers_to_add: Annotated[list[HeaderValueOption], Meta(max_length=10)] = []
    descriptors: list[LocalRateLimitDescriptor] = []
    stage: Annotated[UInt32, Meta(le=10)] = 0
    local_rate_limit_per_downstream_connection: bool = False
    enable_x_ratelimit_headers: XRateLimitHeaders = XRateLimitHeaders.OFF
    vh_rate_limits: VhRateLimits = VhRateLimits.OVERRIDE
    always_consume_default_token_bucket: bool = True
    rate_limited_as_resource_exhausted: bool = False
    rate_limits: list[RateLimit] = []
    local_cluster_rate_limit: Empty | None = None
    max_dynamic_descriptors: Annotated[UInt32, Meta(gt=0)] = 20
