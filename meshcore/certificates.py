"""TLS to endpoints: what a cluster asks becomes a context of the ssl module."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from meshcore.model import Cluster, UpstreamTls

__all__ = ["CannotSecure", "Certificates", "server_name", "tls_of"]

_log = logging.getLogger("meshcore.certificates")


def tls_of(cluster: Cluster | None) -> UpstreamTls | None:
    """How a cluster's endpoints are spoken to over TLS; None: they are not."""
    tls = cluster.tls if cluster is not None else None
    return tls if tls is not None and tls.mode != "DISABLE" else None


def server_name(tls: UpstreamTls | None, authority: str) -> str:
    """The name that a server has to prove: the configuration's, or else that of the request's authority."""
    if tls is not None and tls.sni:
        return tls.sni
    host, colon, port = authority.rpartition(":")
    return (host if colon and port.isdigit() else authority).strip("[]")


class CannotSecure(Exception):
    """The connection cannot be made as the configuration asks; it is then not made at all."""


class Certificates:
    """Contexts by what they are made of, with the files read once."""

    def __init__(self) -> None:
        self._contexts: dict[tuple[UpstreamTls, tuple[str, ...]], ssl.SSLContext] = {}
        self._told: set[UpstreamTls] = set()  #: whose trouble is in the log, once for all requests

    def context(self, tls: UpstreamTls, alpn: tuple[str, ...] = ()) -> ssl.SSLContext:
        """The context for one cluster, and the protocols that its connections offer.

        Raises:
            CannotSecure: where files are missing or wrong, or the certificates are not in files.
        """
        found = self._contexts.get((tls, alpn))
        if found is None:
            if tls.mode not in ("SIMPLE", "MUTUAL") or tls.credential_name:
                raise CannotSecure("TLS error: certificates are not in files")
            try:
                found = self._contexts[tls, alpn] = _context(tls, alpn)
            except OSError as error:
                if tls not in self._told:
                    self._told.add(tls)
                    name = f" of {tls.sni}" if tls.sni else ""
                    _log.error("TLS to endpoints%s cannot be set up: %s", name, _trouble(tls, error))
                raise CannotSecure("TLS error: files are missing or wrong") from None
        return found


def _context(tls: UpstreamTls, alpn: tuple[str, ...]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca_certificates or None)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.client_certificate:
        context.load_cert_chain(tls.client_certificate, tls.private_key or None)
    return context


def _trouble(tls: UpstreamTls, error: OSError) -> str:
    """What is wrong with which file: ssl's own errors name none."""
    files = {
        "the certificates of authorities": tls.ca_certificates,
        "the client's certificate": tls.client_certificate,
        "its private key": tls.private_key,
    }
    for what, file in files.items():
        try:
            if file:
                Path(file).read_bytes()
        except OSError as unreadable:
            return f"{what}, {file}: {unreadable.strerror}"
    named = ", ".join(f"{what}, {file}" for what, file in files.items() if file)
    return f"{error} ({named})"
