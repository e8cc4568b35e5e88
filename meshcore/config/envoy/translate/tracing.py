"""Tracing, as far as it changes headers and sampling."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from meshcore.config.envoy.schema.base import Percent
from meshcore.config.envoy.schema.connection_manager import HttpConnectionManager
from meshcore.config.envoy.translate.context import Context
from meshcore.config.schema import Record, path_of
from meshcore.model import TracingOptions

__all__ = ["tracing_options"]


class TraceContextOption(Enum):
    USE_B3 = 0
    USE_B3_WITH_W3C_PROPAGATION = 1


class ZipkinConfig(Record):
    """``envoy.config.trace.v3.ZipkinConfig``; where spans would go does not matter."""

    __ignored__ = frozenset(
        {
            "collector_cluster",
            "collector_endpoint",
            "collector_endpoint_version",
            "collector_hostname",
            "collector_service",
            "split_spans_for_request",
        }
    )
    __unsupported__ = {"trace_id_128bit": ""}  # noqa: RUF012 (a ClassVar of Record)

    shared_span_context: bool = True
    trace_context_option: TraceContextOption = TraceContextOption.USE_B3


class OpenTelemetryConfig(Record):
    """``envoy.config.trace.v3.OpenTelemetryConfig``."""

    __ignored__ = frozenset(
        {"grpc_service", "http_service", "service_name", "resource_detectors", "max_cache_size"}
    )
    __unsupported__ = {"sampler": ""}  # noqa: RUF012 (a ClassVar of Record)


_PROVIDERS: dict[str, type[Record]] = {
    "envoy.config.trace.v3.ZipkinConfig": ZipkinConfig,
    "envoy.config.trace.v3.OpenTelemetryConfig": OpenTelemetryConfig,
}


def tracing_options(context: Context, manager: HttpConnectionManager) -> TracingOptions | None:
    config = manager.tracing
    if config is None:
        return None
    context.pending(manager, "tracing", "tracing")
    options = TracingOptions(
        client_sampling=_percent(config.client_sampling),
        random_sampling=_percent(config.random_sampling),
        overall_sampling=_percent(config.overall_sampling),
        spawn_upstream_span=bool(config.spawn_upstream_span),
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
        )
    return replace(options, provider="opentelemetry")


def _percent(percent: Percent | None) -> float | None:
    return percent.value if percent is not None else None
