"""meshcore.config.istio.pods: the pods of a selector, and that of an endpoint."""

from __future__ import annotations

from meshcore.config.istio.pods import PodIndex
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.common import Metadata
from meshcore.config.istio.schema.kubernetes import Pod, PodStatus, TargetRef
from meshcore.model import Origin


def pod(name: str, address: str = "10.0.0.1", namespace: str = "default", **labels: str) -> Resource[Pod]:
    spec = Pod(status=PodStatus(pod_ip=address) if address else None)
    return Resource(
        "Pod", name, namespace, Metadata(name=name, labels=labels), spec, Origin("pods.yaml", 1, 1)
    )


def names(found: list[Resource[Pod]]) -> list[str]:
    return [one.name for one in found]


def test_a_selector_finds_the_pods_with_all_its_labels() -> None:
    index = PodIndex(
        [
            pod("a", app="shop", version="v1"),
            pod("b", app="shop", version="v2"),
            pod("c", app="other", version="v1"),
            pod("d", namespace="elsewhere", app="shop", version="v1"),
            pod("e", "", app="shop", version="v1"),
        ]
    )
    assert names(index.select("default", {"app": "shop"})) == ["a", "b"]
    assert names(index.select("default", {"app": "shop", "version": "v1"})) == ["a"]
    assert names(index.select("default", {"app": "shop", "zone": "x"})) == []
    assert names(index.select("elsewhere", {"app": "shop"})) == ["d"]
    assert index.select("default", {}) == []


def test_an_endpoint_finds_its_pod_by_name_else_by_address() -> None:
    index = PodIndex([pod("a", "10.0.0.1"), pod("b", "10.0.0.2")])
    by_name = index.find(TargetRef(kind="Pod", name="b"), "default", "10.0.0.1")
    by_address = index.find(TargetRef(kind="Node", name="b"), "default", "10.0.0.1")
    assert by_name is not None
    assert by_name.name == "b"
    assert by_address is not None
    assert by_address.name == "a"
    assert index.find(None, "default", "10.0.0.9") is None
