"""The filter that asks a rate limit service."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from meshcore.config.envoy.schema.base import HeaderValueOption, NonEmpty, RuntimeFractionalPercent
from meshcore.config.envoy.schema.ratelimit import HttpStatus, VhRateLimits, XRateLimitHeaders
from meshcore.config.envoy.schema.ratelimit import RateLimit as Descriptors
from meshcore.config.scalar_types import Duration, UInt32
from meshcore.config.schema import Meta, OneOf, Record

__all__ = ["ApiVersion", "GrpcService", "OverrideOption", "RateLimit", "RateLimitPerRoute"]


class EnvoyGrpc(Record):
    __unsupported__ = {"retry_policy": "", "max_receive_message_length": "", "skip_envoy_headers": ""}

    cluster_name: NonEmpty
    authority: str = ""


class GoogleGrpc(Record):
    __unsupported__ = {
        "channel_credentials": "use envoy_grpc and a cluster",
        "call_credentials": "use envoy_grpc and a cluster",
        "credentials_factory_name": "use envoy_grpc and a cluster",
        "config": "",
        "per_stream_buffer_limit_bytes": "",
        "channel_args": "",
    }
    __ignored__ = frozenset({"stat_prefix"})

    target_uri: NonEmpty


class GrpcService(Record):
    __oneofs__ = (OneOf("target_specifier", ("envoy_grpc", "google_grpc"), True),)
    __unsupported__ = {"initial_metadata": "", "retry_policy": ""}
    __noted__ = {"timeout": "has no effect: the filter's timeout counts"}

    envoy_grpc: EnvoyGrpc | None = None
    google_grpc: GoogleGrpc | None = None


class ApiVersion(Enum):
    AUTO = 0
    V2 = 1
    V3 = 2


class RateLimitServiceConfig(Record):
    grpc_service: GrpcService
    transport_api_version: ApiVersion = ApiVersion.AUTO


class RateLimit(Record):
    __ignored__ = frozenset({"stat_prefix"})

    domain: NonEmpty
    rate_limit_service: RateLimitServiceConfig
    stage: Annotated[UInt32, Meta(le=10)] = 0
    request_type: Annotated[str, Meta(pattern="^(internal|external|both|)$")] = ""
    timeout: Duration | None = None
    failure_mode_deny: bool = False
    rate_limited_as_resource_exhausted: bool = False
    enable_x_ratelimit_headers: XRateLimitHeaders = XRateLimitHeaders.OFF
    disable_x_envoy_ratelimited_header: bool = False
    rate_limited_status: HttpStatus | None = None
    response_headers_to_add: Annotated[list[HeaderValueOption], Meta(max_length=10)] = []
    status_on_error: HttpStatus | None = None
    filter_enabled: RuntimeFractionalPercent | None = None
    filter_enforced: RuntimeFractionalPercent | None = None
    failure_mode_deny_percent: RuntimeFractionalPercent | None = None
    rate_limits: list[Descriptors] = []


class OverrideOption(Enum):
    DEFAULT = 0
    OVERRIDE_POLICY = 1
    INCLUDE_POLICY = 2
    IGNORE_POLICY = 3


class RateLimitPerRoute(Record):
    vh_rate_limits: VhRateLimits = VhRateLimits.OVERRIDE
    override_option: OverrideOption = OverrideOption.DEFAULT
    rate_limits: list[Descriptors] = []
    domain: str = ""
