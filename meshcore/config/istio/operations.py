"""What spans of a route are called."""

from __future__ import annotations

from meshcore.model import Decorator, DirectResponse, ForwardAction, PathKind, Redirect, RouteMatch

__all__ = ["operation"]


def operation(
    match: RouteMatch, action: ForwardAction | Redirect | DirectResponse, name: str, port: int
) -> Decorator:
    """``host:port/path``, of the one destination, or else with the ``name`` of what holds the rule.

    The other side is not told: it calls its own spans the same.
    """
    path = match.path.value
    if match.path.kind is PathKind.PREFIX:
        path += "*"
    elif match.path.kind not in (PathKind.EXACT, PathKind.REGEX):
        path = "/*"
    if isinstance(action, ForwardAction) and action.cluster:
        _, cluster_port, _, host = action.cluster.split("|")
        return Decorator(f"{host}:{cluster_port}{path}", propagate=False)
    return Decorator(f"{name}:{port}{path}", propagate=False)
