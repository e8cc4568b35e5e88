"""Istio's own rules: what makes a resource invalid beyond the types of its fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from meshcore.config.findings import Findings
from meshcore.config.istio.gateway_api.schema import gateway as gateway_api
from meshcore.config.istio.gateway_api.schema.routes import GRPCRoute, HTTPRoute
from meshcore.config.istio.gateway_api.validation.gateway import check_gateway as check_listeners
from meshcore.config.istio.gateway_api.validation.gateway import check_grant, check_listener_set
from meshcore.config.istio.gateway_api.validation.routes import check_route
from meshcore.config.istio.reading import Resources
from meshcore.config.istio.resources import Resource
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
from meshcore.config.istio.validation import extensions, kubernetes
from meshcore.config.istio.validation.authentication import (
    check_peer_authentication,
    check_request_authentication,
)
from meshcore.config.istio.validation.authorization import check_authorization_policy
from meshcore.config.istio.validation.destination_rule import check_destination_rule
from meshcore.config.istio.validation.envoy_filter import check_envoy_filter
from meshcore.config.istio.validation.gateway import check_gateway
from meshcore.config.istio.validation.metadata import check_metadata
from meshcore.config.istio.validation.service_entry import check_service_entry
from meshcore.config.istio.validation.sidecar import check_sidecar
from meshcore.config.istio.validation.telemetry import check_telemetry
from meshcore.config.istio.validation.virtual_service import check_virtual_service
from meshcore.config.istio.validation.workload import check_workload_entry, check_workload_group
from meshcore.config.schema import Record

__all__ = ["validate"]

S = TypeVar("S", bound=Record)


def validate(resources: Resources, findings: Findings) -> None:
    """Check every resource by itself."""

    def each(kind: str, schema: type[S], check: Callable[[Resource[S], Findings], None]) -> None:
        for resource in resources.of(kind, schema):
            check_metadata(resource, findings)
            check(resource, findings)

    each("VirtualService", VirtualService, check_virtual_service)
    each("DestinationRule", DestinationRule, check_destination_rule)
    each("Gateway", Gateway, check_gateway)
    each("ServiceEntry", ServiceEntry, check_service_entry)
    each("Sidecar", Sidecar, check_sidecar)
    each("WorkloadEntry", WorkloadEntry, check_workload_entry)
    each("WorkloadGroup", WorkloadGroup, check_workload_group)
    each("ProxyConfig", ProxyConfig, extensions.check_proxy_config)
    each("EnvoyFilter", EnvoyFilter, check_envoy_filter)
    each("AuthorizationPolicy", AuthorizationPolicy, check_authorization_policy)
    each("RequestAuthentication", RequestAuthentication, check_request_authentication)
    each("PeerAuthentication", PeerAuthentication, check_peer_authentication)
    each("Telemetry", Telemetry, check_telemetry)
    each("WasmPlugin", WasmPlugin, extensions.check_wasm_plugin)
    each("TrafficExtension", TrafficExtension, extensions.check_traffic_extension)
    each("Gateway", gateway_api.Gateway, check_listeners)
    each("ListenerSet", gateway_api.ListenerSet, check_listener_set)
    each("ReferenceGrant", gateway_api.ReferenceGrant, check_grant)
    each("HTTPRoute", HTTPRoute, check_route)
    each("GRPCRoute", GRPCRoute, check_route)
    each("Service", k8s.ServiceDocument, kubernetes.check_service)
    each("EndpointSlice", k8s.EndpointSlice, kubernetes.check_endpoint_slice)
    each("Endpoints", k8s.Endpoints, kubernetes.check_endpoints)
    each("Pod", k8s.Pod, kubernetes.check_pod)
