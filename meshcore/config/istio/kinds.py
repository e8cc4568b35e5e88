"""Which kinds of documents are read, and which of them are served, left aside, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from meshcore.config.findings import did_you_mean
from meshcore.config.istio.gateway_api.schema import gateway as gateway_api
from meshcore.config.istio.gateway_api.schema.common import GROUP as GATEWAY_API
from meshcore.config.istio.gateway_api.schema.routes import GRPCRoute, HTTPRoute
from meshcore.config.istio.schema import kubernetes as k8s
from meshcore.config.istio.schema.destination_rule import DestinationRule
from meshcore.config.istio.schema.envoy_filter import EnvoyFilter
from meshcore.config.istio.schema.extensions import TrafficExtension, WasmPlugin
from meshcore.config.istio.schema.gateway import Gateway
from meshcore.config.istio.schema.proxy_config import ProxyConfig
from meshcore.config.istio.schema.security import (
    AuthorizationPolicy,
    PeerAuthentication,
    RequestAuthentication,
)
from meshcore.config.istio.schema.service_entry import ServiceEntry
from meshcore.config.istio.schema.sidecar import Sidecar
from meshcore.config.istio.schema.telemetry import Telemetry
from meshcore.config.istio.schema.virtual_service import VirtualService
from meshcore.config.istio.schema.workload import WorkloadEntry, WorkloadGroup
from meshcore.config.schema import Record

__all__ = ["Kind", "Serving", "find", "kind_id"]

NETWORKING = "networking.istio.io"
SECURITY = "security.istio.io"
TELEMETRY = "telemetry.istio.io"
EXTENSIONS = "extensions.istio.io"
GATEWAY_API_X = "gateway.networking.x-k8s.io"


class Serving(Enum):
    """What becomes of a kind's documents when a configuration is made of them."""

    SERVED = auto()
    #: Without effect on where a request goes: left aside with a word.
    ASIDE = auto()
    #: Not supported, and it cannot be left out unseen.
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of documents: how it is read, and what becomes of it."""

    versions: tuple[str, ...] = ()
    #: What its documents hold; None for kinds that are known by name only.
    schema: type[Record] | None = None
    serving: Serving = Serving.SERVED
    #: Why it is refused.
    why: str = ""
    #: Whether the content stands below ``spec``; Kubernetes' own kinds are read as a whole.
    below_spec: bool = True
    #: Whether ``spec`` may be left out, which means the same as an empty one.
    spec_optional: bool = False


_ISTIO = ("v1", "v1beta1", "v1alpha3")
_SECURE = ("v1", "v1beta1")
_GATEWAY_API = ("v1", "v1beta1", "v1alpha2")


def _kubernetes(schema: type[Record], *versions: str) -> Kind:
    return Kind(versions or ("v1",), schema, below_spec=False)


def _refused(why: str, schema: type[Record] | None, *versions: str, spec_optional: bool = False) -> Kind:
    return Kind(versions, schema, Serving.REFUSED, why, spec_optional=spec_optional)


def _aside(schema: type[Record] | None, *versions: str, spec_optional: bool = False) -> Kind:
    return Kind(versions, schema, Serving.ASIDE, spec_optional=spec_optional)


_UNENFORCED = "serving without it would let through what it forbids"
_CODE = "its code would not run"
_CHANGES = "it changes the proxy's configuration in ways that are not followed here"
KINDS: dict[tuple[str, str], Kind] = {
    (NETWORKING, "VirtualService"): Kind(_ISTIO, VirtualService),
    (NETWORKING, "DestinationRule"): Kind(_ISTIO, DestinationRule),
    (NETWORKING, "Gateway"): Kind(_ISTIO, Gateway),
    (NETWORKING, "ServiceEntry"): Kind(_ISTIO, ServiceEntry),
    (NETWORKING, "Sidecar"): Kind(_ISTIO, Sidecar, spec_optional=True),
    (NETWORKING, "WorkloadEntry"): Kind(_ISTIO, WorkloadEntry),
    (NETWORKING, "WorkloadGroup"): _aside(WorkloadGroup, *_ISTIO),
    (NETWORKING, "ProxyConfig"): _aside(ProxyConfig, "v1beta1", spec_optional=True),
    (NETWORKING, "EnvoyFilter"): _refused(_CHANGES, EnvoyFilter, "v1alpha3", spec_optional=True),
    (SECURITY, "AuthorizationPolicy"): _refused(
        _UNENFORCED, AuthorizationPolicy, *_SECURE, spec_optional=True
    ),
    (SECURITY, "PeerAuthentication"): _refused(_UNENFORCED, PeerAuthentication, *_SECURE, spec_optional=True),
    (SECURITY, "RequestAuthentication"): _refused(
        _UNENFORCED, RequestAuthentication, *_SECURE, spec_optional=True
    ),
    (TELEMETRY, "Telemetry"): Kind(("v1", "v1alpha1"), Telemetry, spec_optional=True),
    (EXTENSIONS, "WasmPlugin"): _refused(_CODE, WasmPlugin, "v1alpha1"),
    (EXTENSIONS, "TrafficExtension"): _refused(_CODE, TrafficExtension, "v1alpha1"),
    ("install.istio.io", "IstioOperator"): _aside(None),
    (GATEWAY_API, "Gateway"): Kind(_GATEWAY_API, gateway_api.Gateway),
    (GATEWAY_API, "GatewayClass"): Kind(_GATEWAY_API, gateway_api.GatewayClass),
    (GATEWAY_API, "HTTPRoute"): Kind(_GATEWAY_API, HTTPRoute),
    (GATEWAY_API, "GRPCRoute"): Kind(("v1", "v1alpha2"), GRPCRoute),
    (GATEWAY_API, "ReferenceGrant"): Kind(_GATEWAY_API, gateway_api.ReferenceGrant),
    (GATEWAY_API, "TCPRoute"): _aside(None),
    (GATEWAY_API, "TLSRoute"): _aside(None),
    (GATEWAY_API, "UDPRoute"): _aside(None),
    (GATEWAY_API, "ListenerSet"): Kind(("v1", "v1beta1"), gateway_api.ListenerSet),
    (GATEWAY_API, "BackendTLSPolicy"): _refused("connections would be made without it", None),
    (GATEWAY_API_X, "XListenerSet"): _refused("its listeners would be missing", None),
    (GATEWAY_API_X, "XBackend"): _refused("requests for it would get a 500", None),
    (GATEWAY_API_X, "XBackendTrafficPolicy"): _refused("its sessions would not be kept", None),
    (GATEWAY_API_X, "XMesh"): _aside(None),
    ("", "Service"): _kubernetes(k8s.ServiceDocument),
    ("", "Endpoints"): _kubernetes(k8s.Endpoints),
    ("", "Pod"): _kubernetes(k8s.Pod),
    ("", "Namespace"): _kubernetes(k8s.Namespace),
    ("discovery.k8s.io", "EndpointSlice"): _kubernetes(k8s.EndpointSlice, "v1", "v1beta1"),
}
_GROUPS = frozenset({NETWORKING, SECURITY, EXTENSIONS, TELEMETRY, GATEWAY_API})
_UNKNOWN = _aside(None)


def kind_id(api_version: str, kind: str) -> tuple[str, str]:
    """Group and kind; the core group is ""."""
    group, slash, _ = api_version.rpartition("/")
    return (group if slash else "", kind)


def find(api_version: str, kind: str) -> tuple[Kind | None, str, str]:
    """A kind of documents; or None, the field that is wrong and what is wrong with it."""
    group, _ = which = kind_id(api_version, kind)
    version = api_version.rpartition("/")[2]
    found = KINDS.get(which)
    if found is None:
        if group not in _GROUPS:
            return _UNKNOWN, "", ""
        names = [name for where, name in KINDS if where == group]
        return None, "kind", f"{group} has no kind {kind!r}{did_you_mean(kind, names)}"
    if found.versions and version not in found.versions:
        known = ", ".join(f"{group}/{it}" if group else it for it in found.versions)
        return None, "apiVersion", f"{kind} has no version {api_version!r}; known: {known}"
    return found, "", ""
