"""All Gateways with their listeners: those of their own, and those that ListenerSets add."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from msgspec import structs

from meshcore.config.codes import WITHOUT_EFFECT
from meshcore.config.istio.gateway_api.classes import Classes, Controller
from meshcore.config.istio.gateway_api.grants import Grants
from meshcore.config.istio.gateway_api.listeners import PROTOCOLS, Owner, Parent, convert
from meshcore.config.istio.gateway_api.namespaces import Namespaces
from meshcore.config.istio.gateway_api.schema import gateway as api
from meshcore.config.istio.gateway_api.schema.common import GATEWAY, LISTENER_SET, GroupKind
from meshcore.config.istio.resources import Resource, created
from meshcore.config.schema import Record

__all__ = ["Gateways", "Remark", "Target"]

#: Kind, and ``namespace/name``.
Target: TypeAlias = tuple[GroupKind, str]

#: The port of waypoints, which takes no routes.
HBONE_PORT = 15008
#: Ports of listeners that name none.
PORTS = {"HTTP": 80, "HTTPS": 443}


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a listener or its Gateway that a user would want to know."""

    record: Record
    field: str
    message: str
    expected: str = ""
    code: str = WITHOUT_EFFECT


class Gateways:
    """The listeners of all Gateways, by what routes refer to and by the Gateway that serves them."""

    def __init__(
        self,
        gateways: Iterable[Resource[api.Gateway]],
        sets: Iterable[Resource[api.ListenerSet]],
        classes: Classes,
        namespaces: Namespaces,
        grants: Grants,
    ) -> None:
        #: Listeners by the resource that they stand in.
        self.listeners: dict[Target, tuple[Parent, ...]] = {}
        #: Listeners by their Gateway, those of ListenerSets among them.
        self.served: dict[str, list[Parent]] = {}
        self.remarks: list[Remark] = []
        self._namespaces = namespaces
        self._grants = grants
        waiting: dict[str, list[Resource[api.ListenerSet]]] = {}
        for it in sorted(sets, key=lambda it: (created(it.metadata), it.full_name)):
            reference = it.spec.parent_ref
            if (reference.group, reference.kind) == GATEWAY:
                name = f"{reference.namespace or it.namespace}/{reference.name}"
                waiting.setdefault(name, []).append(it)
        for gateway in gateways:
            self._add(gateway, waiting.pop(gateway.full_name, []), classes)
        for name, left in waiting.items():
            for it in left:
                self._remark(it.spec.parent_ref, "name", f"there is no Gateway {name!r} among the documents")

    def _add(
        self, gateway: Resource[api.Gateway], sets: list[Resource[api.ListenerSet]], classes: Classes
    ) -> None:
        spec = gateway.spec
        served = self.served[gateway.full_name] = []
        controller = classes.find(spec.gateway_class_name)
        if controller is None or not controller.routes:
            whose = "is not one of Istio's" if controller is None else "takes no routes"
            message = f"the class {spec.gateway_class_name!r} {whose}, so the Gateway is left aside"
            expected = f"one of {', '.join(classes.served)}" if controller is None else ""
            self._remark(spec, "gateway_class_name", message, expected)
        own = Owner(GATEWAY, gateway, gateway.name)
        taken = _Taken()
        for owner in (own, *self._allowed(gateway, sets)):
            made: list[Parent] = []
            if controller is not None and controller.routes:
                made += self._parents(owner, controller, taken)
            self.listeners[(owner.kind, owner.resource.full_name)] = tuple(made)
            served += made

    def _allowed(
        self, gateway: Resource[api.Gateway], sets: list[Resource[api.ListenerSet]]
    ) -> Iterator[Owner]:
        for it in sets:
            if self._namespaces.may_add(gateway.spec.allowed_listeners, gateway.namespace, it.namespace):
                yield Owner(LISTENER_SET, it, gateway.name)
            else:
                message = (
                    f"Gateway {gateway.full_name!r} takes no ListenerSets from namespace {it.namespace!r}"
                )
                self._remark(it.spec.parent_ref, "", f"{message} (allowedListeners)")
                self.listeners[(LISTENER_SET, it.full_name)] = ()

    def _parents(self, owner: Owner, controller: Controller, taken: _Taken) -> Iterator[Parent]:
        for listener in owner.resource.spec.listeners:
            if not listener.port and listener.protocol in PORTS:
                listener = structs.replace(listener, port=PORTS[listener.protocol])
            protocol, why = listener.protocol, ""
            if not taken.take(listener):
                why, field = "an earlier listener has this port and host name", ""
            elif controller is Controller.EAST_WEST and listener.port == HBONE_PORT:
                continue
            elif protocol not in PROTOCOLS:
                why, field = f"{protocol} is not served", "protocol"
            elif listener.tls is None and protocol in ("HTTPS", "TLS"):
                why, field = f"{protocol} needs tls", "protocol"
            if why:
                self._remark(listener, field, f"the listener is left aside: {why}")
                continue
            if protocol in ("TLS", "TCP"):
                self._remark(listener, "protocol", f"{protocol} is left aside: only HTTP is routed")
            elif listener.tls is not None:
                message = "TLS is not terminated by the bundled proxy; decisions are made as if it were"
                self._remark(listener, "tls", message, code="")
            yield convert(owner, listener, self._namespaces, self._grants)

    def _remark(
        self, record: Record, field: str, message: str, expected: str = "", code: str = WITHOUT_EFFECT
    ) -> None:
        self.remarks.append(Remark(record, field, message, expected, code))


class _Taken:
    """The ports and host names of the listeners of one Gateway."""

    def __init__(self) -> None:
        self._hosts: dict[int, set[str]] = {}

    def take(self, listener: api.Listener) -> bool:
        """Whether a listener has its port and host name to itself."""
        known = self._hosts.setdefault(listener.port, set())
        # TCP and UDP know no host names: such a listener has the port for itself.
        name = "" if listener.protocol in ("TCP", "UDP") else (listener.hostname or "*").lower()
        if name in known or "" in known or (not name and known):
            return False
        known.add(name)
        return True
