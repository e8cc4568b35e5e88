"""The rules of Gateway."""

from __future__ import annotations

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.names import is_address
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.gateway import Gateway, Server, ServerPort, TLSMode
from meshcore.config.istio.validation.common import check_port, check_unix, has_items
from meshcore.config.istio.validation.hosts import check_scoped_host
from meshcore.config.istio.validation.names import (
    PROTOCOLS,
    is_label,
    is_protocol,
    speaks_http,
    speaks_tls,
)
from meshcore.config.istio.validation.server_tls import check_server_tls
from meshcore.config.istio.workloads import UNIX
from meshcore.config.schema import error_at, warn_at

__all__ = ["check_gateway"]


def check_gateway(resource: Resource[Gateway], findings: Findings) -> None:
    spec = resource.spec
    if not is_label(resource.name):
        findings.error(
            resource.origin, "metadata.name", found=quoted(resource.name), expected="a name without dots"
        )
    if not has_items(spec, "servers"):
        error_at(findings, spec, "servers", "a gateway needs at least one server")
    names: set[str] = set()
    for server in spec.servers:
        _check_server(server, findings)
        name = server.port.name if server.port else ""
        if name in names:
            assert server.port is not None
            error_at(findings, server.port, "name", f"there is another port {name!r}")
        if name:
            names.add(name)


def _check_server(server: Server, findings: Findings) -> None:
    if not server.hosts:
        error_at(findings, server, "hosts", "a server needs at least one host")
    for host in server.hosts:
        check_scoped_host(server, "hosts", host, findings, gateway=True)
    unix = check_unix(findings, server, "bind")
    if server.bind and not unix and not is_address(server.bind):
        error_at(findings, server, "bind", found=quoted(server.bind), expected="an IP address")
    if server.tls is not None:
        check_server_tls(server.tls, findings)
    if server.port is None:
        error_at(findings, server, "port", "missing, but required")
        return
    _check_port(server.port, findings, unix=unix)
    if is_protocol(server.port.protocol):
        _check_fit(server, server.port.protocol, findings)


def _check_port(port: ServerPort, findings: Findings, *, unix: bool) -> None:
    if not is_protocol(port.protocol):
        error_at(findings, port, "protocol", found=quoted(port.protocol), expected=PROTOCOLS)
    if not unix:
        check_port(findings, port, "number", port.number)
    elif port.number:
        expected = f"0, since the server binds to a path ({UNIX}...)"
        error_at(findings, port, "number", found=str(port.number), expected=expected)
    if not port.name:
        error_at(findings, port, "name", "missing, but required")
    if port.target_port:
        error_at(findings, port, "target_port", "has no meaning for a gateway")


def _check_fit(server: Server, protocol: str, findings: Findings) -> None:
    """TLS settings where the protocol asks for them, and only there."""
    tls = server.tls
    if tls is None:
        if speaks_tls(protocol):
            error_at(findings, server, "tls", f"missing, but required for protocol {protocol}")
        return
    if tls.https_redirect and not speaks_http(protocol):
        warn_at(findings, tls, "https_redirect", "only for HTTP servers")
    if speaks_tls(protocol):
        return
    files = tls.ca_certificates or tls.private_key or tls.server_certificate
    if not speaks_http(protocol):
        error_at(findings, server, "tls", f"has no meaning for protocol {protocol}")
    elif tls.mode not in (TLSMode.PASSTHROUGH, TLSMode.AUTO_PASSTHROUGH) or files:
        error_at(findings, server, "tls", "plain HTTP can only have httpsRedirect")
