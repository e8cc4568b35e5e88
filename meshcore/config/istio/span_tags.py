"""What spans of a workload tell beside Envoy's tags: Istio's own, and those that its documents add."""

from __future__ import annotations

from collections.abc import Mapping

from meshcore.config.findings import Findings
from meshcore.config.istio.matching import Client
from meshcore.config.istio.schema.proxy_settings import ProxyTag
from meshcore.config.istio.schema.telemetry import CustomTag as TagSchema
from meshcore.config.schema import error_at
from meshcore.model import CustomTag, CustomTagKind
from meshcore.model.format import FormatError, parse_format

__all__ = ["canonical_service", "span_tags"]

#: Labels that name a workload's service and version, the first that is there.
_SERVICE = ("service.istio.io/canonical-name", "app.kubernetes.io/name", "app")
_REVISION = ("service.istio.io/canonical-revision", "app.kubernetes.io/version", "version")


def span_tags(
    tags: Mapping[str, TagSchema] | Mapping[str, ProxyTag],
    client: Client,
    findings: Findings,
    *,
    istio: bool,
) -> tuple[CustomTag, ...]:
    """Sorted by name. ``istio``: with those that Istio adds, as far as the workload is known."""
    found = _of_istio(client) if istio else {}
    for name, tag in tags.items():
        found.setdefault(name, _tag(name, tag, findings))
    return tuple(found[name] for name in sorted(found))


def canonical_service(labels: Mapping[str, str]) -> str:
    """Istio's name for the service of a workload with these labels; "" where they tell none."""
    return next((labels[key] for key in _SERVICE if key in labels), "")


def _of_istio(client: Client) -> dict[str, CustomTag]:
    labels = client.labels
    service = canonical_service(labels)
    revision = next((labels[key] for key in _REVISION if key in labels), "latest" if labels else "")
    texts = {
        "istio.canonical_service": service,
        "istio.canonical_revision": revision,
        "istio.namespace": client.namespace,
    }
    return {name: CustomTag(name, CustomTagKind.LITERAL, text) for name, text in texts.items() if text}


def _tag(name: str, tag: TagSchema | ProxyTag, findings: Findings) -> CustomTag:
    if tag.environment is not None:
        variable = tag.environment
        return CustomTag(name, CustomTagKind.ENVIRONMENT, variable.name, variable.default_value)
    if tag.header is not None:
        header = tag.header
        return CustomTag(name, CustomTagKind.REQUEST_HEADER, header.name.lower(), header.default_value)
    if isinstance(tag, TagSchema) and tag.formatter is not None:
        try:
            parse_format(tag.formatter.value)
        except FormatError as error:
            error_at(findings, tag.formatter, "value", f"not a format that is supported: {error}")
        return CustomTag(name, CustomTagKind.FORMAT, tag.formatter.value)
    return CustomTag(name, CustomTagKind.LITERAL, tag.literal.value if tag.literal is not None else "")
