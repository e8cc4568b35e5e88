"""The endpoints file: addresses and labels that a user gives for services."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from meshcore.config.scalar_types import Port, UInt32
from meshcore.config.schema import Record
from meshcore.config.tree import TreeNode

__all__ = ["EndpointItem", "PortItem", "ServiceItem"]


class EndpointItem(Record):
    """One address of a service."""

    address: Annotated[str, Meta(min_length=1)]
    port: Port | None = None
    ports: dict[str, Port] = {}
    labels: dict[str, str] = {}
    weight: Annotated[UInt32, Meta(ge=1)] = 1
    locality: str = ""


class PortItem(Record):
    """A port of a service that no document describes."""

    number: Port
    protocol: str = "HTTP"
    name: str = ""


class ServiceItem(Record):
    """Ports and endpoints of a service."""

    endpoints: list[EndpointItem]
    ports: list[TreeNode] = []
