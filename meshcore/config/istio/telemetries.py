"""Which Telemetry holds for a workload."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from meshcore.config.istio.matching import Client
from meshcore.config.istio.resources import Resource, in_order, same_labels
from meshcore.config.istio.schema.common import TargetReference
from meshcore.config.istio.schema.telemetry import Telemetry

__all__ = ["BUILT_IN", "applicable"]

GATEWAY = ("gateway.networking.k8s.io", "Gateway")
GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
#: Providers that a mesh has without saying so; none of them traces, and "envoy" alone logs.
BUILT_IN = frozenset({"prometheus", "stackdriver", "envoy"})


def applicable(
    telemetries: Sequence[Resource[Telemetry]], root_namespace: str, client: Client
) -> Iterator[Resource[Telemetry]]:
    """Those for a workload, the farthest first: of the mesh, of its namespace, of its labels or gateway."""
    ordered = in_order(telemetries)
    for namespace in dict.fromkeys((root_namespace, client.namespace)):
        wide = (it for it in ordered if it.namespace == namespace and _is_wide(it.spec))
        yield from islice(wide, 1)
    for it in ordered:
        if it.namespace == client.namespace and not _is_wide(it.spec) and _selects(it.spec, client):
            yield it


def _targets(spec: Telemetry) -> list[TargetReference]:
    return spec.target_refs or ([spec.target_ref] if spec.target_ref is not None else [])


def _is_wide(spec: Telemetry) -> bool:
    return not (spec.selector is not None and spec.selector.match_labels) and not _targets(spec)


def _selects(spec: Telemetry, client: Client) -> bool:
    """Gateways of the Gateway API are named; other workloads are selected, by what has no targets."""
    targets = _targets(spec)
    if targets:
        name = client.labels.get(GATEWAY_NAME)
        return name is not None and any((it.group, it.kind) == GATEWAY and it.name == name for it in targets)
    assert spec.selector is not None
    return same_labels(spec.selector.match_labels, client.labels)
