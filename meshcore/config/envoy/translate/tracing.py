"""Tracing and request ids: what is traced, what the upstream is told, and what spans tell."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from meshcore.config.envoy.runtime import fraction
from meshcore.config.envoy.schema import route as route_schema
from meshcore.config.envoy.schema.base import FractionalPercent, Percent
from meshcore.config.envoy.schema.connection_manager import HttpConnectionManager, Tracing
from meshcore.config.envoy.translate.context import Context
from meshcore.config.envoy.translate.spans import custom_tags, operation
from meshcore.config.schema import Record, path_of
from meshcore.model import DEFAULT_PATH_TAG_LENGTH, Fraction, TraceSampling, TracingOptions

__all__ = ["route_sampling", "tracing_options"]

#: The runtime keys of the three shares.
_CLIENT, _RANDOM, _OVERALL = "tracing.client_enabled", "tracing.random_sampling", "tracing.global_enabled"


class TraceContextOption(Enum):
    USE_B3 = 0
    USE_B3_WITH_W3C_PROPAGATION = 1


class ZipkinConfig(Record):
    """``envoy.config.trace.v3.ZipkinConfig``; spans go where the program says."""

    __ignored__ = frozenset(
        {
            "collector_cluster",
            "collector_endpoint",
            "collector_endpoint_version",
            "collector_hostname",
            "collector_service",
            "split_spans_for_request",  # Envoy changes the kinds of spans by it, and no ids
        }
    )

    trace_id_128bit: bool = False
    shared_span_context: bool = True
    trace_context_option: TraceContextOption = TraceContextOption.USE_B3


class OpenTelemetryConfig(Record):
    """``envoy.config.trace.v3.OpenTelemetryConfig``."""

    __ignored__ = frozenset(
        {"grpc_service", "http_service", "service_name", "resource_detectors", "max_cache_size"}
    )
    __unsupported__ = {"sampler": ""}  # noqa: RUF012 (a ClassVar of Record)


class UuidRequestIdConfig(Record):
    """``envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig``."""

    pack_trace_reason: bool = True
    use_request_id_for_trace_sampling: bool = True


_PROVIDERS: dict[str, type[Record]] = {
    "envoy.config.trace.v3.ZipkinConfig": ZipkinConfig,
    "envoy.config.trace.v3.OpenTelemetryConfig": OpenTelemetryConfig,
}
_REQUEST_IDS: dict[str, type[Record]] = {
    "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig": UuidRequestIdConfig,
}


def tracing_options(context: Context, manager: HttpConnectionManager) -> TracingOptions | None:
    ids = _request_ids(context, manager)
    config = manager.tracing
    if config is None:
        return None
    options = TracingOptions(
        sampling=_sampling(context, config),
        spawn_upstream_span=bool(config.spawn_upstream_span),
        pack_trace_reason=ids.pack_trace_reason,
        use_request_id=ids.use_request_id_for_trace_sampling,
        custom_tags=custom_tags(context, config.custom_tags, None),
        max_path_tag_length=_path_length(config),
        operation=operation(context, config, "operation"),
        upstream_operation=operation(context, config, "upstream_operation"),
    )
    provider = config.provider
    if provider is None:
        return options
    if provider.typed_config is None:
        context.error(provider, "typed_config", "missing, but required")
        return options
    path = path_of(provider, "typed_config")
    _, settings = context.decode_typed(provider.typed_config, path, _PROVIDERS)
    if isinstance(settings, ZipkinConfig):
        return replace(
            options,
            provider="zipkin",
            trace_context=settings.trace_context_option.name,
            shared_span_context=settings.shared_span_context,
            trace_id_128bit=settings.trace_id_128bit,
        )
    return replace(options, provider="opentelemetry")


def _path_length(config: Tracing) -> int:
    length = config.max_path_tag_length
    return DEFAULT_PATH_TAG_LENGTH if length is None else length


def _request_ids(context: Context, manager: HttpConnectionManager) -> UuidRequestIdConfig:
    extension = manager.request_id_extension
    if extension is None:
        return UuidRequestIdConfig()
    if extension.typed_config is None:
        context.error(extension, "typed_config", "missing, but required")
        return UuidRequestIdConfig()
    path = path_of(extension, "typed_config")
    _, settings = context.decode_typed(extension.typed_config, path, _REQUEST_IDS)
    return settings if isinstance(settings, UuidRequestIdConfig) else UuidRequestIdConfig()


def _sampling(context: Context, config: Tracing) -> TraceSampling:
    """The connection manager's shares: whole percents, and hundredths of random sampling, as in Envoy."""
    random = config.random_sampling.value if config.random_sampling is not None else 100.0
    return TraceSampling(
        client=context.runtime.share(_CLIENT) or _whole(config.client_sampling),
        random=context.runtime.share(_RANDOM) or Fraction(int(random * 100 + 0.5), 10_000),
        overall=context.runtime.share(_OVERALL) or _whole(config.overall_sampling),
    )


def _whole(percent: Percent | None) -> Fraction:
    return Fraction(100 if percent is None else int(percent.value))


def route_sampling(context: Context, tracing: route_schema.Tracing | None) -> TraceSampling | None:
    """A route's shares: they count in place of the connection manager's, those left out as well."""
    if tracing is None:
        return None
    return TraceSampling(
        client=context.runtime.share(_CLIENT) or _share(tracing.client_sampling),
        random=context.runtime.share(_RANDOM) or _share(tracing.random_sampling),
        overall=context.runtime.share(_OVERALL) or _share(tracing.overall_sampling),
    )


def _share(percent: FractionalPercent | None) -> Fraction:
    return Fraction(100) if percent is None else fraction(percent)
