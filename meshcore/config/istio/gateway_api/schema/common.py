"""References between the resources of the Gateway API."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from meshcore.config.scalar_types import Port
from meshcore.config.schema import Meta, Record

__all__ = [
    "GATEWAY",
    "GROUP",
    "LISTENER_SET",
    "SERVICE",
    "BackendReference",
    "GroupKind",
    "ParentReference",
]

GROUP = "gateway.networking.k8s.io"
#: Group and kind.
GroupKind: TypeAlias = tuple[str, str]
GATEWAY: GroupKind = (GROUP, "Gateway")
LISTENER_SET: GroupKind = (GROUP, "ListenerSet")
SERVICE: GroupKind = ("", "Service")

Name = Annotated[str, Meta(min_length=1, max_length=253)]


class ParentReference(Record):
    """What a route attaches to: a Gateway or, in the mesh, a Service or a ServiceEntry."""

    name: Name
    group: str = GROUP
    kind: str = "Gateway"
    namespace: str = ""
    section_name: str = ""
    port: Port | None = None

    @property
    def target(self) -> GroupKind:
        return (self.group, self.kind)


class BackendReference(Record):
    """Where requests go; the fields that every kind of reference to a backend has."""

    name: Name
    group: str = ""
    kind: str = "Service"
    namespace: str = ""
    port: Port | None = None

    @property
    def target(self) -> GroupKind:
        return (self.group, self.kind)
