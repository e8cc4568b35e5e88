"""Transport sockets: TLS to endpoints, TLS of listeners."""

from __future__ import annotations

from meshcore.config.envoy.schema.base import DataSource
from meshcore.config.envoy.schema.protocol import (
    CommonTlsContext,
    DownstreamTlsContext,
    TrustChainVerification,
    UpstreamTlsContext,
)
from meshcore.config.envoy.schema.retry import Extension
from meshcore.config.envoy.translate.context import Context
from meshcore.config.schema import Record, path_of
from meshcore.model import UpstreamTls

__all__ = ["is_tls", "upstream_tls"]

_SOCKETS = "envoy.extensions.transport_sockets."


class RawBuffer(Record):
    """``envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer``: plain text."""


_UPSTREAM: dict[str, type[Record]] = {
    _SOCKETS + "tls.v3.UpstreamTlsContext": UpstreamTlsContext,
    _SOCKETS + "raw_buffer.v3.RawBuffer": RawBuffer,
}
_DOWNSTREAM: dict[str, type[Record]] = {
    _SOCKETS + "tls.v3.DownstreamTlsContext": DownstreamTlsContext,
    _SOCKETS + "raw_buffer.v3.RawBuffer": RawBuffer,
}


def is_tls(context: Context, socket: Extension | None) -> bool:
    """Whether a listener's filter chain terminates TLS."""
    config = _decode(context, socket, _DOWNSTREAM)
    return isinstance(config, DownstreamTlsContext)


def upstream_tls(context: Context, socket: Extension | None) -> UpstreamTls | None:
    config = _decode(context, socket, _UPSTREAM)
    if not isinstance(config, UpstreamTlsContext):
        return None
    common = config.common_tls_context or CommonTlsContext()
    validation = common.validation_context
    certificate = common.tls_certificates[0] if common.tls_certificates else None
    names: list[str] = []
    if validation is not None:
        matchers = [matcher.matcher for matcher in validation.match_typed_subject_alt_names]
        for matcher in (*matchers, *validation.match_subject_alt_names):
            if matcher.exact is None:
                context.error(matcher, "", "only exact subject alternative names are supported")
            else:
                names.append(matcher.exact)
    return UpstreamTls(
        mode="MUTUAL" if certificate is not None else "SIMPLE",
        sni=config.sni,
        subject_alt_names=tuple(names),
        ca_certificates=_file(context, validation.trusted_ca) if validation is not None else "",
        client_certificate=_file(context, certificate.certificate_chain) if certificate is not None else "",
        private_key=_file(context, certificate.private_key) if certificate is not None else "",
        # Without a trusted CA Envoy verifies nothing.
        insecure_skip_verify=(
            validation is None
            or validation.trusted_ca is None
            or validation.trust_chain_verification is TrustChainVerification.ACCEPT_UNTRUSTED
        ),
    )


def _decode(context: Context, socket: Extension | None, schemas: dict[str, type[Record]]) -> Record | None:
    if socket is None:
        return None
    if socket.typed_config is None:
        if socket.name not in ("raw_buffer", "envoy.transport_sockets.raw_buffer"):
            context.error(socket, "typed_config", "missing, but required")
        return None
    return context.decode_typed(socket.typed_config, path_of(socket, "typed_config"), schemas)[1]


def _file(context: Context, source: DataSource | None) -> str:
    if source is None:
        return ""
    if source.filename is None:
        context.error(source, "", "not supported: give a filename")
    return source.filename or ""
