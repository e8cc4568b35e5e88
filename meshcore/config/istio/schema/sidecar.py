"""``Sidecar``: the fields of the networking API, version v1."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from meshcore.config.istio.schema.common import Destination, WorkloadSelector
from meshcore.config.istio.schema.destination_rule import ConnectionPool
from meshcore.config.istio.schema.gateway import ServerTLS
from meshcore.config.scalar_types import UInt32
from meshcore.config.schema import Partial, Record

__all__ = [
    "CaptureMode",
    "EgressListener",
    "IngressListener",
    "OutboundMode",
    "OutboundTrafficPolicy",
    "Sidecar",
    "SidecarPort",
]


class CaptureMode(Enum):
    DEFAULT = 0
    IPTABLES = 1
    NONE = 2


class SidecarPort(Record):
    number: UInt32 = 0
    protocol: str = ""
    name: str = ""
    target_port: UInt32 = 0


class IngressListener(Record):
    port: SidecarPort | None = None
    bind: str = ""
    capture_mode: CaptureMode = CaptureMode.DEFAULT
    default_endpoint: str = ""
    tls: ServerTLS | None = None
    connection_pool: ConnectionPool | None = None


class EgressListener(Record):
    port: SidecarPort | None = None
    bind: str = ""
    capture_mode: CaptureMode = CaptureMode.DEFAULT
    #: ``namespace/name``; the namespace may be ``.``, ``*`` or ``~``.
    hosts: list[str] = []


class OutboundMode(Enum):
    REGISTRY_ONLY = 0
    ALLOW_ANY = 1


class OutboundTrafficPolicy(Record):
    mode: OutboundMode = OutboundMode.REGISTRY_ONLY
    egress_proxy: Destination | None = None


class Sidecar(Record):
    workload_selector: WorkloadSelector | None = None
    ingress: Annotated[list[IngressListener], Partial] = []
    egress: Annotated[list[EgressListener], Partial] = []
    inbound_connection_pool: ConnectionPool | None = None
    outbound_traffic_policy: OutboundTrafficPolicy | None = None
