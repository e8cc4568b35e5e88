"""Problems that a cluster has written into the status of resources."""

from __future__ import annotations

from collections.abc import Iterator

from meshcore.analysis.context import Context
from meshcore.analysis.cursor import Cursor
from meshcore.analysis.inventory import CORE, GATEWAY_API, NETWORKING, SECURITY

__all__ = ["analyze"]

_WAYPOINT = frozenset({"istio.io/WaypointBound"})
_ROUTE = frozenset({"Accepted", "Programmed", "ResolvedRefs"})
#: Conditions that are bad when they are False.
_NEGATIVE = {
    (CORE, "Service"): _WAYPOINT,
    (NETWORKING, "ServiceEntry"): _WAYPOINT,
    (NETWORKING, "WorkloadEntry"): _WAYPOINT,
    (SECURITY, "AuthorizationPolicy"): frozenset({"ZtunnelAccepted", "WaypointAccepted"}),
    (GATEWAY_API, "Gateway"): _ROUTE,
    (GATEWAY_API, "HTTPRoute"): _ROUTE,
    (GATEWAY_API, "GRPCRoute"): _ROUTE,
}


def analyze(ctx: Context) -> None:
    for (group, kind), bad_types in _NEGATIVE.items():
        for item in ctx.inventory.of(group, kind):
            for condition in _conditions(item.root.get("status")):
                what, reason = condition.get("type").text, condition.get("reason").text
                negative = what in bad_types and condition.get("status").text.lower() == "false"
                partly = kind == "AuthorizationPolicy" and what == "WaypointAccepted"
                if negative or (partly and reason == "PartiallyInvalid"):
                    detail = f"{what} is {condition.get('status').text}: {reason}, "
                    ctx.report("IST0171", condition, f"{detail}{condition.get('message').text}")


def _conditions(status: Cursor) -> Iterator[Cursor]:
    yield from status.get("conditions").each()
    for parent in status.get("parents").each():
        yield from parent.get("conditions").each()
