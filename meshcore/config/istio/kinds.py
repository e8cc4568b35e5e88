"""Which kinds of documents are served, left aside, or refused."""

from __future__ import annotations

from dataclasses import dataclass

from meshcore.config.findings import did_you_mean

__all__ = ["SERVED_KINDS", "Verdict", "kind_id", "verdict"]

NETWORKING = "networking.istio.io"
SECURITY = "security.istio.io"
GATEWAY_API = "gateway.networking.k8s.io"

#: Kinds that are served, with the versions of their API.
SERVED: dict[tuple[str, str], tuple[str, ...]] = {
    (NETWORKING, "VirtualService"): ("v1", "v1beta1", "v1alpha3"),
    (NETWORKING, "DestinationRule"): ("v1", "v1beta1", "v1alpha3"),
    (NETWORKING, "Gateway"): ("v1", "v1beta1", "v1alpha3"),
    (NETWORKING, "ServiceEntry"): ("v1", "v1beta1", "v1alpha3"),
    ("", "Service"): ("v1",),
    ("", "Endpoints"): ("v1",),
    ("", "Pod"): ("v1",),
    ("", "Namespace"): ("v1",),
    ("discovery.k8s.io", "EndpointSlice"): ("v1", "v1beta1"),
}
SERVED_KINDS = frozenset(kind for _, kind in SERVED)
_UNENFORCED = "serving without it would let through what it forbids"
_ROUTES = "its routes would be missing"
#: Kinds that change what happens to requests and that are not supported: why they cannot be left out.
REFUSED: dict[tuple[str, str], str] = {
    (SECURITY, "AuthorizationPolicy"): _UNENFORCED,
    (SECURITY, "PeerAuthentication"): _UNENFORCED,
    (SECURITY, "RequestAuthentication"): _UNENFORCED,
    (NETWORKING, "EnvoyFilter"): "it changes the proxy's configuration in ways that are not followed here",
    (NETWORKING, "Sidecar"): "it narrows what a workload sees",
    (NETWORKING, "WorkloadEntry"): "its endpoints would be missing",
    ("extensions.istio.io", "WasmPlugin"): "its code would not run",
    ("extensions.istio.io", "TrafficExtension"): "its code would not run",
    (GATEWAY_API, "Gateway"): _ROUTES,
    (GATEWAY_API, "HTTPRoute"): _ROUTES,
    (GATEWAY_API, "GRPCRoute"): _ROUTES,
    (GATEWAY_API, "BackendTLSPolicy"): "connections would be made without it",
}
#: Istio's other kinds: known, and without effect on where a request goes.
ASIDE = frozenset(
    {
        (NETWORKING, "WorkloadGroup"),
        (NETWORKING, "ProxyConfig"),
        ("telemetry.istio.io", "Telemetry"),
        ("install.istio.io", "IstioOperator"),
    }
)
_GROUPS = frozenset({NETWORKING, SECURITY, "extensions.istio.io", "telemetry.istio.io"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a kind: it is served, or skipped, or refused because of ``problem``."""

    served: bool = False
    problem: str = ""
    #: Whether leaving the kind out by name answers the problem.
    avoidable: bool = False


def kind_id(api_version: str, kind: str) -> tuple[str, str]:
    """Group and kind; the core group is ""."""
    group, slash, _ = api_version.rpartition("/")
    return (group if slash else "", kind)


def verdict(api_version: str, kind: str) -> Verdict:
    group, _ = which = kind_id(api_version, kind)
    version = api_version.rpartition("/")[2]
    if which in SERVED:
        if version in SERVED[which]:
            return Verdict(served=True)
        known = ", ".join(f"{group}/{it}" if group else it for it in SERVED[which])
        return Verdict(problem=f"{kind} has no version {api_version!r}; known: {known}")
    if which in REFUSED:
        why = f"{kind} is not supported yet, and {REFUSED[which]}; leave it out by name (ignore_kinds, "
        return Verdict(problem=f"{why}--ignore-kind {kind}) if that is meant", avoidable=True)
    if which in ASIDE or group not in _GROUPS:
        return Verdict()
    names = [name for where, name in (*SERVED, *REFUSED, *ASIDE) if where == group]
    return Verdict(problem=f"{group} has no kind {kind!r}{did_you_mean(kind, names)}")
