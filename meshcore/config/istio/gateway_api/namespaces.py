"""Namespaces and the selectors over their labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from meshcore.config.istio.gateway_api.schema.gateway import (
    AllowedListeners,
    AllowedRoutes,
    LabelSelector,
    ListenersFrom,
    NamespacesFrom,
    Operator,
    Requirement,
)
from meshcore.config.istio.resources import Resource, same_labels
from meshcore.config.istio.schema.kubernetes import Namespace

__all__ = ["Namespaces"]

#: The label that Kubernetes gives to every namespace.
NAME_LABEL = "kubernetes.io/metadata.name"


class Namespaces:
    """The namespaces that documents declare or are in, with their labels."""

    def __init__(self, names: Iterable[str], declared: Iterable[Resource[Namespace]]) -> None:
        self._labels: dict[str, Mapping[str, str]] = {name: {NAME_LABEL: name} for name in names}
        for resource in declared:
            self._labels[resource.name] = {**resource.metadata.labels, NAME_LABEL: resource.name}

    def allowed(self, routes: AllowedRoutes | None, own: str) -> list[str]:
        """The namespaces whose routes a listener takes: names, or ``*`` for all; sorted."""
        given = routes.namespaces if routes else None
        if given is None or given.from_ is NamespacesFrom.Same:
            return [own]
        if given.from_ is NamespacesFrom.All:
            return ["*"]
        return self.selected(given.selector) if given.selector else []

    def may_add(self, listeners: AllowedListeners | None, own: str, other: str) -> bool:
        """Whether a ListenerSet of the namespace ``other`` may add to a Gateway of ``own``."""
        given = listeners.namespaces if listeners else None
        if given is None:
            return False
        if given.from_ is ListenersFrom.Selector:
            return given.selector is not None and other in self.selected(given.selector)
        return given.from_ is ListenersFrom.All or (given.from_ is ListenersFrom.Same and own == other)

    def selected(self, selector: LabelSelector) -> list[str]:
        return sorted(
            name
            for name, labels in self._labels.items()
            if same_labels(selector.match_labels, labels)
            and all(_holds(it, labels) for it in selector.match_expressions)
        )


def _holds(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case Operator.Exists:
            return value is not None
        case Operator.DoesNotExist:
            return value is None
        case Operator.In:
            return value is not None and value in requirement.values
        case Operator.NotIn:
            return value is None or value not in requirement.values
