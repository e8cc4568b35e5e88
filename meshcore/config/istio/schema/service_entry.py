"""``ServiceEntry``: the fields of the networking API, version v1."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from msgspec import Meta

from meshcore.config.istio.schema.common import WorkloadSelector
from meshcore.config.istio.schema.workload import WorkloadEntry
from meshcore.config.scalar_types import UInt32
from meshcore.config.schema import Partial, Record

__all__ = ["EntryPort", "Location", "Resolution", "ServiceEntry"]


class Location(Enum):
    MESH_EXTERNAL = 0
    MESH_INTERNAL = 1


class Resolution(Enum):
    NONE = 0
    STATIC = 1
    DNS = 2
    DNS_ROUND_ROBIN = 3
    DYNAMIC_DNS = 4


class EntryPort(Record):
    number: UInt32 = 0
    protocol: str = ""
    name: str = ""
    target_port: UInt32 = 0


class ServiceEntry(Record):
    hosts: Annotated[list[str], Meta(max_length=256)] = []
    addresses: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=256)] = []
    ports: Annotated[list[EntryPort], Partial, Meta(max_length=256)] = []
    location: Location = Location.MESH_EXTERNAL
    resolution: Resolution = Resolution.NONE
    endpoints: Annotated[list[WorkloadEntry], Partial, Meta(max_length=4096)] = []
    workload_selector: WorkloadSelector | None = None
    export_to: list[str] = []
    subject_alt_names: list[str] = []
