"""Whatever stands in a document: a configuration or findings, never another exception."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshcore import Engine, Outcome
from meshcore.config import ConfigError, Node, load
from meshcore.model import Config

DOCUMENTS = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v, namespace: n, creationTimestamp: "2024-01-01T00:00:00Z", labels: {a: b}}
spec:
  hosts: [a, "*.example.com"]
  gateways: [mesh, g]
  exportTo: ["*"]
  http:
  - name: r
    match:
    - name: m
      uri: {prefix: /x}
      headers: {x: {exact: y}}
      withoutHeaders: {z: {}}
      queryParams: {q: {regex: "[a-z]+"}}
      method: {exact: GET}
      sourceLabels: {app: c}
      gateways: [mesh]
      port: 80
    route:
    - destination: {host: a, subset: v1, port: {number: 80}}
      weight: 90
      headers: {request: {set: {a: b}, remove: [c]}}
    - {destination: {host: b}, weight: 10}
    timeout: 1s
    retries: {attempts: 2, retryOn: "5xx,503", perTryTimeout: 100ms, backoff: 1s}
    fault: {delay: {percentage: {value: 0.5}, fixedDelay: 1s}, abort: {httpStatus: 500}}
    rewrite: {uri: /y}
    mirrors: [{destination: {host: b}, percentage: {value: 3}}]
    corsPolicy: {allowOrigins: [{exact: "*"}], allowMethods: [GET], maxAge: 1m}
  - match: [{uri: {exact: /r}}]
    redirect: {uri: /x, redirectCode: 302, derivePort: FROM_REQUEST_PORT}
  - directResponse: {status: 200, body: {string: hi}}
  tls: [{match: [{sniHosts: [a]}], route: [{destination: {host: a}}]}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: d, namespace: n}
spec:
  host: a
  workloadSelector: {matchLabels: {app: c}}
  trafficPolicy:
    loadBalancer:
      consistentHash: {httpCookie: {name: c, ttl: 0s}, maglev: {tableSize: 97}}
      localityLbSetting: {distribute: [{from: a/*, to: {a/b: 100}}]}
    connectionPool: {tcp: {maxConnections: 1, connectTimeout: 1s}, http: {http2MaxRequests: 3}}
    outlierDetection: {consecutive5xxErrors: 1, interval: 1s, maxEjectionPercent: 50}
    portLevelSettings: [{port: {number: 80}, tls: {mode: SIMPLE}}]
  subsets: [{name: v1, labels: {version: v1}}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: g, namespace: n}
spec:
  selector: {app: c}
  servers:
  - {port: {number: 80, name: http, protocol: HTTP}, hosts: ["n/*"], tls: {httpsRedirect: true}}
  - port: {number: 443, name: https, protocol: HTTPS}
    hosts: [a.com]
    tls: {mode: SIMPLE, credentialName: c}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: e, namespace: n}
spec:
  hosts: [b.example.com]
  addresses: [10.0.0.1]
  ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]
  resolution: STATIC
  endpoints: [{address: 10.0.0.2, ports: {http: 81}, labels: {a: b}, locality: a/b, weight: 2}]
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Service
  metadata: {name: a, namespace: n}
  spec: {clusterIP: 10.0.0.3, selector: {app: a}, ports: [{name: http, port: 80, targetPort: web}]}
- apiVersion: v1
  kind: Pod
  metadata: {name: p, namespace: n, labels: {app: a, version: v1}}
  spec: {containers: [{name: c, ports: [{name: web, containerPort: 80}]}]}
  status: {podIP: 10.0.0.4, phase: Running}
- apiVersion: discovery.k8s.io/v1
  kind: EndpointSlice
  metadata: {name: a-1, namespace: n, labels: {kubernetes.io/service-name: a}}
  endpoints: [{addresses: [10.0.0.4], targetRef: {kind: Pod, name: p}, conditions: {ready: true}}]
  ports: [{name: http, port: 80}]
- apiVersion: v1
  kind: Endpoints
  metadata: {name: b, namespace: n}
  subsets: [{addresses: [{ip: 10.0.0.5}], ports: [{port: 80}]}]
"""
PARSED: list[dict[str, Any]] = list(yaml.safe_load_all(DOCUMENTS))


def places(node: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document, as keys and indices from its root."""
    found = [path] if path else []
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        found += places(value, (*path, key))
    return found


PLACES = [(index, path) for index, document in enumerate(PARSED) for path in places(document)]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["*", "~", ".", "", "a/b", "1s", "-1s", "0s", "80", "*.a", "x" * 300, "(", "%", "::1", "List"]
    ),
)
VALUES = st.one_of(
    SCALARS, st.lists(SCALARS, max_size=2), st.dictionaries(st.text(max_size=4), SCALARS, max_size=2)
)


def compiled(documents: list[dict[str, Any]], node: Node) -> Config | None:
    try:
        return load(documents, node=node)
    except ConfigError as error:
        told = [str(finding) for finding in error.findings]
    assert all(told)
    return None


@pytest.mark.parametrize(
    "node", [Node("n", {"app": "c"}), Node("n", gateway="n/g")], ids=["sidecar", "gateway"]
)
def test_the_documents_are_good(node: Node) -> None:
    assert compiled(PARSED, node) is not None


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3), st.booleans())
def test_any_value_anywhere(changes: list[tuple[tuple[int, tuple[Any, ...]], Any]], gateway: bool) -> None:
    documents = copy.deepcopy(PARSED)
    for (index, path), value in changes:
        node: Any = documents[index]
        try:
            for key in path[:-1]:
                node = node[key]
            node[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    config = compiled(documents, Node("n", gateway="n/g") if gateway else Node("n", {"app": "c"}))
    if config is not None:  # what was accepted can be served
        with Engine(config).decide("GET", "a", "/x?q=a", {"x": "y"}, port=80) as decision:
            assert decision.outcome in Outcome
