"""What names and addresses of Kubernetes' documents must be, so that requests can be sent there."""

from __future__ import annotations

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.names import is_address
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema import kubernetes as schema
from meshcore.config.istio.validation.common import check_port
from meshcore.config.istio.validation.names import is_domain, is_label
from meshcore.config.schema import Record, error_at

__all__ = ["check_endpoint_slice", "check_endpoints", "check_pod", "check_service"]


def check_service(resource: Resource[schema.ServiceDocument], findings: Findings) -> None:
    for path, name in (("metadata.name", resource.name), ("metadata.namespace", resource.namespace)):
        if not is_label(name):
            findings.error(resource.origin, path, found=quoted(name), expected="a name without dots")
    spec = resource.spec.spec
    if spec is None:
        return
    for field, addresses in (("clusterIP", [spec.cluster_ip]), ("clusterIPs", spec.cluster_ips)):
        for address in addresses:
            if address not in ("", "None"):
                _check_address(spec, field, address, findings)
    names: set[str] = set()
    numbers: set[tuple[int, str]] = set()
    for port in spec.ports:
        if isinstance(port.target_port, int):
            check_port(findings, port, "target_port", port.target_port)
        if port.name and port.name in names:
            error_at(findings, port, "name", f"there is another port {port.name!r}")
        if (port.port, port.protocol) in numbers:
            error_at(findings, port, "port", f"there is another port {port.port} of {port.protocol}")
        names.add(port.name)
        numbers.add((port.port, port.protocol))
    if spec.external_name and not is_domain(spec.external_name):
        error_at(findings, spec, "external_name", found=quoted(spec.external_name), expected="a host name")


def check_endpoint_slice(resource: Resource[schema.EndpointSlice], findings: Findings) -> None:
    for endpoint in resource.spec.endpoints:
        for address in endpoint.addresses:
            if not is_domain(address):
                _check_address(endpoint, "addresses", address, findings)


def check_endpoints(resource: Resource[schema.Endpoints], findings: Findings) -> None:
    for subset in resource.spec.subsets:
        for address in subset.addresses:
            _check_address(address, "ip", address.ip, findings)


def check_pod(resource: Resource[schema.Pod], findings: Findings) -> None:
    status = resource.spec.status
    if status is not None and status.pod_ip:
        _check_address(status, "podIP", status.pod_ip, findings)


def _check_address(record: Record, field: str, address: str, findings: Findings) -> None:
    if not is_address(address):
        error_at(findings, record, field, found=quoted(address), expected="an IP address")
