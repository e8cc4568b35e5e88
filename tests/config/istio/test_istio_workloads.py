"""WorkloadEntries as endpoints of ServiceEntries and Kubernetes services."""

from __future__ import annotations

import pytest
from istio_support import Compile

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: legacy}
spec:
  selector: {app: legacy}
  ports:
  - {name: http, port: 80, targetPort: 8080}
  - {name: http-admin, port: 81, targetPort: admin}
"""
ENTRY = """
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata:
  name: NAME
  labels: {app: legacy, version: old}
spec:
  address: 10.1.0.1
  labels: {version: v1}
  locality: eu/eu-1/a
  weight: 3
  ports: {admin: 9000}
"""
EXTERNAL = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: legacy}
spec:
  hosts: [legacy.example]
  resolution: STATIC
  ports:
  - {number: 80, name: http, protocol: HTTP, targetPort: 8080}
  - {number: 90, name: admin, protocol: HTTP}
  workloadSelector: {labels: {app: legacy}}
"""
LEGACY = "outbound|{}||legacy.default.svc.cluster.local"


def entry(name: str, **changes: str) -> str:
    text = ENTRY.replace("NAME", name)
    for old, new in changes.items():
        text = text.replace({"address": "10.1.0.1", "ports": "{admin: 9000}"}.get(old, old), new)
    return text


def test_a_kubernetes_service_selects_them(compiled: Compile) -> None:
    text = SERVICE + entry("a") + entry("b", address="10.1.0.2", ports="{http: 8888}")
    config = compiled(text)
    assert config.endpoints(LEGACY.format(80)) == ["10.1.0.1:8080", "10.1.0.2:8888"]
    # A target port that is a name must be there under that name.
    assert config.endpoints(LEGACY.format(81)) == ["10.1.0.1:9000"]


def test_weight_locality_and_labels_come_along(compiled: Compile) -> None:
    cluster = compiled(SERVICE + entry("a")).config.cluster(LEGACY.format(80))
    assert cluster is not None
    (group,) = cluster.localities
    (endpoint,) = group.endpoints
    assert (group.locality.region, group.locality.zone, group.locality.sub_zone) == ("eu", "eu-1", "a")
    assert endpoint.weight == 3
    assert dict(endpoint.metadata) == {"app": "legacy", "version": "v1"}
    assert endpoint.origin
    assert endpoint.origin.kind == "WorkloadEntry"


def test_a_service_entry_selects_them(compiled: Compile) -> None:
    config = compiled(EXTERNAL + entry("a"))
    assert config.endpoints("outbound|80||legacy.example") == ["10.1.0.1:8080"]
    assert config.endpoints("outbound|90||legacy.example") == ["10.1.0.1:9000"]


def test_subsets_select_among_them(compiled: Compile) -> None:
    rule = """
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: legacy}
spec:
  host: legacy.example
  subsets: [{name: v1, labels: {version: v1}}, {name: old, labels: {version: old}}]
"""
    config = compiled(EXTERNAL + entry("a") + rule)
    assert config.endpoints("outbound|80|v1|legacy.example") == ["10.1.0.1:8080"]
    assert config.endpoints("outbound|80|old|legacy.example") == []


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("{conditions: [{type: Healthy, status: 'True'}]}", ["10.1.0.1:8080"]),
        ("{conditions: [{type: Healthy, status: 'False'}]}", []),
        ("{}", []),
    ],
)
def test_a_failed_health_check_leaves_one_out(compiled: Compile, status: str, found: list[str]) -> None:
    checked = entry("a").replace(
        "  name: a\n", "  name: a\n  annotations: {proxy.istio.io/health-checks-enabled: 'true'}\n"
    )
    config = compiled(SERVICE + checked + f"status: {status}\n")
    assert config.endpoints(LEGACY.format(80)) == found


def test_the_status_counts_only_where_health_is_checked(compiled: Compile) -> None:
    text = SERVICE + entry("a") + "status: {conditions: [{type: Healthy, status: 'False'}]}\n"
    assert compiled(text).endpoints(LEGACY.format(80)) == ["10.1.0.1:8080"]


def test_other_namespaces_have_their_own(compiled: Compile) -> None:
    away = entry("a").replace("  name: a\n", "  name: a\n  namespace: other\n")
    assert compiled(SERVICE + away).endpoints(LEGACY.format(80)) == []
