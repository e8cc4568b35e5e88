"""Pods, found by name, by address and by the labels that a selector asks for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from meshcore.config.istio.resources import Resource, same_labels
from meshcore.config.istio.schema.kubernetes import Pod, TargetRef

__all__ = ["PodIndex"]


class PodIndex:
    """All pods of a load; no search goes through more of them than it must."""

    def __init__(self, pods: Iterable[Resource[Pod]]) -> None:
        self._names: dict[tuple[str, str], Resource[Pod]] = {}
        self._addresses: dict[str, Resource[Pod]] = {}
        #: Those with an address, by namespace and by each of their labels.
        self._labels: dict[tuple[str, str, str], list[Resource[Pod]]] = {}
        for pod in pods:
            self._names[pod.namespace, pod.name] = pod
            if not pod.spec.address:
                continue
            self._addresses[pod.spec.address] = pod
            for key, value in pod.metadata.labels.items():
                self._labels.setdefault((pod.namespace, key, value), []).append(pod)

    def find(self, ref: TargetRef | None, namespace: str, address: str) -> Resource[Pod] | None:
        """The pod that an endpoint refers to, or has the address of."""
        if ref is not None and ref.kind == "Pod":
            pod = self._names.get((ref.namespace or namespace, ref.name))
            if pod is not None:
                return pod
        return self._addresses.get(address)

    def selected(self, namespace: str, selector: dict[str, str]) -> list[Resource[Pod]]:
        """The pods with an address that have all these labels; no labels select none."""
        having: list[Sequence[Resource[Pod]]] = [
            self._labels.get((namespace, key, value), ()) for key, value in selector.items()
        ]
        fewest = min(having, key=len, default=())
        return [pod for pod in fewest if same_labels(selector, pod.metadata.labels)]
