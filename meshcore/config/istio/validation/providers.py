"""The rules of MeshConfig's providers, and of the tracers that proxies are started with."""

from __future__ import annotations

from collections.abc import Sequence

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.names import is_address
from meshcore.config.istio.schema.providers import (
    ExtensionProvider,
    LightstepProvider,
    OpenTelemetryProvider,
    ServiceProvider,
)
from meshcore.config.istio.schema.proxy_settings import Collector, ProxySettings, ProxyTracing
from meshcore.config.istio.validation.common import check_port, require
from meshcore.config.istio.validation.destination_rule import check_client_tls
from meshcore.config.istio.validation.names import is_domain, is_label
from meshcore.config.schema import error_at, is_set, warn_at

__all__ = ["check_providers", "check_proxy_settings"]

#: Stands for an address that each proxy fills in by itself.
HOST_IP = "$(HOST_IP)"


def check_providers(providers: Sequence[ExtensionProvider], findings: Findings) -> None:
    known: set[str] = set()
    for provider in providers:
        require(findings, provider, "name")
        if provider.name in known:
            error_at(findings, provider, "name", f"there is a provider {provider.name!r} already")
        known.add(provider.name)
        settings = getattr(provider, provider.kind)
        if isinstance(settings, ServiceProvider):
            _check_service(settings, findings)


def _check_service(provider: ServiceProvider, findings: Findings) -> None:
    require(findings, provider, "service")
    namespace, slash, host = provider.service.rpartition("/")
    bad = slash and not is_label(namespace)
    if provider.service and (bad or not (is_domain(host) or (not slash and is_address(host)))):
        found = quoted(provider.service)
        error_at(findings, provider, "service", found=found, expected="a host name, or namespace/host")
    check_port(findings, provider, "port", provider.port)
    if isinstance(provider, LightstepProvider):
        require(findings, provider, "access_token")
    if isinstance(provider, OpenTelemetryProvider) and provider.http and provider.grpc:
        error_at(findings, provider, "http", "cannot be together with grpc")


def check_proxy_settings(settings: ProxySettings, findings: Findings) -> None:
    if settings.tracing is not None:
        _check_tracing(settings.tracing, findings)


def _check_tracing(tracing: ProxyTracing, findings: Findings) -> None:
    for name in ("zipkin", "lightstep", "datadog"):
        collector = getattr(tracing, name)
        if collector is not None:
            _check_address(collector, findings)
    if tracing.lightstep is not None:
        require(findings, tracing.lightstep, "access_token")
    check_client_tls(tracing.tls_settings, "", findings)
    if is_set(tracing, "sampling") and not 0 < tracing.sampling <= 100:
        message = "Istio takes it for the default, 1 %"
        expected = "more than 0, at most 100; Telemetry's randomSamplingPercentage may be 0"
        warn_at(findings, tracing, "sampling", message, found=f"{tracing.sampling:g}", expected=expected)


def _check_address(collector: Collector, findings: Findings) -> None:
    host, _, port = collector.address.replace(HOST_IP, "127.0.0.1", 1).rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    good = port.isascii() and port.isdigit() and 1 <= int(port) <= 65535
    if not good or not (is_domain(host) or is_address(host)):
        found = quoted(collector.address)
        error_at(findings, collector, "address", found=found, expected="host:port")
