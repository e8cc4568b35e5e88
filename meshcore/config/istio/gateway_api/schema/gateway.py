"""``Gateway``, ``ListenerSet``, ``GatewayClass`` and ``ReferenceGrant``."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, ClassVar

import msgspec

from meshcore.config.istio.gateway_api.schema.common import GROUP, GroupKind, Name
from meshcore.config.scalar_types import Port
from meshcore.config.schema import Meta, Partial, Record

__all__ = [
    "AllowedListeners",
    "AllowedRoutes",
    "Gateway",
    "GatewayClass",
    "GrantFrom",
    "GrantTo",
    "LabelSelector",
    "Listener",
    "ListenerSet",
    "ListenerTLS",
    "ListenersFrom",
    "NamespacesFrom",
    "Operator",
    "ReferenceGrant",
    "Requirement",
    "RouteNamespaces",
    "TLSMode",
]


class Operator(Enum):
    In = "in"
    NotIn = "not in"
    Exists = "exists"
    DoesNotExist = "does not exist"


class Requirement(Record):
    key: str
    operator: Operator
    values: list[str] = []


class LabelSelector(Record):
    """Kubernetes' selector of labels: all of it must hold."""

    match_labels: dict[str, str] = {}
    match_expressions: list[Requirement] = []


class NamespacesFrom(Enum):
    All = "All"
    Same = "Same"
    Selector = "Selector"


class RouteNamespaces(Record):
    from_: NamespacesFrom = msgspec.field(default=NamespacesFrom.Same, name="from")
    selector: LabelSelector | None = None


class RouteKind(Record):
    kind: Name
    group: str = GROUP

    @property
    def target(self) -> GroupKind:
        return (self.group, self.kind)


class AllowedRoutes(Record):
    namespaces: RouteNamespaces | None = None
    kinds: list[RouteKind] = []


class TLSMode(Enum):
    Terminate = "Terminate"
    Passthrough = "Passthrough"


class CertificateReference(Record):
    name: Name
    group: str = ""
    kind: str = "Secret"
    namespace: str = ""


class ListenerTLS(Record):
    #: Client certificates are checked by whoever ends TLS; routes do not depend on them.
    __ignored__: ClassVar[frozenset[str]] = frozenset({"frontend_validation"})

    mode: TLSMode = TLSMode.Terminate
    certificate_refs: Annotated[list[CertificateReference], Partial] = []
    options: dict[str, str] = {}


class Listener(Record):
    """A listener; one of a ListenerSet may leave its port out (0), where its protocol tells it."""

    name: Name
    protocol: str
    port: Port = 0
    hostname: str = ""
    tls: ListenerTLS | None = None
    allowed_routes: AllowedRoutes | None = None


#: ``None`` is the default: no ListenerSet may add to the Gateway.
ListenersFrom = Enum("ListenersFrom", ["All", "Same", "Selector", "None"])


class ListenerNamespaces(Record):
    from_: ListenersFrom = msgspec.field(default=ListenersFrom["None"], name="from")
    selector: LabelSelector | None = None


class AllowedListeners(Record):
    namespaces: ListenerNamespaces | None = None


class Gateway(Record):
    #: Where and how the gateway is deployed, not what it decides.
    __ignored__: ClassVar[frozenset[str]] = frozenset(
        {"addresses", "infrastructure", "tls", "backend_tls", "default_scope"}
    )

    gateway_class_name: Name
    listeners: Annotated[list[Listener], Partial] = []
    allowed_listeners: AllowedListeners | None = None


class GatewayReference(Record):
    name: Name
    group: str = GROUP
    kind: str = "Gateway"
    namespace: str = ""


class ListenerSet(Record):
    """Further listeners of a Gateway, in a document of their own."""

    parent_ref: GatewayReference
    listeners: Annotated[list[Listener], Partial] = []


class GatewayClass(Record):
    __ignored__: ClassVar[frozenset[str]] = frozenset({"parameters_ref", "description"})

    controller_name: Annotated[str, Meta(min_length=1, max_length=253)]


class GrantFrom(Record):
    group: str
    kind: Name
    namespace: Annotated[str, Meta(min_length=1, max_length=63)]


class GrantTo(Record):
    group: str
    kind: Name
    name: str | None = None


class ReferenceGrant(Record):
    from_: Annotated[list[GrantFrom], Partial] = msgspec.field(default_factory=list, name="from")
    to: Annotated[list[GrantTo], Partial] = []
