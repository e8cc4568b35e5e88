"""The rules of ServiceEntry."""

from __future__ import annotations

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.names import is_address
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.common import Metadata
from meshcore.config.istio.schema.service_entry import Location, Resolution, ServiceEntry
from meshcore.config.istio.schema.workload import WorkloadEntry
from meshcore.config.istio.validation.common import check_export_to, check_labels, check_networks, check_port
from meshcore.config.istio.validation.names import (
    PROTOCOLS,
    is_domain,
    is_label,
    is_partial_wildcard,
    is_protocol,
    is_wildcard_domain,
    speaks_http,
    speaks_tcp,
    speaks_tls,
)
from meshcore.config.istio.validation.selectors import check_selector
from meshcore.config.istio.validation.workload import check_workload, check_workload_ports
from meshcore.config.schema import error_at, is_set, warn_at

__all__ = ["check_service_entry"]

DNS = (Resolution.DNS, Resolution.DNS_ROUND_ROBIN)
#: What the names of DYNAMIC_DNS can be taken from.
DYNAMIC = ("HTTP", "HTTP2", "GRPC", "TLS")
_AUTOALLOCATE = "networking.istio.io/enable-autoallocate-ip"
_WAYPOINT = "istio.io/use-waypoint"


def check_service_entry(resource: Resource[ServiceEntry], findings: Findings) -> None:
    spec = resource.spec
    _check_hosts(spec, findings)
    _check_addresses(spec, findings)
    _check_ports(spec, resource.metadata, findings)
    if spec.workload_selector is not None:
        check_selector(spec.workload_selector, findings)
        if is_set(spec, "endpoints"):
            error_at(findings, spec, "endpoints", "cannot be together with workloadSelector")
        if spec.resolution is Resolution.NONE:
            message = "has no meaning with resolution NONE"
            warn_at(findings, spec, "workload_selector", message, expected="resolution STATIC")
    _check_resolution(spec, findings)
    if spec.resolution is Resolution.DYNAMIC_DNS:
        _check_dynamic(spec, resource.metadata, findings)
    names = {port.name for port in spec.ports}
    for endpoint in spec.endpoints:
        _check_endpoint(endpoint, spec.resolution, names, findings)
    check_export_to(findings, spec, spec.export_to, resource.namespace, none=True)


def _check_hosts(spec: ServiceEntry, findings: Findings) -> None:
    if not spec.hosts:
        error_at(findings, spec, "hosts", "at least one host is needed")
    for host in spec.hosts:
        if host == "*" or not is_wildcard_domain(host):
            expected = "a host name; a wildcard needs something behind it"
            error_at(findings, spec, "hosts", found=quoted(host), expected=expected)
        elif is_partial_wildcard(host) and spec.resolution is not Resolution.DYNAMIC_DNS:
            message = f"{host!r} is a partial wildcard; only whole labels are"
            warn_at(findings, spec, "hosts", message, expected="*.name")
    told_apart = all(speaks_http(it.protocol) or speaks_tls(it.protocol) for it in spec.ports)
    if len(spec.hosts) > 1 and spec.resolution is not Resolution.NONE and not told_apart:
        error_at(findings, spec, "hosts", "several hosts can only be told apart on ports of HTTP or TLS")


def _check_addresses(spec: ServiceEntry, findings: Findings) -> None:
    check_networks(findings, spec, "addresses", spec.addresses)
    if any("/" in it for it in spec.addresses) and spec.resolution not in (
        Resolution.NONE,
        Resolution.STATIC,
    ):
        error_at(findings, spec, "addresses", "address ranges need resolution NONE or STATIC")
    shared = bool(spec.addresses) and len(spec.hosts) > 1 and spec.resolution in DNS
    if shared and any(speaks_tcp(it.protocol) for it in spec.ports):
        warn_at(findings, spec, "hosts", "several hosts share an address, so that TCP cannot tell them apart")


def _check_ports(spec: ServiceEntry, metadata: Metadata, findings: Findings) -> None:
    allocated = (
        spec.resolution is not Resolution.NONE and metadata.labels.get(_AUTOALLOCATE, "").lower() != "false"
    )
    names: set[str] = set()
    numbers: set[int] = set()
    for port in spec.ports:
        if port.name in names:
            error_at(findings, port, "name", f"there is another port {port.name!r}")
        if port.number in numbers:
            error_at(findings, port, "number", f"there is another port {port.number}")
        names.add(port.name)
        numbers.add(port.number)
        if not is_label(port.name):
            error_at(findings, port, "name", found=quoted(port.name), expected="a name such as http")
        check_port(findings, port, "number", port.number)
        if port.protocol and not is_protocol(port.protocol):
            error_at(findings, port, "protocol", found=quoted(port.protocol), expected=PROTOCOLS)
        if is_set(port, "target_port"):
            check_port(findings, port, "target_port", port.target_port)
            if spec.resolution is Resolution.NONE:
                warn_at(findings, port, "target_port", "has no effect with resolution NONE")
        if port.protocol in ("", "TCP") and not spec.addresses and not allocated:
            warn_at(findings, port, "", "a TCP port is told apart by its address, and there are no addresses")


def _check_resolution(spec: ServiceEntry, findings: Findings) -> None:
    resolution, endpoints = spec.resolution, spec.endpoints
    if resolution is Resolution.NONE and endpoints:
        error_at(findings, spec, "endpoints", "resolution NONE has no endpoints")
    if resolution in DNS and not endpoints and not all(is_domain(host) for host in spec.hosts):
        error_at(
            findings, spec, "hosts", "without endpoints the hosts are looked up, so they must be full names"
        )
    if resolution is Resolution.DNS_ROUND_ROBIN and len(endpoints) > 1:
        error_at(findings, spec, "endpoints", "resolution DNS_ROUND_ROBIN takes one endpoint at most")


def _check_dynamic(spec: ServiceEntry, metadata: Metadata, findings: Findings) -> None:
    if any(not host.startswith("*") for host in spec.hosts):
        error_at(findings, spec, "hosts", "resolution DYNAMIC_DNS needs wildcard hosts")
    for field in ("addresses", "endpoints"):
        if getattr(spec, field):
            error_at(findings, spec, field, "resolution DYNAMIC_DNS takes the name that the client asks for")
    for port in spec.ports:
        if port.protocol.upper() not in DYNAMIC:
            expected = f"one of {', '.join(DYNAMIC)}, with resolution DYNAMIC_DNS"
            error_at(findings, port, "protocol", found=quoted(port.protocol), expected=expected)
    waypoint = metadata.labels.get(_WAYPOINT, "").lower() not in ("", "none")
    if waypoint and spec.location is Location.MESH_INTERNAL:
        error_at(findings, spec, "location", "MESH_INTERNAL with DYNAMIC_DNS cannot use a waypoint")


def _check_endpoint(
    endpoint: WorkloadEntry, resolution: Resolution, names: set[str], findings: Findings
) -> None:
    if resolution not in DNS:
        check_workload(endpoint, findings, service_ports=names, names=resolution is not Resolution.STATIC)
        return
    if not is_address(endpoint.address) and not is_domain(endpoint.address):
        expected = "an IP address or a host name"
        error_at(findings, endpoint, "address", found=quoted(endpoint.address), expected=expected)
    check_workload_ports(endpoint, findings, service_ports=names)
    check_labels(findings, endpoint, "labels", endpoint.labels)
