"""Findings about Sidecars, policies, Telemetry and EnvoyFilters."""

from __future__ import annotations

__all__ = ["TEXTS"]

_PODS = """
apiVersion: v1
kind: Pod
metadata: {name: cart, labels: {app: cart, tier: back, sidecar.istio.io/inject: "true"}}
---"""


def _of(group: str, kind: str, name: str, spec: str) -> str:
    lines = "\n".join(f"  {line}" for line in spec.strip("\n").splitlines())
    return f"\napiVersion: {group}\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{lines}\n"


def _sidecar(name: str, selector: str = "") -> str:
    chosen = f"workloadSelector:\n  labels: {{{selector}}}\n" if selector else ""
    return _of("networking.istio.io/v1", "Sidecar", name, f'{chosen}egress:\n- hosts: ["./*"]')


def _telemetry(name: str, selector: str = "") -> str:
    chosen = f"selector:\n  matchLabels: {{{selector}}}\n" if selector else ""
    logging = "accessLogging:\n- providers:\n  - {name: envoy}"
    return _of("telemetry.istio.io/v1", "Telemetry", name, chosen + logging)


def _filter(apply_to: str, operation: str, head: str = "", match: str = "") -> str:
    patch = f"configPatches:\n- applyTo: {apply_to}\n{match}  patch:\n    operation: {operation}\n"
    value = "    value: {name: mine}"
    return _of("networking.istio.io/v1alpha3", "EnvoyFilter", "mine", f"{head}{patch}{value}")


_VERSION = "  match:\n    proxy: {proxyVersion: ^1\\.20.*}\n"
_TWICE = _filter("HTTP_FILTER", "INSERT_FIRST", "", _VERSION)

TEXTS: dict[str, tuple[str, str, str]] = {
    "IST0110": (
        """A workload has one Sidecar. Of several that select it, one counts, and which is not defined.""",
        _PODS + _sidecar("by-app", "app: cart") + "---" + _sidecar("by-tier", "tier: back"),
        _PODS + _sidecar("by-app", "app: cart"),
    ),
    "IST0111": (
        """A Sidecar without a selector is for all workloads of its namespace. Of several, one counts.""",
        _sidecar("one") + "---" + _sidecar("other"),
        _sidecar("one"),
    ),
    "IST0127": (
        """The policy is in force nowhere: no workload of the mesh has the labels, or none is in the
        namespace. What it was to forbid is allowed.""",
        _PODS
        + _of("security.istio.io/v1", "AuthorizationPolicy", "cart", "selector:\n  matchLabels: {app: crat}"),
        _PODS
        + _of("security.istio.io/v1", "AuthorizationPolicy", "cart", "selector:\n  matchLabels: {app: cart}"),
    ),
    "IST0151": (
        """The order of EnvoyFilters without priority is that of their creation. A patch that is relative
        to what another adds is lost if it comes first.""",
        _filter("HTTP_FILTER", "INSERT_BEFORE"),
        _filter("HTTP_FILTER", "INSERT_BEFORE", "priority: 10\n"),
    ),
    "IST0152": (
        """REPLACE can replace filters; anything else it leaves as it is.""",
        _filter("CLUSTER", "REPLACE"),
        _filter("CLUSTER", "MERGE"),
    ),
    "IST0153": (
        """Routes cannot be added to what a gateway or sidecar serves in this way: the patch is ignored.""",
        _filter("HTTP_ROUTE", "ADD"),
        _filter("HTTP_ROUTE", "INSERT_FIRST"),
    ),
    "IST0154": (
        """Routes cannot be removed in this way: the patch is ignored.""",
        _filter("HTTP_ROUTE", "REMOVE"),
        _filter("HTTP_FILTER", "REMOVE", "priority: 10\n"),
    ),
    "IST0155": (
        """The patch is relative to one that is only for some versions of the proxy, so during an upgrade
        it may find nothing to be relative to. Set a priority.""",
        _TWICE
        + "---"
        + _filter("HTTP_FILTER", "INSERT_BEFORE").replace("name: mine}\nspec", "name: other}\nspec"),
        _TWICE
        + "---"
        + _filter("HTTP_FILTER", "INSERT_BEFORE", "priority: 10\n").replace(
            "name: mine}\nspec", "name: other}\nspec"
        ),
    ),
    "IST0157": (
        """Access logging says where to write by its providers, or by the default of the mesh
        configuration (defaultProviders.accessLogging). With neither nothing is written.""",
        _of("telemetry.istio.io/v1", "Telemetry", "logging", "accessLogging:\n- disabled: false"),
        _telemetry("logging"),
    ),
    "IST0159": (
        """A workload has one Telemetry resource with a selector. Of several, one counts.""",
        _PODS + _telemetry("by-app", "app: cart") + "---" + _telemetry("by-tier", "tier: back"),
        _PODS + _telemetry("by-app", "app: cart"),
    ),
    "IST0160": (
        """A Telemetry resource without a selector is for its whole namespace. Of several, one counts.""",
        _telemetry("one") + "---" + _telemetry("other"),
        _telemetry("one"),
    ),
    "IST0167": (
        """In ambient mode there is no sidecar that a Sidecar resource could narrow.""",
        """
apiVersion: v1
kind: Namespace
metadata: {name: default, labels: {istio.io/dataplane-mode: ambient}}
---"""
        + _sidecar("all"),
        """
apiVersion: v1
kind: Namespace
metadata: {name: default, labels: {istio-injection: enabled}}
---"""
        + _sidecar("all"),
    ),
}
