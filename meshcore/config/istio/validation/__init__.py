"""Istio's own rules: what makes a resource invalid beyond the types of its fields."""

from __future__ import annotations

from meshcore.config.findings import Findings
from meshcore.config.istio.reading import Resources
from meshcore.config.istio.schema import kubernetes as k8s
from meshcore.config.istio.schema.destination_rule import DestinationRule
from meshcore.config.istio.schema.gateway import Gateway
from meshcore.config.istio.schema.service_entry import ServiceEntry
from meshcore.config.istio.schema.virtual_service import VirtualService
from meshcore.config.istio.validation.destination_rule import check_destination_rule
from meshcore.config.istio.validation.gateway import check_gateway
from meshcore.config.istio.validation.kubernetes import (
    check_endpoint_slice,
    check_endpoints,
    check_pod,
    check_service,
)
from meshcore.config.istio.validation.service_entry import check_service_entry
from meshcore.config.istio.validation.virtual_service import check_virtual_service

__all__ = ["validate"]


def validate(resources: Resources, findings: Findings) -> None:
    """Check every resource by itself."""
    for virtual_service in resources.of("VirtualService", VirtualService):
        check_virtual_service(virtual_service, findings)
    for rule in resources.of("DestinationRule", DestinationRule):
        check_destination_rule(rule, findings)
    for gateway in resources.of("Gateway", Gateway):
        check_gateway(gateway, findings)
    for entry in resources.of("ServiceEntry", ServiceEntry):
        check_service_entry(entry, findings)
    for service in resources.of("Service", k8s.ServiceDocument):
        check_service(service, findings)
    for part in resources.of("EndpointSlice", k8s.EndpointSlice):
        check_endpoint_slice(part, findings)
    for endpoints in resources.of("Endpoints", k8s.Endpoints):
        check_endpoints(endpoints, findings)
    for pod in resources.of("Pod", k8s.Pod):
        check_pod(pod, findings)
