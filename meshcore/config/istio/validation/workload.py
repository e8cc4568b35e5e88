"""The rules of WorkloadEntry and WorkloadGroup."""

from __future__ import annotations

import re
from collections.abc import Collection

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.names import is_address
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.workload import HTTPCheck, ReadinessProbe, WorkloadEntry, WorkloadGroup
from meshcore.config.istio.validation.common import check_labels, check_port, check_unix
from meshcore.config.istio.validation.names import is_domain, is_label
from meshcore.config.istio.workloads import UNIX
from meshcore.config.schema import error_at, warn_at

__all__ = ["check_workload", "check_workload_entry", "check_workload_group", "check_workload_ports"]

_HEADER = re.compile(r"[-A-Za-z0-9]+\Z")


def check_workload_entry(resource: Resource[WorkloadEntry], findings: Findings) -> None:
    # Whether its ports are ports of a service is not known without the ServiceEntry.
    check_workload(resource.spec, findings)


def check_workload(
    entry: WorkloadEntry,
    findings: Findings,
    *,
    service_ports: Collection[str] | None = None,
    names: bool = True,
) -> None:
    """``service_ports``: the names that its ports may have; ``names``: whether host names are addresses."""
    address = entry.address
    unix = check_unix(findings, entry, "address")
    if unix:
        _check_unix(entry, service_ports, findings)
    elif not address and entry.network:
        message = f"not set: only the gateway of network {entry.network!r} can reach it"
        warn_at(findings, entry, "address", message)
    elif not address:
        error_at(findings, entry, "address", "missing, but required")
    elif not is_address(address) and not (names and is_domain(address)):
        expected = "an IP address or a host name" if names else "an IP address or a unix path"
        error_at(findings, entry, "address", found=quoted(address), expected=expected)
    check_workload_ports(entry, findings, service_ports=service_ports)
    check_labels(findings, entry, "labels", entry.labels)


def _check_unix(entry: WorkloadEntry, service_ports: Collection[str] | None, findings: Findings) -> None:
    if entry.address.startswith(f"{UNIX}@") and entry.address.endswith("/"):
        expected = f"a file, as in {UNIX}/run/socket"
        error_at(findings, entry, "address", found=quoted(entry.address), expected=expected)
    if entry.ports:
        error_at(findings, entry, "ports", "a unix path has no ports")
    if service_ports is not None and len(service_ports) != 1:
        error_at(findings, entry, "address", "a unix path serves exactly one port")


def check_workload_ports(
    entry: WorkloadEntry, findings: Findings, *, service_ports: Collection[str] | None = None
) -> None:
    for name, number in entry.ports.items():
        if service_ports is not None and name not in service_ports:
            error_at(findings, entry, "ports", f"{name!r} is not a port of this entry")
        if not is_label(name):
            error_at(
                findings, entry, "ports", found=quoted(name), expected="the name of a port, such as http"
            )
        check_port(findings, entry, "ports", number)


def check_workload_group(resource: Resource[WorkloadGroup], findings: Findings) -> None:
    spec = resource.spec
    template = spec.template
    if template is None:
        error_at(findings, spec, "template", "missing, but required")
    elif check_unix(findings, template, "address"):
        _check_unix(template, None, findings)
    if template is not None:  # what is missing is filled in when a workload registers
        check_workload_ports(template, findings)
        check_labels(findings, template, "labels", template.labels)
    if spec.metadata is not None:
        check_labels(findings, spec.metadata, "labels", spec.metadata.labels)
    if spec.probe is not None:
        _check_probe(spec.probe, findings)


def _check_probe(probe: ReadinessProbe, findings: Findings) -> None:
    if probe.http_get is not None:
        check_port(findings, probe.http_get, "port", probe.http_get.port)
        _check_http(probe.http_get, findings)
    elif probe.tcp_socket is not None:
        check_port(findings, probe.tcp_socket, "port", probe.tcp_socket.port)
    elif probe.grpc is not None:
        check_port(findings, probe.grpc, "port", probe.grpc.port)
    elif probe.exec is None:
        error_at(findings, probe, "", "a probe without a check", expected="httpGet, tcpSocket, exec or grpc")
    elif not probe.exec.command:
        error_at(findings, probe.exec, "command", "missing, but required")


def _check_http(check: HTTPCheck, findings: Findings) -> None:
    if check.scheme not in ("", "HTTP", "HTTPS"):
        error_at(findings, check, "scheme", found=quoted(check.scheme), expected="HTTP or HTTPS")
    for header in check.http_headers:
        if not _HEADER.match(header.name):
            error_at(findings, header, "name", found=quoted(header.name), expected="the name of a header")
