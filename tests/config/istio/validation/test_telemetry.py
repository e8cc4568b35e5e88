"""Telemetry, and the kinds of code that runs in proxies."""

from __future__ import annotations

import pytest
from istio_support import checked, document

GROUPS = {
    "Telemetry": "telemetry.istio.io/v1",
    "WasmPlugin": "extensions.istio.io/v1alpha1",
    "TrafficExtension": "extensions.istio.io/v1alpha1",
    "ProxyConfig": "networking.istio.io/v1beta1",
}


def of(kind: str, spec: str) -> tuple[list[str], list[str]]:
    return checked(document(kind, spec, group=GROUPS[kind]))


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("Telemetry", "{}"),
        ("Telemetry", "{tracing: [{randomSamplingPercentage: 0.5, customTags: {a: {literal: {value: b}}}}]}"),
        ("Telemetry", "{metrics: [{overrides: [{tagOverrides: {a: {value: b}, c: {operation: REMOVE}}}]}]}"),
        ("Telemetry", "{metrics: [{overrides: [{match: {metric: REQUEST_COUNT, mode: SERVER}}]}]}"),
        ("Telemetry", "{accessLogging: [{providers: [{name: a}], filter: {expression: 'true'}}]}"),
        ("WasmPlugin", "{url: 'oci://a.b/c:d', phase: AUTHN, pluginConfig: {a: [1]}, priority: 3}"),
        ("WasmPlugin", "{url: 'a.b:5000/c:d'}"),
        ("WasmPlugin", "{url: a, vmConfig: {env: [{name: a, value: b}, {name: c, valueFrom: HOST}]}}"),
        ("TrafficExtension", "{lua: {inlineCode: 'x'}, match: [{mode: CLIENT, ports: [{number: 80}]}]}"),
        ("ProxyConfig", "{concurrency: 0, environmentVariables: {A: b}, image: {imageType: distroless}}"),
    ],
)
def test_good(kind: str, spec: str) -> None:
    assert of(kind, spec) == ([], [])


@pytest.mark.parametrize(
    ("kind", "spec", "path", "words"),
    [
        ("Telemetry", "{tracing: [{providers: [{}]}]}", "spec.tracing[0].providers[0].name", "missing"),
        ("Telemetry", "{tracing: [{randomSamplingPercentage: 101}]}", "spec.tracing[0]", "from 0 to 100"),
        ("Telemetry", "{tracing: [{customTags: {'': {literal: {value: a}}}}]}", "spec.tracing", "without a"),
        ("Telemetry", "{tracing: [{customTags: {a: {literal: {}}}}]}", "spec.tracing[0]", "missing"),
        ("Telemetry", "{tracing: [{customTags: {a: {header: {}}}}]}", "spec.tracing[0]", "missing"),
        ("Telemetry", "{metrics: [{overrides: [{tagOverrides: {a: {}}}]}]}", "spec.metrics[0]", "UPSERT"),
        (
            "Telemetry",
            "{metrics: [{overrides: [{tagOverrides: {a: {operation: REMOVE, value: b}}}]}]}",
            "spec.metrics[0].overrides[0].tagOverrides.a.value",
            "REMOVE",
        ),
        ("Telemetry", "{metrics: [{overrides: [{match: {customMetric: ''}}]}]}", "spec.metrics", "not empty"),
        ("Telemetry", "{metrics: [{reportingInterval: 0s}]}", "spec.metrics[0]", "at least 1ms"),
        ("Telemetry", "{accessLogging: [{providers: [{}]}]}", "spec.accessLogging[0]", "missing"),
        ("WasmPlugin", "{}", "spec.url", "missing"),
        ("WasmPlugin", "{url: 'ftp://a'}", "spec.url", "oci"),
        ("WasmPlugin", "{url: 'http://[a'}", "spec.url", "oci"),
        ("WasmPlugin", "{url: a, sha256: abc}", "spec.sha256", "64 hexadecimal digits"),
        ("WasmPlugin", "{url: a, vmConfig: {env: [{name: a}, {name: a}]}}", "spec.vmConfig", "another"),
        (
            "WasmPlugin",
            "{url: a, vmConfig: {env: [{name: a, valueFrom: HOST, value: b}]}}",
            "spec.vmConfig.env[0].value",
            "HOST",
        ),
        (
            "WasmPlugin",
            "{url: a, match: [{ports: [{number: 0}]}]}",
            "spec.match[0].ports[0].number",
            "from 1",
        ),
        ("TrafficExtension", "{}", "spec", "one of wasm, lua"),
        ("TrafficExtension", "{wasm: {url: a}, lua: {inlineCode: a}}", "spec.lua", "only one of them"),
        ("TrafficExtension", "{wasm: {url: 'ftp://a'}}", "spec.wasm.url", "oci"),
        ("ProxyConfig", "{concurrency: -1}", "spec.concurrency", "found the number -1"),
    ],
)
def test_bad(kind: str, spec: str, path: str, words: str) -> None:
    errors, _ = of(kind, spec)
    assert any(error.startswith(path) and words in error for error in errors), errors


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("{tracing: [{}, {}]}", "spec.tracing: Istio supports one; of more, the later go before the earlier"),
        ("{tracing: [{providers: [{name: a}, {name: b}]}]}", "providers: only the first is used"),
    ],
)
def test_what_there_are_several_of(spec: str, message: str) -> None:
    errors, warnings = of("Telemetry", spec)
    assert errors == []
    assert message in warnings[0]
