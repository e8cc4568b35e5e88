"""Options of HTTP and its transports, of clusters and connection managers."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from meshcore.config.envoy.schema.base import DataSource, TimeSpan
from meshcore.config.envoy.schema.matching import StringMatcher
from meshcore.config.scalar_types import UInt32
from meshcore.config.schema import Meta, OneOf, Record
from meshcore.config.tree import MappingNode

__all__ = [
    "DownstreamTlsContext",
    "Http2ProtocolOptions",
    "HttpProtocolOptions",
    "UnderscoresAction",
    "UpstreamHttpOptions",
    "UpstreamTlsContext",
]


class UnderscoresAction(Enum):
    ALLOW = 0
    REJECT_REQUEST = 1
    DROP_HEADER = 2


class HttpProtocolOptions(Record):
    """``envoy.config.core.v3.HttpProtocolOptions``."""

    idle_timeout: TimeSpan | None = None
    max_connection_duration: TimeSpan | None = None
    max_headers_count: Annotated[UInt32, Meta(ge=1)] | None = None
    max_response_headers_kb: Annotated[UInt32, Meta(gt=0, le=8192)] | None = None
    max_stream_duration: TimeSpan | None = None
    headers_with_underscores_action: UnderscoresAction = UnderscoresAction.ALLOW
    max_requests_per_connection: UInt32 | None = None


class Http2ProtocolOptions(Record):
    """Its presence asks for HTTP/2; flow control is the proxy's affair."""

    __open__ = True

    max_concurrent_streams: Annotated[UInt32, Meta(ge=1, le=2147483647)] | None = None
    initial_stream_window_size: Annotated[UInt32, Meta(ge=65535, le=2147483647)] | None = None
    initial_connection_window_size: Annotated[UInt32, Meta(ge=65535, le=2147483647)] | None = None


class ExplicitHttpConfig(Record):
    __oneofs__ = (OneOf("protocol_config", ("http_protocol_options", "http2_protocol_options"), True),)
    __unsupported__ = {"http3_protocol_options": ""}

    http_protocol_options: MappingNode | None = None
    http2_protocol_options: Http2ProtocolOptions | None = None


class UpstreamHttpOptions(Record):
    """``envoy.extensions.upstreams.http.v3.HttpProtocolOptions``."""

    __oneofs__ = (
        OneOf(
            "upstream_protocol_options",
            ("explicit_http_config", "use_downstream_protocol_config", "auto_config"),
            True,
        ),
    )
    __unsupported__ = {
        "http_filters": "",
        "header_validation_config": "",
        "outlier_detection": "",
        "request_mirror_policies": "",
        "hash_policy": "",
        "retry_policy": "",
    }
    __noted__ = {"upstream_http_protocol_options": "connections are the proxy's affair"}

    common_http_protocol_options: HttpProtocolOptions | None = None
    explicit_http_config: ExplicitHttpConfig | None = None
    use_downstream_protocol_config: MappingNode | None = None
    auto_config: MappingNode | None = None


class TlsCertificate(Record):
    __unsupported__ = {"pkcs12": "", "private_key_provider": ""}
    __ignored__ = frozenset({"watched_directory", "password", "ocsp_staple", "signed_certificate_timestamp"})

    certificate_chain: DataSource | None = None
    private_key: DataSource | None = None


class SubjectAltNameMatcher(Record):
    __ignored__ = frozenset({"oid", "san_type"})

    matcher: StringMatcher


class TrustChainVerification(Enum):
    VERIFY_TRUST_CHAIN = 0
    ACCEPT_UNTRUSTED = 1


class CertificateValidationContext(Record):
    __unsupported__ = {
        "ca_certificate_provider_instance": "",
        "verify_certificate_spki": "",
        "verify_certificate_hash": "",
        "crl": "",
        "custom_validator_config": "",
    }
    __ignored__ = frozenset({"system_root_certs", "watched_directory"})

    trusted_ca: DataSource | None = None
    match_typed_subject_alt_names: list[SubjectAltNameMatcher] = []
    match_subject_alt_names: list[StringMatcher] = []
    trust_chain_verification: TrustChainVerification = TrustChainVerification.VERIFY_TRUST_CHAIN


class CommonTlsContext(Record):
    __unsupported__ = {
        "tls_certificate_sds_secret_configs": "give files or inline data",
        "validation_context_sds_secret_config": "give files or inline data",
        "combined_validation_context": "give files or inline data",
        "custom_handshaker": "",
    }
    __ignored__ = frozenset({"tls_params", "alpn_protocols", "key_log"})

    tls_certificates: list[TlsCertificate] = []
    validation_context: CertificateValidationContext | None = None


class UpstreamTlsContext(Record):
    __ignored__ = frozenset({"allow_renegotiation", "max_session_keys", "enforce_rsa_key_usage"})
    __unsupported__ = {"auto_host_sni": "", "auto_sni_san_validation": ""}

    common_tls_context: CommonTlsContext | None = None
    sni: Annotated[str, Meta(max_length=255)] = ""


class DownstreamTlsContext(Record):
    """That TLS is spoken is all that matters to decisions: terminating it is the server's affair."""

    __open__ = True
