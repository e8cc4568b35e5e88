"""The rules of ServiceEntry."""

from __future__ import annotations

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.names import is_address
from meshcore.config.istio.registry import Protocol
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.service_entry import Resolution, ServiceEntry
from meshcore.config.istio.schema.workload import WorkloadEntry
from meshcore.config.istio.validation.common import (
    check_export_to,
    check_labels,
    check_port,
    check_subnets,
    check_wildcard_selector,
    is_domain,
    is_label,
    is_wildcard_domain,
)
from meshcore.config.istio.workloads import UNIX
from meshcore.config.schema import error_at, is_set, warn_at

__all__ = ["check_service_entry"]

DNS = (Resolution.DNS, Resolution.DNS_ROUND_ROBIN)


def check_service_entry(resource: Resource[ServiceEntry], findings: Findings) -> None:
    spec = resource.spec
    _check_hosts(spec, findings)
    _check_addresses(spec, findings)
    _check_ports(spec, findings)
    selector = spec.workload_selector
    if selector is not None:
        check_wildcard_selector(findings, selector, "labels", selector.labels)
        if is_set(spec, "endpoints"):
            error_at(findings, spec, "endpoints", "cannot be together with workloadSelector")
        if spec.resolution is Resolution.NONE:
            message = "has no meaning with resolution NONE"
            warn_at(findings, spec, "workload_selector", message, expected="resolution STATIC")
    _check_resolution(spec, findings)
    names = {port.name for port in spec.ports}
    for endpoint in spec.endpoints:
        _check_endpoint(endpoint, spec, names, findings)
    check_export_to(findings, spec, spec.export_to, resource.namespace, none=True)


def _check_hosts(spec: ServiceEntry, findings: Findings) -> None:
    if not spec.hosts:
        error_at(findings, spec, "hosts", "at least one host is needed")
    for host in spec.hosts:
        if host == "*" or not is_wildcard_domain(host):
            expected = "a host name; a wildcard needs something behind it"
            error_at(findings, spec, "hosts", found=quoted(host), expected=expected)
        elif host.startswith("*") and not host.startswith("*."):
            warn_at(
                findings,
                spec,
                "hosts",
                f"{host!r} is a partial wildcard; only whole labels are",
                expected="*.name",
            )
    told_apart = all(Protocol.parse(it.protocol) is not Protocol.TCP for it in spec.ports)
    if len(spec.hosts) > 1 and spec.resolution is not Resolution.NONE and not told_apart:
        error_at(findings, spec, "hosts", "several hosts cannot be told apart on a TCP port")


def _check_addresses(spec: ServiceEntry, findings: Findings) -> None:
    check_subnets(findings, spec, "addresses", spec.addresses)
    if any("/" in it for it in spec.addresses) and spec.resolution not in (
        Resolution.NONE,
        Resolution.STATIC,
    ):
        error_at(findings, spec, "addresses", "address ranges need resolution NONE or STATIC")
    if spec.addresses and len(spec.hosts) > 1 and spec.resolution in DNS:
        opaque = (Protocol.TCP, Protocol.HTTPS, Protocol.TLS)
        if any(Protocol.parse(it.protocol) in opaque for it in spec.ports):
            warn_at(
                findings, spec, "hosts", "several hosts share an address, so that TCP cannot tell them apart"
            )


def _check_ports(spec: ServiceEntry, findings: Findings) -> None:
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
        if port.protocol and not Protocol.known(port.protocol):
            error_at(
                findings, port, "protocol", found=quoted(port.protocol), expected="a protocol such as HTTP"
            )
        if port.target_port:
            check_port(findings, port, "target_port", port.target_port)
            if spec.resolution is Resolution.NONE:
                warn_at(findings, port, "target_port", "has no effect with resolution NONE")
        plain = port.protocol.upper() in ("", "TCP")
        if plain and not spec.addresses and spec.resolution is Resolution.NONE:
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
    if resolution is not Resolution.DYNAMIC_DNS:
        return
    if any(not host.startswith("*.") for host in spec.hosts):
        error_at(findings, spec, "hosts", "resolution DYNAMIC_DNS needs wildcard hosts")
    for field in ("addresses", "endpoints"):
        if getattr(spec, field):
            error_at(findings, spec, field, "resolution DYNAMIC_DNS takes the name that the client asks for")
    for port in spec.ports:
        protocol = Protocol.parse(port.protocol)
        if protocol in (Protocol.TCP, Protocol.UDP, Protocol.UNKNOWN):
            error_at(
                findings, port, "protocol", found=quoted(port.protocol), expected="HTTP, HTTP2, GRPC or TLS"
            )


def _check_endpoint(endpoint: WorkloadEntry, spec: ServiceEntry, names: set[str], findings: Findings) -> None:
    address = endpoint.address
    if not address:
        if endpoint.network:
            warn_at(findings, endpoint, "address", f"not set, with network {endpoint.network!r}")
        else:
            error_at(findings, endpoint, "address", "missing, but required")
    elif address.startswith(UNIX):
        path = address.removeprefix(UNIX)
        if not path.startswith(("/", "@")) or path.endswith("/"):
            error_at(
                findings, endpoint, "address", found=quoted(address), expected="unix:///path or unix://@name"
            )
        if endpoint.ports:
            error_at(findings, endpoint, "ports", "a unix path has no ports")
        if len(spec.ports) != 1:
            error_at(findings, endpoint, "address", "a unix path serves exactly one port")
    elif not is_address(address):
        if spec.resolution is Resolution.STATIC:
            error_at(
                findings, endpoint, "address", found=quoted(address), expected="an IP address or a unix path"
            )
        elif not is_domain(address):
            error_at(
                findings, endpoint, "address", found=quoted(address), expected="an IP address or a host name"
            )
    for name, port in endpoint.ports.items():
        if name not in names:
            error_at(findings, endpoint, "ports", f"{name!r} is not a port of this entry")
        check_port(findings, endpoint, "ports", port)
    check_labels(findings, endpoint, "labels", endpoint.labels)
