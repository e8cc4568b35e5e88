"""ReferenceGrants: who may refer to what in another namespace."""

from __future__ import annotations

from collections.abc import Iterable

from meshcore.config.istio.gateway_api.schema.common import GroupKind
from meshcore.config.istio.gateway_api.schema.gateway import ReferenceGrant
from meshcore.config.istio.resources import Resource

__all__ = ["Grants"]


class Grants:
    """All ReferenceGrants, found by both sides of a reference."""

    def __init__(self, documents: Iterable[Resource[ReferenceGrant]]) -> None:
        # None among the names stands for all of them.
        self._names: dict[tuple[GroupKind, str, GroupKind, str], set[str | None]] = {}
        for resource in documents:
            for source in resource.spec.from_:
                for to in resource.spec.to:
                    key = (
                        (source.group, source.kind),
                        source.namespace,
                        (to.group, to.kind),
                        resource.namespace,
                    )
                    self._names.setdefault(key, set()).add(to.name)

    def allow(
        self, source: GroupKind, source_namespace: str, target: GroupKind, namespace: str, name: str
    ) -> bool:
        """Whether resources of one kind and namespace may refer to one in another namespace."""
        if source_namespace == namespace:
            return True
        names = self._names.get((source, source_namespace, target, namespace), ())
        return name in names or None in names
