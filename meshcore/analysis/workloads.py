"""Workloads: pods, and the pods that Deployments and the like will make, found by their labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from meshcore.analysis.cursor import Cursor
from meshcore.analysis.inventory import CORE, Inventory, Item

__all__ = ["Workload", "Workloads", "in_ambient_mode", "selector_text"]

#: Kinds that make pods: where in them the template of the pod stands.
_MAKERS = (
    ("apps", "Deployment", ("spec", "template")),
    ("apps", "StatefulSet", ("spec", "template")),
    ("apps", "DaemonSet", ("spec", "template")),
    ("apps", "ReplicaSet", ("spec", "template")),
    ("batch", "Job", ("spec", "template")),
    ("batch", "CronJob", ("spec", "jobTemplate", "spec", "template")),
    ("argoproj.io", "Rollout", ("spec", "template")),
)
REDIRECTION = "ambient.istio.io/redirection"
INJECT = "sidecar.istio.io/inject"
REGION, ZONE, SUBZONE = (
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.istio.io/subzone",
)
HOSTNAME = "kubernetes.io/hostname"


@dataclass(frozen=True, slots=True, eq=False)
class Workload:
    """A pod, or the pods of one template. ``spec`` is the pod's."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    spec: Cursor

    @property
    def ambient(self) -> bool:
        return self.annotations.get(REDIRECTION) == "enabled"

    def in_mesh(self, namespace: Item | None) -> bool:
        """Whether it has a sidecar: it says so itself, or its namespace does."""
        for containers in ("containers", "initContainers"):
            for container in self.spec.get(containers).each():
                if container.get("name").text == "istio-proxy" and container.get("image").text:
                    return True
        for stated in (self.labels.get(INJECT), self.annotations.get(INJECT)):
            if stated is not None:
                return stated == "true"
        return namespace is not None and namespace.labels.get("istio-injection") == "enabled"


class Workloads:
    """All workloads. A selector looks only at those that share its rarest label."""

    def __init__(self, inventory: Inventory) -> None:
        self.all: list[Workload] = []
        self._by_label: dict[tuple[str, str], list[Workload]] = {}
        self._by_namespace: dict[str, list[Workload]] = {}
        nodes = {item.name: item.labels for item in inventory.of(CORE, "Node")}
        for pod in inventory.of(CORE, "Pod"):
            labels = _with_place(pod.labels, nodes, pod.spec.get("nodeName").text)
            self._add(Workload(pod.namespace, pod.name, labels, pod.annotations, pod.spec))
        for group, kind, path in _MAKERS:
            for item in inventory.of(group, kind):
                template = item.root.at(*path)
                meta = template.get("metadata")
                labels = meta.get("labels").labels
                notes = meta.get("annotations").labels
                self._add(Workload(item.namespace, item.name, labels, notes, template.get("spec")))

    def _add(self, workload: Workload) -> None:
        self.all.append(workload)
        self._by_namespace.setdefault(workload.namespace, []).append(workload)
        for pair in workload.labels.items():
            self._by_label.setdefault(pair, []).append(workload)

    def select(self, selector: Mapping[str, str], namespace: str | None = None) -> Iterator[Workload]:
        """Those with all these labels, in one namespace or in any; no labels select all."""
        if not selector:
            yield from self.all if namespace is None else self._by_namespace.get(namespace, ())
            return
        nearest = min((self._by_label.get(pair, []) for pair in selector.items()), key=len)
        for workload in nearest:
            if (namespace is None or workload.namespace == namespace) and all(
                workload.labels.get(key) == value for key, value in selector.items()
            ):
                yield workload

    def any(self, selector: Mapping[str, str], namespace: str | None = None) -> bool:
        return next(self.select(selector, namespace), None) is not None


def _with_place(labels: dict[str, str], nodes: Mapping[str, dict[str, str]], node: str) -> dict[str, str]:
    """The labels with those that a proxy gets from its node."""
    if not node:
        return labels
    placed = {**labels, HOSTNAME: node}
    for key in (REGION, ZONE, SUBZONE):
        value = nodes.get(node, {}).get(key)
        if value:
            placed[key] = value
    return placed


def in_ambient_mode(namespace: Item | None) -> bool:
    """Whether a namespace is in ambient mode: labelled so, and without sidecar injection."""
    if namespace is None or namespace.labels.get("istio-injection") == "enabled":
        return False
    if namespace.labels.get("istio.io/rev"):
        return False
    return namespace.labels.get("istio.io/dataplane-mode") == "ambient"


def selector_text(selector: Mapping[str, str]) -> str:
    """A selector as kubectl writes it."""
    return ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
