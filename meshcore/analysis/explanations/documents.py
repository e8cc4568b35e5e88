"""Findings about documents as a whole."""

from __future__ import annotations

__all__ = ["TEXTS"]

_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"

TEXTS: dict[str, tuple[str, str, str]] = {
    "IST0002": (
        """What is deprecated works today and may not after the next upgrade of the mesh. The finding
        names what to use in its place.""",
        """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - fault:
      delay: {percent: 10, fixedDelay: 2s}
    route:
    - destination: {host: reviews}
""",
        """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - fault:
      delay:
        percentage: {value: 10}
        fixedDelay: 2s
    route:
    - destination: {host: reviews}
""",
    ),
    "IST0106": (
        """The cluster refuses the resource, or drops it: a required field is missing, a value is out of
        its range, a name is misspelled. As long as it is there, nothing of the resource has an
        effect.""",
        """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - timeout: soon
    route:
    - destination: {host: reviews}
""",
        """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - timeout: 5s
    route:
    - destination: {host: reviews}
""",
    ),
    "IST0133": (
        """The resource is accepted, but something in it has no effect, or another one than it seems to
        have.""",
        """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  trafficPolicy:
    outlierDetection: {consecutiveErrors: 5}
""",
        """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  trafficPolicy:
    outlierDetection: {consecutive5xxErrors: 5}
""",
    ),
    "IST0171": (
        """Resources that are exported from a cluster carry their status. A condition that is False there
        says that the cluster could not do what the resource asks for.""",
        """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api}
spec:
  hosts: [api.example.com]
  ports:
  - {number: 443, name: https, protocol: HTTPS}
status:
  conditions:
  - type: istio.io/WaypointBound
    status: "False"
    reason: WaypointIsNotReady
""",
        """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api}
spec:
  hosts: [api.example.com]
  ports:
  - {number: 443, name: https, protocol: HTTPS}
status:
  conditions:
  - type: istio.io/WaypointBound
    status: "True"
    reason: WaypointAccepted
""",
    ),
    "MC1001": (
        """The file is no YAML or JSON, or something in it is no document. Nothing of the document
        counts; those after the next --- do.""",
        """
apiVersion: v1
kind: Service
metadata: {name: reviews
""",
        """
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec:
  ports:
  - {name: http, port: 9080}
""",
    ),
    "MC1002": (
        """Envoy refuses the configuration, or it asks for something that meshcore has not.""",
        """
name: routes
virtual_hosts:
- name: web
  domains: ["*"]
  routes:
  - match: {prefix: /}
    direct_response: {status: 20}
""",
        """
name: routes
virtual_hosts:
- name: web
  domains: ["*"]
  routes:
  - match: {prefix: /}
    direct_response: {status: 200}
""",
    ),
    "MC1003": (
        """The configuration is accepted, but a part of it has no effect.""",
        """
admin:
  address:
    socket_address: {address: 127.0.0.1, port_value: 9901}
static_resources:
  clusters:
  - name: web
    type: STRICT_DNS
    load_assignment:
      cluster_name: web
      endpoints:
      - lb_endpoints:
        - endpoint:
            address:
              socket_address: {address: web.example.com, port_value: 80}
""",
        """
static_resources:
  clusters:
  - name: web
    type: STRICT_DNS
    load_assignment:
      cluster_name: web
      endpoints:
      - lb_endpoints:
        - endpoint:
            address:
              socket_address: {address: web.example.com, port_value: 80}
""",
    ),
    "MC1004": (
        """Routes without clusters, or clusters without routes, are checked as far as they go. Served as they
        are, they would forward nothing.""",
        """
name: routes
virtual_hosts:
- name: web
  domains: ["*"]
  routes:
  - match: {prefix: /}
    route: {cluster: web}
""",
        """
static_resources:
  listeners:
  - name: http
    address:
      socket_address: {address: 127.0.0.1, port_value: 8080}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": TYPE
          stat_prefix: http
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
          route_config:
            name: routes
            virtual_hosts:
            - name: web
              domains: ["*"]
              routes:
              - match: {prefix: /}
                route: {cluster: web}
  clusters:
  - name: web
    type: STRICT_DNS
    load_assignment:
      cluster_name: web
      endpoints:
      - lb_endpoints:
        - endpoint:
            address:
              socket_address: {address: web.example.com, port_value: 80}
""".replace("TYPE", f"type.googleapis.com/{_MANAGER}"),
    ),
    "MC1005": (
        """Among documents of Kubernetes, other YAML is left aside unless it is clearly Envoy's (a bootstrap,
        or something that names its type). Folders often hold such files; they do no harm.""",
        """
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec:
  ports:
  - {name: http, port: 9080}
---
replicas: 3
image: {tag: "1.2"}
""",
        """
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec:
  ports:
  - {name: http, port: 9080}
""",
    ),
    "MC1006": (
        """A document of meshcore/v1 says something that is none of its fields, or none of their values.""",
        """
apiVersion: meshcore/v1
kind: RateLimits
rules:
- name: per-client
  rate: 100/fortnight
  key: remote_address
""",
        """
apiVersion: meshcore/v1
kind: RateLimits
rules:
- name: per-client
  rate: 100/minute
  key: remote_address
""",
    ),
}
