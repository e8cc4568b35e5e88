"""Pods, found by name, by address and by the labels that a selector asks for."""

from __future__ import annotations

from collections.abc import Iterable

from meshcore.config.istio.labels import LabelIndex
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.kubernetes import Pod, TargetRef

__all__ = ["PodIndex"]


class PodIndex:
    """All pods of a load."""

    def __init__(self, pods: Iterable[Resource[Pod]]) -> None:
        self._names: dict[tuple[str, str], Resource[Pod]] = {}
        self._addresses: dict[str, Resource[Pod]] = {}
        self._labels: LabelIndex[Resource[Pod]] = LabelIndex()
        for pod in pods:
            self._names[pod.namespace, pod.name] = pod
            if pod.spec.address:
                self._addresses[pod.spec.address] = pod
                self._labels.add(pod.namespace, pod.metadata.labels, pod)

    def find(self, ref: TargetRef | None, namespace: str, address: str) -> Resource[Pod] | None:
        """The pod that an endpoint refers to, or has the address of."""
        if ref is not None and ref.kind == "Pod":
            pod = self._names.get((ref.namespace or namespace, ref.name))
            if pod is not None:
                return pod
        return self._addresses.get(address)

    def select(self, namespace: str, selector: dict[str, str]) -> list[Resource[Pod]]:
        """The pods with an address that have all these labels."""
        return self._labels.select(namespace, selector)
