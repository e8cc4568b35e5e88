"""The order in which Istio looks at resources that compete."""

from __future__ import annotations

from collections.abc import Iterable

from meshcore.analysis.inventory import Item

__all__ = ["oldest_first"]


def oldest_first(items: Iterable[Item]) -> list[Item]:
    """By creation, then name, then namespace; what has no time of creation comes first."""
    return sorted(items, key=lambda it: (it.metadata.get("creationTimestamp").text, it.name, it.namespace))
