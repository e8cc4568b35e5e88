"""Endpoints (``envoy.config.endpoint.v3``)."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from meshcore.config.envoy.schema.base import (
    Address,
    FractionalPercent,
    HeaderText,
    Locality,
    Metadata,
    NonEmpty,
)
from meshcore.config.scalar_types import UInt32
from meshcore.config.schema import Meta, OneOf, Record

__all__ = ["ClusterLoadAssignment", "Endpoint", "HealthStatus", "LbEndpoint", "LocalityLbEndpoints"]


class HealthStatus(Enum):
    UNKNOWN = 0
    HEALTHY = 1
    UNHEALTHY = 2
    DRAINING = 3
    TIMEOUT = 4
    DEGRADED = 5


class HealthCheckConfig(Record):
    port_value: Annotated[UInt32, Meta(le=65535)] = 0
    address: Address | None = None
    hostname: HeaderText = ""
    disable_active_health_check: bool = False


class Endpoint(Record):
    __unsupported__ = {"additional_addresses": ""}

    address: Address | None = None
    hostname: str = ""
    health_check_config: HealthCheckConfig | None = None


class LbEndpoint(Record):
    __oneofs__ = (OneOf("host_identifier", ("endpoint", "endpoint_name")),)

    endpoint: Endpoint | None = None
    endpoint_name: str | None = None
    health_status: HealthStatus = HealthStatus.UNKNOWN
    metadata: Metadata | None = None
    load_balancing_weight: Annotated[UInt32, Meta(ge=1)] | None = None


class LocalityLbEndpoints(Record):
    __unsupported__ = {"load_balancer_endpoints": "use lb_endpoints", "leds_cluster_locality_config": ""}
    __ignored__ = frozenset({"metadata", "proximity"})

    locality: Locality | None = None
    lb_endpoints: list[LbEndpoint] = []
    load_balancing_weight: Annotated[UInt32, Meta(ge=1)] | None = None
    priority: Annotated[UInt32, Meta(le=128)] = 0


class DropOverload(Record):
    category: NonEmpty
    drop_percentage: FractionalPercent | None = None


class LoadAssignmentPolicy(Record):
    __noted__ = {"endpoint_stale_after": "endpoints stay as the documents give them"}

    drop_overloads: list[DropOverload] = []
    overprovisioning_factor: Annotated[UInt32, Meta(gt=0)] = 140
    weighted_priority_health: bool = False


class ClusterLoadAssignment(Record):
    cluster_name: NonEmpty
    endpoints: list[LocalityLbEndpoints] = []
    named_endpoints: dict[str, Endpoint] = {}
    policy: LoadAssignmentPolicy | None = None
