"""Findings about the Gateway API."""

from __future__ import annotations

__all__ = ["TEXTS"]

_SERVICE = """
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  ports:
  - {name: http, port: 80}
"""
_GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: front}
spec:
  gatewayClassName: istio
  listeners:
  - {name: http, port: 80, protocol: HTTP, hostname: "*.shop.example"}
---"""


def _route(hostname: str, backend: str) -> str:
    return f"""
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: web}}
spec:
  parentRefs: [{{name: front}}]
  hostnames: [{hostname}]
  rules:
  - backendRefs: [{{name: {backend}, port: 80}}]
"""


TEXTS: dict[str, tuple[str, str, str]] = {
    "MC1401": (
        """A route takes effect where a listener of a Gateway takes it: one of the section and port that it
        names, whose host name meets one of the route's, and that is open for its namespace and kind. A
        Gateway takes effect if its class is one of Istio's.""",
        _GATEWAY + _route("www.bank.example", "web") + _SERVICE,
        _GATEWAY + _route("www.shop.example", "web") + _SERVICE,
    ),
    "MC1402": (
        """A backend that is not there, or that no ReferenceGrant permits, answers 500 for its share of the
        requests; so does a rule whose backends all have the weight 0, or that has none.""",
        _GATEWAY + _route("www.shop.example", "wbe") + _SERVICE,
        _GATEWAY + _route("www.shop.example", "web") + _SERVICE,
    ),
}
