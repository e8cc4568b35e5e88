"""The rules of WasmPlugin, TrafficExtension and ProxyConfig."""

from __future__ import annotations

from urllib.parse import urlsplit

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.extensions import (
    TrafficExtension,
    ValueSource,
    VmConfig,
    WasmConfig,
    WasmPlugin,
)
from meshcore.config.istio.schema.proxy_config import ProxyConfig
from meshcore.config.istio.validation.selectors import check_selector, check_targets
from meshcore.config.schema import error_at, is_set

__all__ = ["check_proxy_config", "check_traffic_extension", "check_wasm_plugin"]

_SCHEMES = ("", "file", "http", "https", "oci")


def check_wasm_plugin(resource: Resource[WasmPlugin], findings: Findings) -> None:
    spec = resource.spec
    check_targets(spec, spec.selector, spec.target_ref, spec.target_refs, findings)
    _check_code(spec, findings)


def check_traffic_extension(resource: Resource[TrafficExtension], findings: Findings) -> None:
    spec = resource.spec
    check_targets(spec, spec.selector, None, spec.target_refs, findings)
    if spec.wasm is not None:
        _check_code(spec.wasm, findings)


def check_proxy_config(resource: Resource[ProxyConfig], findings: Findings) -> None:
    check_selector(resource.spec.selector, findings)


def _check_code(code: WasmPlugin | WasmConfig, findings: Findings) -> None:
    if not _is_location(code.url):
        expected = "an URL of scheme oci (the default), http, https or file"
        error_at(findings, code, "url", found=quoted(code.url), expected=expected)
    if code.vm_config is not None:
        _check_environment(code.vm_config, findings)


def _is_location(text: str) -> bool:
    """``example.com:5000/image:v1`` is a location without a scheme."""
    try:
        parts = urlsplit(text if "://" in text or text.startswith("/") else f"oci://{text}")
    except ValueError:
        return False
    return parts.scheme in _SCHEMES and bool(parts.netloc or parts.path) and not text.isspace()


def _check_environment(config: VmConfig, findings: Findings) -> None:
    names: set[str] = set()
    for variable in config.env:
        if variable.name in names:
            error_at(findings, variable, "name", f"there is another variable {variable.name!r}")
        names.add(variable.name)
        if variable.value_from is ValueSource.HOST and is_set(variable, "value"):
            error_at(findings, variable, "value", "has no meaning for valueFrom HOST")
