"""``WorkloadEntry`` and ``WorkloadGroup``: the fields of the networking API, version v1."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from meshcore.config.scalar_types import UInt32
from meshcore.config.schema import OneOf, Record

__all__ = [
    "ExecCheck",
    "GroupMetadata",
    "GrpcCheck",
    "HTTPCheck",
    "HTTPHeader",
    "ReadinessProbe",
    "TCPCheck",
    "WorkloadEntry",
    "WorkloadGroup",
]

_Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]

_Long = Annotated[str, Meta(max_length=2048)]


class WorkloadEntry(Record):
    """A workload outside of the cluster: alone, an endpoint of a ServiceEntry, or a group's template."""

    address: Annotated[str, Meta(max_length=256)] = ""
    ports: Annotated[dict[str, UInt32], Meta(max_length=128)] = {}
    labels: Annotated[dict[str, str], Meta(max_length=256)] = {}
    network: _Long = ""
    locality: _Long = ""
    weight: UInt32 = 0
    service_account: Annotated[str, Meta(max_length=253)] = ""


class HTTPHeader(Record):
    name: str = ""
    value: str = ""


class HTTPCheck(Record):
    path: str = ""
    port: UInt32 = 0
    host: str = ""
    scheme: str = ""
    http_headers: list[HTTPHeader] = []


class TCPCheck(Record):
    host: str = ""
    port: UInt32 = 0


class ExecCheck(Record):
    command: list[Annotated[str, Meta(min_length=1)]] = []


class GrpcCheck(Record):
    port: UInt32 = 0
    service: str = ""


class ReadinessProbe(Record):
    __oneofs__: ClassVar[tuple[OneOf, ...]] = (
        OneOf("health_check_method", ("http_get", "tcp_socket", "exec", "grpc")),
    )

    initial_delay_seconds: _Count = 0
    timeout_seconds: _Count = 0
    period_seconds: _Count = 0
    success_threshold: _Count = 0
    failure_threshold: _Count = 0
    http_get: HTTPCheck | None = None
    tcp_socket: TCPCheck | None = None
    exec: ExecCheck | None = None
    grpc: GrpcCheck | None = None


class GroupMetadata(Record):
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class WorkloadGroup(Record):
    metadata: GroupMetadata | None = None
    template: WorkloadEntry | None = None
    probe: ReadinessProbe | None = None
