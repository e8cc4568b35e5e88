"""Labels of endpoints and what routes ask of them: the ``envoy.lb`` namespace of metadata."""

from __future__ import annotations

from meshcore.config.envoy.schema.base import Metadata
from meshcore.config.tree import plain

__all__ = ["lb_metadata"]


def lb_metadata(metadata: Metadata | None) -> tuple[tuple[str, object], ...]:
    """What endpoints are chosen by: the ``envoy.lb`` namespace."""
    node = metadata.filter_metadata.get("envoy.lb") if metadata is not None else None
    if node is None:
        return ()
    return tuple((key, plain(value)) for key, value in node.entries.items())
