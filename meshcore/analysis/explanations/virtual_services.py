"""Findings about VirtualServices that istioctl has as well, but for those at gateways."""

from __future__ import annotations

__all__ = ["TEXTS"]

TEXTS: dict[str, tuple[str, str, str]] = {
    "IST0101": (
        """A gateway, host, port, subset, namespace or label that a resource names does not exist.
        Requests that depend on it fail: to an unknown host or subset with a 503, to an unknown
        gateway not at all. Where the other resource is deliberately not among the documents, --ignore
        the code for this one.""",
        """
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec:
  ports:
  - {name: http, port: 9080}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - route:
    - destination: {host: reveiws}
""",
        """
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec:
  ports:
  - {name: http, port: 9080}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - route:
    - destination: {host: reviews}
""",
    ),
    "IST0109": (
        """VirtualServices for workloads of the mesh are not merged: for each host the oldest one
        decides, and all rules of the others are lost for it. Put the rules into one VirtualService,
        or give each a namespace of its own by exportTo. At gateways, rules of several VirtualServices
        are merged.""",
        """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - route:
    - destination: {host: reviews}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews-canary}
spec:
  hosts: [reviews]
  http:
  - route:
    - destination: {host: reviews-canary}
""",
        """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - match:
    - headers: {x-canary: {exact: "yes"}}
    route:
    - destination: {host: reviews-canary}
  - route:
    - destination: {host: reviews}
""",
    ),
    "IST0112": (
        """A destination without a port means the only port of its service. Where the service has
        several, the rule cannot be served.""",
        """
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec:
  ports:
  - {name: http, port: 9080}
  - {name: http-admin, port: 9081}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - route:
    - destination: {host: reviews}
""",
        """
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec:
  ports:
  - {name: http, port: 9080}
  - {name: http-admin, port: 9081}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - route:
    - destination: {host: reviews, port: {number: 9080}}
""",
    ),
    "IST0130": (
        """Rules are tried in order, and the first that matches decides. A rule without match takes every
        request, so those after it are never looked at. Move it to the end.""",
        """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - name: rest
    route:
    - destination: {host: reviews}
  - name: api
    match:
    - uri: {prefix: /api/}
    route:
    - destination: {host: reviews-api}
""",
        """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - name: api
    match:
    - uri: {prefix: /api/}
    route:
    - destination: {host: reviews-api}
  - name: rest
    route:
    - destination: {host: reviews}
""",
    ),
    "IST0131": (
        """An earlier match asks for the same, or for every path that begins so. The later one never
        counts.""",
        """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - match:
    - uri: {prefix: /api}
    route:
    - destination: {host: reviews}
  - match:
    - uri: {prefix: /api/v2}
    route:
    - destination: {host: reviews-v2}
""",
        """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - match:
    - uri: {prefix: /api/v2}
    route:
    - destination: {host: reviews-v2}
  - match:
    - uri: {prefix: /api}
    route:
    - destination: {host: reviews}
""",
    ),
}
