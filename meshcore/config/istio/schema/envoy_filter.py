"""``EnvoyFilter``: the fields of the networking API, version v1alpha3."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, ClassVar

from msgspec import Meta

from meshcore.config.istio.schema.common import TargetReference, WorkloadSelector
from meshcore.config.scalar_types import Int32, UInt32
from meshcore.config.schema import OneOf, Partial, Record
from meshcore.config.tree import MappingNode

__all__ = [
    "ApplyTo",
    "ClusterMatch",
    "ConfigPatch",
    "EnvoyFilter",
    "FilterChainMatch",
    "FilterClass",
    "FilterMatch",
    "ListenerMatch",
    "ObjectMatch",
    "Operation",
    "Patch",
    "PatchContext",
    "ProxyMatch",
    "RouteAction",
    "RouteConfigurationMatch",
    "RouteMatch",
    "SubFilterMatch",
    "VirtualHostMatch",
    "WaypointMatch",
    "WaypointRouteMatch",
]


class ApplyTo(Enum):
    INVALID = 0
    LISTENER = 1
    FILTER_CHAIN = 2
    NETWORK_FILTER = 3
    HTTP_FILTER = 4
    ROUTE_CONFIGURATION = 5
    VIRTUAL_HOST = 6
    HTTP_ROUTE = 7
    CLUSTER = 8
    EXTENSION_CONFIG = 9
    BOOTSTRAP = 10
    LISTENER_FILTER = 11


class PatchContext(Enum):
    ANY = 0
    SIDECAR_INBOUND = 1
    SIDECAR_OUTBOUND = 2
    GATEWAY = 3
    WAYPOINT = 4


class ProxyMatch(Record):
    proxy_version: str = ""
    metadata: dict[str, str] = {}


class ClusterMatch(Record):
    port_number: UInt32 = 0
    service: str = ""
    subset: str = ""
    name: str = ""


class RouteAction(Enum):
    ANY = 0
    ROUTE = 1
    REDIRECT = 2
    DIRECT_RESPONSE = 3


class RouteMatch(Record):
    name: str = ""
    action: RouteAction = RouteAction.ANY


class VirtualHostMatch(Record):
    name: str = ""
    domain_name: str = ""
    route: RouteMatch | None = None


class RouteConfigurationMatch(Record):
    port_number: UInt32 = 0
    port_name: str = ""
    gateway: str = ""
    vhost: VirtualHostMatch | None = None
    name: str = ""


class SubFilterMatch(Record):
    name: str = ""


class FilterMatch(Record):
    name: str = ""
    sub_filter: SubFilterMatch | None = None


class FilterChainMatch(Record):
    name: str = ""
    sni: str = ""
    transport_protocol: str = ""
    transport_socket: str = ""
    application_protocols: str = ""
    filter: FilterMatch | None = None
    destination_port: UInt32 = 0


class ListenerMatch(Record):
    port_number: UInt32 = 0
    port_name: str = ""
    filter_chain: FilterChainMatch | None = None
    listener_filter: str = ""
    name: str = ""


class WaypointRouteMatch(Record):
    name: str = ""


class WaypointMatch(Record):
    port_number: UInt32 = 0
    route: WaypointRouteMatch | None = None
    filter: FilterMatch | None = None


class ObjectMatch(Record):
    __oneofs__: ClassVar[tuple[OneOf, ...]] = (
        OneOf("object_types", ("listener", "route_configuration", "cluster", "waypoint")),
    )

    context: PatchContext = PatchContext.ANY
    proxy: ProxyMatch | None = None
    listener: ListenerMatch | None = None
    route_configuration: RouteConfigurationMatch | None = None
    cluster: ClusterMatch | None = None
    waypoint: WaypointMatch | None = None


class Operation(Enum):
    INVALID = 0
    MERGE = 1
    ADD = 2
    REMOVE = 3
    INSERT_BEFORE = 4
    INSERT_AFTER = 5
    INSERT_FIRST = 6
    REPLACE = 7
    MERGE_AND_REPLACE_LIST = 8


class FilterClass(Enum):
    UNSPECIFIED = 0
    AUTHN = 1
    AUTHZ = 2
    STATS = 3


class Patch(Record):
    operation: Operation = Operation.INVALID
    #: A part of Envoy's configuration, as it stands.
    value: MappingNode | None = None
    filter_class: FilterClass = FilterClass.UNSPECIFIED


class ConfigPatch(Record):
    apply_to: ApplyTo = ApplyTo.INVALID
    match: ObjectMatch | None = None
    patch: Patch | None = None


class EnvoyFilter(Record):
    workload_selector: WorkloadSelector | None = None
    target_refs: Annotated[list[TargetReference], Meta(max_length=16)] = []
    config_patches: Annotated[list[ConfigPatch], Partial] = []
    priority: Int32 = 0
