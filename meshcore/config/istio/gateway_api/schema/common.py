"""References between the resources of the Gateway API."""

from __future__ import annotations

from typing import Annotated

from meshcore.config.scalar_types import Port
from meshcore.config.schema import Meta, Record

__all__ = ["GATEWAY", "GROUP", "SERVICE", "BackendReference", "GroupKind", "ParentReference"]

GROUP = "gateway.networking.k8s.io"
#: Group and kind.
GroupKind = tuple[str, str]
GATEWAY: GroupKind = (GROUP, "Gateway")
SERVICE: GroupKind = ("", "Service")

Name = Annotated[str, Meta(min_length=1, max_length=253)]


class ParentReference(Record):
    """What a route attaches to: a Gateway or, in the mesh, a Service or a ServiceEntry."""

    group: str = GROUP
    kind: str = "Gateway"
    namespace: str = ""
    name: Name
    section_name: str = ""
    port: Port | None = None

    @property
    def target(self) -> GroupKind:
        return (self.group, self.kind)


class BackendReference(Record):
    """Where requests go; the fields that every kind of reference to a backend has."""

    group: str = ""
    kind: str = "Service"
    namespace: str = ""
    name: Name
    port: Port | None = None

    @property
    def target(self) -> GroupKind:
        return (self.group, self.kind)
