"""The rules of Telemetry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.telemetry import (
    CustomTag,
    Metrics,
    ProviderRef,
    TagOperation,
    TagOverride,
    Telemetry,
    Tracing,
)
from meshcore.config.istio.validation.common import check_duration, require
from meshcore.config.istio.validation.selectors import check_targets
from meshcore.config.schema import Record, error_at, is_set, warn_at

__all__ = ["check_telemetry"]


def check_telemetry(resource: Resource[Telemetry], findings: Findings) -> None:
    spec = resource.spec
    check_targets(spec, spec.selector, spec.target_ref, spec.target_refs, findings)
    if len(spec.tracing) > 1:
        warn_at(findings, spec, "tracing", "Istio supports one; of more, the later go before the earlier")
    for tracing in spec.tracing:
        _check_tracing(tracing, findings)
    for metrics in spec.metrics:
        _check_metrics(metrics, findings)
    for logging in spec.access_logging:
        _check_providers(logging.providers, findings)


def _check_providers(providers: Sequence[ProviderRef], findings: Findings) -> None:
    for provider in providers:
        require(findings, provider, "name")


def _check_tracing(tracing: Tracing, findings: Findings) -> None:
    if len(tracing.providers) > 1:
        warn_at(findings, tracing, "providers", "only the first is used")
    _check_providers(tracing.providers, findings)
    for name, tag in tracing.custom_tags.items():
        if not name:
            error_at(findings, tracing, "custom_tags", "a tag without a name")
        _check_tag(tag, findings)


def _check_tag(tag: CustomTag, findings: Findings) -> None:
    for value in (tag.literal, tag.formatter):
        if value is not None:
            require(findings, value, "value")
    for named in (tag.environment, tag.header):
        if named is not None:
            require(findings, named, "name")


def _check_metrics(metrics: Metrics, findings: Findings) -> None:
    _check_providers(metrics.providers, findings)
    for override in metrics.overrides:
        _check_overrides(override, override.tag_overrides, findings)
    check_duration(findings, metrics, "reporting_interval")


def _check_overrides(record: Record, tags: Mapping[str, TagOverride], findings: Findings) -> None:
    for name, tag in tags.items():
        if not name:
            warn_at(findings, record, "tag_overrides", "a tag without a name")
        if tag.operation is TagOperation.UPSERT:
            if not tag.value:
                error_at(findings, tag, "value", "missing, but required for operation UPSERT")
        elif is_set(tag, "value"):
            error_at(findings, tag, "value", "has no meaning for operation REMOVE", found=quoted(tag.value))
