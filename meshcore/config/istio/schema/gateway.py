"""``Gateway`` (Istio's own): the fields of the networking API, version v1."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from meshcore.config.scalar_types import UInt32
from meshcore.config.schema import Partial, Record

__all__ = ["Gateway", "Server", "ServerPort", "ServerTLS", "TLSCertificate", "TLSMode"]


class TLSMode(Enum):
    PASSTHROUGH = 0
    SIMPLE = 1
    MUTUAL = 2
    AUTO_PASSTHROUGH = 3
    ISTIO_MUTUAL = 4
    OPTIONAL_MUTUAL = 5


class TLSProtocol(Enum):
    TLS_AUTO = 0
    TLSV1_0 = 1
    TLSV1_1 = 2
    TLSV1_2 = 3
    TLSV1_3 = 4


class TLSCertificate(Record):
    server_certificate: str = ""
    private_key: str = ""
    ca_certificates: str = ""


class ServerTLS(Record):
    https_redirect: bool = False
    mode: TLSMode = TLSMode.PASSTHROUGH
    server_certificate: str = ""
    private_key: str = ""
    ca_certificates: str = ""
    ca_crl: str = ""
    subject_alt_names: list[str] = []
    credential_name: str = ""
    credential_names: list[str] = []
    ca_cert_credential_name: str = ""
    tls_certificates: list[TLSCertificate] = []
    verify_certificate_spki: list[str] = []
    verify_certificate_hash: list[str] = []
    min_protocol_version: TLSProtocol = TLSProtocol.TLS_AUTO
    max_protocol_version: TLSProtocol = TLSProtocol.TLS_AUTO
    cipher_suites: list[str] = []
    ecdh_curves: list[str] = []
    insecure_skip_verify: bool | None = None


class ServerPort(Record):
    number: UInt32 = 0
    protocol: str = ""
    name: str = ""
    target_port: UInt32 = 0


class Server(Record):
    port: ServerPort | None = None
    bind: str = ""
    hosts: list[str] = []
    tls: ServerTLS | None = None
    default_endpoint: str = ""
    name: str = ""


class Gateway(Record):
    servers: Annotated[list[Server], Partial] = []
    selector: dict[str, str] = {}
