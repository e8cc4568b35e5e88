"""Istio's Telemetry: whether the requests of a workload are logged, and what is told to have no effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from test_istio_tracing import GATEWAYS, RULES, loaded, telemetry

from meshcore.config.node import Node

FILES = {"name": "files", "envoyFileAccessLog": {"path": "/dev/stdout"}}
SERVICE = {"name": "als", "envoyHttpAls": {"service": "als.example", "port": 9000}}
ZIPKIN = {"name": "zipkin", "zipkin": {"service": "zipkin.example", "port": 9411}}
PROVIDERS = {"extensionProviders": [FILES, SERVICE, ZIPKIN]}
WITH_DEFAULT = {**PROVIDERS, "defaultProviders": {"accessLogging": ["envoy"]}}


def logged(
    documents: Sequence[str], mesh: Mapping[str, Any] = PROVIDERS, node: Node | None = None
) -> tuple[bool, list[str]]:
    config = loaded(documents, dict(mesh), node)
    (found,) = {it.options.access_log for it in config.listeners}
    return found, [str(it) for it in config.warnings]


def of(*specs: str) -> list[str]:
    """Telemetry of the mesh, of the namespace, of the workload."""
    places = [("istio-system", ""), ("default", ""), ("default", "selector: {matchLabels: {app: a}}, ")]
    return [
        telemetry(f"t{i}", f"{{{selector}accessLogging: [{spec}]}}", namespace)
        for i, (spec, (namespace, selector)) in enumerate(zip(specs, places, strict=False))
    ]


ENVOY, ALS = "providers: [{name: envoy}]", "providers: [{name: als}]"


@pytest.mark.parametrize(
    ("mesh", "specs", "expected"),
    [
        (PROVIDERS, (), True),
        (WITH_DEFAULT, (), True),
        (WITH_DEFAULT, ("{disabled: true}",), False),
        (WITH_DEFAULT, ("{disabled: true}", "{disabled: false}"), True),
        (WITH_DEFAULT, ("{disabled: true}", "{}", "{disabled: true}"), False),
        (PROVIDERS, (f"{{{ENVOY}}}",), True),
        (PROVIDERS, (f"{{{ENVOY}, disabled: true}}",), False),
        (PROVIDERS, (f"{{{ENVOY}}}", "{disabled: true}"), False),
        (PROVIDERS, ("{providers: [{name: FILES}], disabled: true}",), False),
        (PROVIDERS, (f"{{{ENVOY}, disabled: true}}, {{{ALS}}}",), True),
        (WITH_DEFAULT, ("{disabled: true, match: {mode: SERVER}}",), True),
        (WITH_DEFAULT, ("{disabled: true, match: {mode: CLIENT}}",), False),
        # A provider that a nearer Telemetry does not name is out of scope, whatever was said of it.
        (PROVIDERS, (f"{{{ENVOY}, disabled: true}}", f"{{{ALS}}}"), True),
        (PROVIDERS, (f"{{{ENVOY}}}", f"{{{ALS}, disabled: true}}"), False),
        # What is not meant, is not there or does not log leaves it to the program.
        (PROVIDERS, ("{disabled: true}",), True),
        (PROVIDERS, ("{providers: [{name: nowhere}], disabled: true}",), True),
        (PROVIDERS, ("{providers: [{name: zipkin}], disabled: true}",), True),
    ],
)
def test_providers_are_enabled_and_disabled(
    mesh: Mapping[str, Any], specs: tuple[str, ...], expected: bool
) -> None:
    assert logged(of(*specs), mesh, Node(labels={"app": "a"}))[0] is expected


def test_a_gateway_has_its_own() -> None:
    own = "{selector: {matchLabels: {istio: edge}}, accessLogging: [{disabled: true}]}"
    documents = [GATEWAYS, RULES, *of(f"{{{ENVOY}}}"), telemetry("edge", own, "default")]
    edge = Node(gateway="edge", labels={"istio": "edge"})
    assert logged(documents, node=edge)[0] is False
    assert logged(documents)[0] is True


@pytest.mark.parametrize(
    ("spec", "warning"),
    [
        (f"{{{ENVOY}}}", None),
        (
            f"{{{ENVOY}, filter: {{expression: 'true'}}}}",
            "expression: is not evaluated: every",
        ),
        (f"{{{ALS}}}", "no logs are sent to 'als': the program writes its own"),
        ("{providers: [{name: zipkin}]}", "the provider 'zipkin' does not log"),
        ("{providers: [{name: prometheus}]}", "the provider 'prometheus' does not log"),
        (
            "{providers: [{name: fles}]}",
            "no extension provider 'fles'; did you mean 'files'?; no log",
        ),
        (
            "{disabled: true}",
            "accessLogging: has no effect: neither it nor the mesh (default",
        ),
        (
            f"{{{ENVOY}, match: {{mode: SERVER}}}}",
            "mode: has no effect here: requests that come",
        ),
    ],
)
def test_what_has_no_effect_is_told(spec: str, warning: str | None) -> None:
    warnings = logged(of(spec))[1]
    assert len(warnings) == (warning is not None)
    assert all(warning in it for it in warnings if warning is not None)
