"""The rules of Gateway."""

from __future__ import annotations

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.names import is_address
from meshcore.config.istio.registry import Protocol
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.gateway import Gateway, Server, ServerPort, ServerTLS, TLSMode
from meshcore.config.istio.validation.common import check_port, has_items, is_label, is_wildcard_domain
from meshcore.config.schema import error_at, warn_at

__all__ = ["check_gateway"]

UNIX = "unix://"
PROTOCOLS = "HTTP, HTTPS, GRPC, GRPC-WEB, HTTP2, MONGO, REDIS, MYSQL, TCP or TLS"
CIPHERS = frozenset(
    [
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-PSK-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES128-SHA",
        "ECDHE-RSA-AES128-SHA",
        "ECDHE-PSK-AES128-CBC-SHA",
        "ECDHE-ECDSA-AES256-SHA",
        "ECDHE-RSA-AES256-SHA",
        "ECDHE-PSK-AES256-CBC-SHA",
        "AES128-GCM-SHA256",
        "AES256-GCM-SHA384",
        "AES128-SHA",
        "PSK-AES128-CBC-SHA",
        "AES256-SHA",
        "PSK-AES256-CBC-SHA",
        "DES-CBC3-SHA",
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
    ]
)


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
        _check_host(server, host, findings)
    if server.bind.startswith(UNIX):
        path = server.bind.removeprefix(UNIX)
        if not path.startswith(("/", "@")) or path.endswith("/"):
            error_at(
                findings, server, "bind", found=quoted(server.bind), expected="unix:///path or unix://@name"
            )
    elif server.bind and not is_address(server.bind):
        error_at(findings, server, "bind", found=quoted(server.bind), expected="an IP address")
    if server.tls is not None:
        _check_tls(server.tls, findings)
    if server.port is None:
        error_at(findings, server, "port", "missing, but required")
        return
    _check_port(server.port, findings, unix=server.bind.startswith(UNIX))
    if Protocol.known(server.port.protocol):
        _check_fit(server, Protocol.parse(server.port.protocol), findings)


def _check_host(server: Server, text: str, findings: Findings) -> None:
    namespace, slash, host = text.rpartition("/")
    if slash and namespace not in ("*", ".") and not is_label(namespace):
        error_at(
            findings,
            server,
            "hosts",
            found=quoted(text),
            expected="a host as namespace/name, */name or ./name",
        )
    short = "." not in host and host != "*" and not is_address(host)
    if short or not (is_wildcard_domain(host) or is_address(host)):
        expected = "a full host name; a wildcard may only be its whole first label"
        error_at(findings, server, "hosts", found=quoted(text), expected=expected)


def _check_port(port: ServerPort, findings: Findings, *, unix: bool) -> None:
    if not Protocol.known(port.protocol):
        error_at(findings, port, "protocol", found=quoted(port.protocol), expected=PROTOCOLS)
    if unix and port.number:
        error_at(
            findings,
            port,
            "number",
            found=str(port.number),
            expected="0, since the server binds to a unix path",
        )
    elif not unix:
        check_port(findings, port, "number", port.number)
    if not port.name:
        error_at(findings, port, "name", "missing, but required")
    if port.target_port:
        error_at(findings, port, "target_port", "has no meaning for a gateway")


def _check_fit(server: Server, protocol: Protocol, findings: Findings) -> None:
    """TLS settings where the protocol asks for them, and only there."""
    tls = server.tls
    secure = protocol in (Protocol.HTTPS, Protocol.TLS)
    if secure and tls is None:
        error_at(findings, server, "tls", f"missing, but required for protocol {protocol.value}")
    if tls is None or secure:
        return
    if not protocol.is_http:
        error_at(findings, server, "tls", f"has no meaning for protocol {protocol.value}")
    elif (
        tls.mode is not TLSMode.PASSTHROUGH
        or tls.ca_certificates
        or tls.private_key
        or tls.server_certificate
    ):
        error_at(findings, server, "tls", "plain HTTP can only have httpsRedirect")
    if tls.https_redirect and not protocol.is_http:
        warn_at(findings, tls, "https_redirect", "only for HTTP servers")


def _check_tls(tls: ServerTLS, findings: Findings) -> None:
    _check_ciphers(tls, findings)
    sources = [
        field for field in ("credential_name", "credential_names", "tls_certificates") if getattr(tls, field)
    ]
    certificate = bool(tls.server_certificate and tls.private_key)
    if tls.mode is TLSMode.ISTIO_MUTUAL:
        for field in ("server_certificate", "private_key", "ca_certificates", *sources):
            if getattr(tls, field):
                error_at(findings, tls, field, "mode ISTIO_MUTUAL has the mesh's own certificates")
        return
    if tls.mode in (TLSMode.PASSTHROUGH, TLSMode.AUTO_PASSTHROUGH):
        if sources or tls.server_certificate or tls.private_key or tls.ca_certificates or tls.ca_crl:
            warn_at(
                findings, tls, "", f"mode {tls.mode.name} uses no certificates; those given are left aside"
            )
        return
    if len(sources) + certificate > 1:
        expected = (
            "one of credentialName, credentialNames, tlsCertificates, or serverCertificate and privateKey"
        )
        error_at(findings, tls, "", "several sources of certificates", expected=expected)
    for item in tls.tls_certificates:
        for field in ("server_certificate", "private_key"):
            if not getattr(item, field):
                error_at(findings, item, field, "missing, but required")
    if len(tls.tls_certificates) > 2:
        warn_at(findings, tls, "tls_certificates", "only two are used: one RSA and one ECDSA certificate")
    if not sources:
        for field in ("server_certificate", "private_key"):
            if not getattr(tls, field):
                error_at(findings, tls, field, f"missing, but required for mode {tls.mode.name}")
    remote = tls.credential_name or tls.credential_names or tls.ca_cert_credential_name
    if tls.mode is not TLSMode.SIMPLE and not tls.ca_certificates and not remote:
        error_at(findings, tls, "ca_certificates", f"missing, but required for mode {tls.mode.name}")
    if tls.ca_crl and (tls.mode is TLSMode.SIMPLE or tls.credential_name):
        error_at(findings, tls, "ca_crl", "only for client certificates that are checked with caCertificates")


def _check_ciphers(tls: ServerTLS, findings: Findings) -> None:
    seen: set[str] = set()
    for suite in tls.cipher_suites:
        if suite.lstrip("-+!") not in CIPHERS:
            warn_at(findings, tls, "cipher_suites", f"{suite!r} is not known and is left aside")
        elif suite in seen:
            warn_at(findings, tls, "cipher_suites", f"{suite!r} is there twice")
        seen.add(suite)
