"""The rules of TLS settings of servers, which Gateway and Sidecar share."""

from __future__ import annotations

from meshcore.config.findings import Findings
from meshcore.config.istio.schema.gateway import ServerTLS, TLSMode, TLSProtocol
from meshcore.config.istio.validation.common import require
from meshcore.config.schema import error_at, warn_at

__all__ = ["check_server_tls"]

#: What Envoy's TLS library offers, without pre-shared keys.
CIPHERS = frozenset(
    {
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES128-SHA",
        "ECDHE-RSA-AES128-SHA",
        "ECDHE-ECDSA-AES256-SHA",
        "ECDHE-RSA-AES256-SHA",
        "AES128-GCM-SHA256",
        "AES256-GCM-SHA384",
        "AES128-SHA",
        "AES256-SHA",
        "DES-CBC3-SHA",
    }
)
_OLD = (TLSProtocol.TLSV1_0, TLSProtocol.TLSV1_1)
_MUTUAL = (TLSMode.MUTUAL, TLSMode.OPTIONAL_MUTUAL)
_SOURCES = "one of credentialName, credentialNames, tlsCertificates, or serverCertificate and privateKey"


def check_server_tls(tls: ServerTLS, findings: Findings) -> None:
    _check_ciphers(tls, findings)
    remote = [field for field in ("credential_name", "credential_names") if getattr(tls, field)]
    sources = [*remote, *(["tls_certificates"] if tls.tls_certificates else [])]
    if tls.mode is TLSMode.ISTIO_MUTUAL:
        for field in ("server_certificate", "private_key", "ca_certificates", *sources):
            if getattr(tls, field):
                error_at(findings, tls, field, "mode ISTIO_MUTUAL has the mesh's own certificates")
        return
    passing = tls.mode in (TLSMode.PASSTHROUGH, TLSMode.AUTO_PASSTHROUGH)
    files = ("server_certificate", "private_key", "ca_certificates", "ca_crl")
    if passing and (sources or any(getattr(tls, field) for field in files)):
        message = f"mode {tls.mode.name} uses no certificates; those given are left aside"
        warn_at(findings, tls, "", message)
    if len(sources) + bool(tls.server_certificate and tls.private_key) > 1:
        error_at(findings, tls, "", "several sources of certificates", expected=_SOURCES)
    if not passing:
        if remote:  # the secret holds all the rest
            return
        _check_certificates(tls, findings)
    if tls.ca_crl and tls.credential_name:
        error_at(findings, tls, "ca_crl", "belongs into the secret that credentialName names")
    if tls.ca_crl and tls.mode is TLSMode.SIMPLE:
        error_at(findings, tls, "ca_crl", "mode SIMPLE asks clients for no certificates")


def _check_certificates(tls: ServerTLS, findings: Findings) -> None:
    if tls.mode in _MUTUAL and not tls.ca_certificates:
        error_at(findings, tls, "ca_certificates", f"missing, but required for mode {tls.mode.name}")
    if len(tls.tls_certificates) > 2:
        warn_at(findings, tls, "tls_certificates", "only two are used: one RSA and one ECDSA certificate")
    for item in tls.tls_certificates:
        require(findings, item, "server_certificate", "private_key")
    if not tls.tls_certificates:
        for field in ("server_certificate", "private_key"):
            if not getattr(tls, field):
                error_at(findings, tls, field, f"missing, but required for mode {tls.mode.name}")


def _check_ciphers(tls: ServerTLS, findings: Findings) -> None:
    if tls.min_protocol_version in _OLD and not tls.cipher_suites:
        message = (
            f"{tls.min_protocol_version.name} works with cipherSuites only: none of the defaults fits it"
        )
        warn_at(findings, tls, "min_protocol_version", message)
    seen: set[str] = set()
    for suite in tls.cipher_suites:
        # Operators such as - and ! before a suite are for the TLS library to understand.
        if suite not in CIPHERS and suite not in ("", "ALL") and suite[0].isalnum():
            warn_at(findings, tls, "cipher_suites", f"{suite!r} is not known and is left aside")
        elif suite in seen:
            warn_at(findings, tls, "cipher_suites", f"{suite!r} is there twice")
        seen.add(suite)
