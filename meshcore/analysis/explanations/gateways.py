"""Findings about Gateways."""

from __future__ import annotations

__all__ = ["TEXTS"]

_GATEWAY = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: NAME}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: PORT, name: http, protocol: HTTP}
    hosts: [HOST]
"""
_TLS = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: NAME}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 443, name: https, protocol: HTTPS}
    hosts: [HOST]
    tls: {mode: SIMPLE, credentialName: SECRET}
"""


def _fill(template: str, **values: str) -> str:
    for name, value in values.items():
        template = template.replace(name, value)
    return template


TEXTS: dict[str, tuple[str, str, str]] = {
    "IST0138": (
        """Browsers use a connection again for every host that its certificate is for. If the other host
        is of another Gateway, its requests arrive at routes that do not know it, and get a 404. Put
        hosts of one certificate into one Gateway.""",
        _fill(_TLS, NAME="shop", HOST="shop.example.com", SECRET="wildcard")
        + "---"
        + _fill(_TLS, NAME="blog", HOST="blog.example.com", SECRET="wildcard"),
        _fill(_TLS, NAME="sites", HOST="shop.example.com, blog.example.com", SECRET="wildcard"),
    ),
    "IST0145": (
        """Two Gateways ask the same workloads to serve the same host on the same port. One of them is
        dropped, and with it the rules that are bound to it.""",
        _fill(_GATEWAY, NAME="shop", PORT="80", HOST="shop.example.com")
        + "---"
        + _fill(_GATEWAY, NAME="store", PORT="80", HOST="shop.example.com"),
        _fill(_GATEWAY, NAME="shop", PORT="80", HOST="shop.example.com")
        + "---"
        + _fill(_GATEWAY, NAME="store", PORT="80", HOST="store.example.com"),
    ),
    "IST0162": (
        """The gateway's workloads listen on the port, but no Service leads to it: nobody outside reaches
        it.""",
        _fill(_GATEWAY, NAME="shop", PORT="8080", HOST="shop.example.com"),
        _fill(_GATEWAY, NAME="shop", PORT="80", HOST="shop.example.com"),
    ),
    "IST0166": (
        """The pods of a Kubernetes Gateway do not take part in selection by labels. Name the Gateway in
        targetRefs.""",
        """
apiVersion: v1
kind: Pod
metadata:
  name: edge-istio-1
  labels: {gateway.networking.k8s.io/gateway-name: edge}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: edge}
spec:
  selector:
    matchLabels: {gateway.networking.k8s.io/gateway-name: edge}
""",
        """
apiVersion: v1
kind: Pod
metadata:
  name: edge-istio-1
  labels: {gateway.networking.k8s.io/gateway-name: edge}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: edge}
spec:
  targetRefs:
  - {group: gateway.networking.k8s.io, kind: Gateway, name: edge}
""",
    ),
}
