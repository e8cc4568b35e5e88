"""EnvoyFilter: what is patched, where, and with what must fit together."""

from __future__ import annotations

import pytest
from istio_support import checked, document

PATCH = "patch: {operation: MERGE, value: {a: 1}}"
MANAGER = "envoy.filters.network.http_connection_manager"


def patched(patch: str) -> tuple[list[str], list[str]]:
    group = "networking.istio.io/v1alpha3"
    errors, warnings = checked(document("EnvoyFilter", f"{{configPatches: [{patch}]}}", group=group))
    general, *rest = warnings
    assert "may change with every version" in general
    return errors, rest


@pytest.mark.parametrize(
    "patch",
    [
        f"{{applyTo: CLUSTER, match: {{cluster: {{service: a}}}}, {PATCH}}}",
        f"{{applyTo: HTTP_ROUTE, match: {{routeConfiguration: {{vhost: {{name: a}}}}}}, {PATCH}}}",
        "{applyTo: NETWORK_FILTER, patch: {operation: REMOVE}}",
        f"{{applyTo: HTTP_FILTER, match: {{listener: {{filterChain: {{filter: {{name: {MANAGER}, "
        f"subFilter: {{name: a}}}}}}}}}}, {PATCH}}}",
        "{match: {context: WAYPOINT, waypoint: {portNumber: 80}}}",
    ],
)
def test_good(patch: str) -> None:
    assert patched(patch) == ([], [])


@pytest.mark.parametrize(
    ("patch", "path", "words"),
    [
        (f"{{{PATCH}}}", "spec.configPatches[0].applyTo", "missing"),
        ("{applyTo: CLUSTER}", "spec.configPatches[0].patch", "missing"),
        ("{applyTo: CLUSTER, patch: {value: {}}}", "spec.configPatches[0].patch.operation", "missing"),
        (
            "{applyTo: CLUSTER, patch: {operation: ADD}}",
            "spec.configPatches[0].patch.value",
            "for operation ADD",
        ),
        (
            f"{{applyTo: CLUSTER, match: {{listener: {{}}}}, {PATCH}}}",
            "spec.configPatches[0]",
            "does not fit",
        ),
        (
            f"{{applyTo: LISTENER, match: {{cluster: {{}}}}, {PATCH}}}",
            "spec.configPatches[0]",
            "does not fit",
        ),
        (
            f"{{applyTo: VIRTUAL_HOST, match: {{cluster: {{}}}}, {PATCH}}}",
            "spec.configPatches[0].match.cluster",
            "expected routeConfiguration",
        ),
        (
            f"{{applyTo: CLUSTER, match: {{proxy: {{proxyVersion: '('}}}}, {PATCH}}}",
            "spec.configPatches[0].match.proxy.proxyVersion",
            "an RE2 expression",
        ),
        (
            f"{{applyTo: HTTP_FILTER, match: {{listener: {{filterChain: {{filter: {{}}}}}}}}, {PATCH}}}",
            "spec.configPatches[0].match.listener.filterChain.filter.name",
            "missing",
        ),
        (
            f"{{applyTo: NETWORK_FILTER, match: {{listener: {{filterChain: {{filter: {{name: {MANAGER}, "
            f"subFilter: {{name: a}}}}}}}}}}, {PATCH}}}",
            "spec.configPatches[0].match.listener.filterChain.filter.subFilter",
            "no meaning for applyTo NETWORK_FILTER",
        ),
        (
            f"{{applyTo: HTTP_FILTER, match: {{listener: {{filterChain: {{filter: {{name: a, "
            f"subFilter: {{name: a}}}}}}}}}}, {PATCH}}}",
            "spec.configPatches[0].match.listener.filterChain.filter.name",
            MANAGER,
        ),
        ("{match: {waypoint: {}}}", "spec.configPatches[0].match.waypoint", "context WAYPOINT"),
    ],
)
def test_bad(patch: str, path: str, words: str) -> None:
    errors, _ = patched(patch)
    assert any(error.startswith(path) and words in error for error in errors), errors


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        (
            f"{{applyTo: HTTP_FILTER, match: {{listener: {{filterChain: {{filter: "
            f"{{name: envoy.http_connection_manager}}}}}}}}, {PATCH}}}",
            f"is an older name, expected {MANAGER}",
        ),
        (
            f"{{applyTo: LISTENER, match: {{listener: {{filterChain: {{filter: {{name: a}}}}}}}}, {PATCH}}}",
            "has no effect with applyTo LISTENER",
        ),
        (f"{{applyTo: CLUSTER, match: {{proxy: {{proxyVersion: {'a' * 1025}}}}}, {PATCH}}}", "left aside"),
    ],
)
def test_remarkable(patch: str, words: str) -> None:
    errors, warnings = patched(patch)
    assert errors == []
    assert any(words in warning for warning in warnings), warnings
