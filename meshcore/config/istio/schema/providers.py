"""``MeshConfig.extensionProviders``: services beside the mesh, which Telemetry and policies name."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from meshcore.config.scalar_types import UInt32
from meshcore.config.schema import OneOf, Record

__all__ = [
    "DefaultProviders",
    "ExtensionProvider",
    "LightstepProvider",
    "OpenTelemetryProvider",
    "ServiceProvider",
    "TraceContextOption",
    "ZipkinProvider",
]


class ServiceProvider(Record):
    """What providers behind a service have in common."""

    service: str = ""
    port: UInt32 = 0


class TraceContextOption(Enum):
    USE_B3 = 0
    USE_B3_WITH_W3C_PROPAGATION = 1


class ZipkinProvider(ServiceProvider):
    __ignored__ = frozenset({"path", "timeout", "headers"})

    max_tag_length: UInt32 = 0
    enable_64bit_trace_id: bool = False
    trace_context_option: TraceContextOption = TraceContextOption.USE_B3


class LightstepProvider(ServiceProvider):
    max_tag_length: UInt32 = 0
    access_token: str = ""


class DatadogProvider(ServiceProvider):
    max_tag_length: UInt32 = 0


class OpenCensusProvider(ServiceProvider):
    __ignored__ = frozenset({"context", "max_tag_length"})


class SkyWalkingProvider(ServiceProvider):
    __ignored__ = frozenset({"access_token"})


class DynatraceSampler(Record):
    __ignored__ = frozenset({"tenant", "cluster_id", "root_spans_per_minute", "http_service"})


class Exporter(Record):
    """How proxies export spans; a program has its own exporter."""

    __ignored__ = frozenset({"path", "timeout", "headers", "initial_metadata"})


class OpenTelemetryProvider(ServiceProvider):
    __ignored__ = frozenset({"resource_detectors", "service_attribute_enrichment"})

    max_tag_length: UInt32 = 0
    http: Exporter | None = None
    grpc: Exporter | None = None
    dynatrace_sampler: DynatraceSampler | None = None


class AuthorizationProvider(ServiceProvider):
    """``envoyExtAuthzHttp`` and ``envoyExtAuthzGrpc``: policies that name them are refused."""

    __ignored__ = frozenset(
        {
            "clear_route_cache",
            "fail_open",
            "headers_to_downstream_on_allow",
            "headers_to_downstream_on_deny",
            "headers_to_upstream_on_allow",
            "include_additional_headers_in_check",
            "include_headers_in_check",
            "include_request_body_in_check",
            "include_request_headers_in_check",
            "path_prefix",
            "status_on_error",
            "timeout",
        }
    )


class LogService(ServiceProvider):
    __ignored__ = frozenset(
        {
            "additional_request_headers_to_log",
            "additional_response_headers_to_log",
            "additional_response_trailers_to_log",
            "filter_state_objects_to_log",
            "log_format",
            "log_name",
        }
    )


class Anything(Record):
    """A provider whose settings concern nobody here."""

    __open__: ClassVar[bool] = True


class ExtensionProvider(Record):
    __oneofs__: ClassVar[tuple[OneOf, ...]] = (
        OneOf(
            "provider",
            (
                "zipkin",
                "opentelemetry",
                "datadog",
                "skywalking",
                "lightstep",
                "opencensus",
                "stackdriver",
                "prometheus",
                "envoy_file_access_log",
                "envoy_http_als",
                "envoy_tcp_als",
                "envoy_otel_als",
                "envoy_ext_authz_http",
                "envoy_ext_authz_grpc",
                "sds",
            ),
            required=True,
        ),
    )

    name: str = ""
    zipkin: ZipkinProvider | None = None
    opentelemetry: OpenTelemetryProvider | None = None
    datadog: DatadogProvider | None = None
    skywalking: SkyWalkingProvider | None = None
    lightstep: LightstepProvider | None = None
    opencensus: OpenCensusProvider | None = None
    stackdriver: Anything | None = None
    prometheus: Anything | None = None
    envoy_file_access_log: Anything | None = None
    envoy_http_als: LogService | None = None
    envoy_tcp_als: LogService | None = None
    envoy_otel_als: LogService | None = None
    envoy_ext_authz_http: AuthorizationProvider | None = None
    envoy_ext_authz_grpc: AuthorizationProvider | None = None
    sds: Anything | None = None

    @property
    def kind(self) -> str:
        """The field that is set."""
        (group,) = self.__oneofs__
        return next(name for name in group.fields if getattr(self, name) is not None)


class DefaultProviders(Record):
    """Names of the providers that are used where no Telemetry names any."""

    __ignored__ = frozenset({"metrics"})

    tracing: list[str] = []
    access_logging: list[str] = []
