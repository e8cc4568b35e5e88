"""Documents of a mesh of any size: services, their rules, gateways and workloads."""

from __future__ import annotations

from collections.abc import Iterator

#: Documents of one service; the mesh repeats them.
PER_SERVICE = 5
#: One gateway serves so many services.
PER_GATEWAY = 20
NAMESPACES = 40

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: svc-{i}, namespace: ns-{ns}}}
spec:
  selector: {{app: svc-{i}}}
  ports:
  - {{name: http-web, port: 8080, targetPort: 8080}}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: svc-{i}-v1, namespace: ns-{ns}}}
spec:
  selector: {{matchLabels: {{app: svc-{i}, version: v1}}}}
  template:
    metadata:
      labels: {{app: svc-{i}, version: v1}}
    spec:
      containers:
      - {{name: app, image: "example/app:1"}}
"""
DESTINATION_RULE = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: svc-{i}, namespace: ns-{ns}}}
spec:
  host: svc-{i}
  trafficPolicy:
    loadBalancer: {{simple: LEAST_REQUEST}}
  subsets:
  - {{name: v1, labels: {{version: v1}}}}
  - {{name: v2, labels: {{version: v2-{i}}}}}
"""
VIRTUAL_SERVICE = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: svc-{i}
  namespace: ns-{ns}
spec:
  hosts:
  - svc-{i}
  - svc-{i}.example.com
  gateways:
  - mesh
  - infra/gateway-{gateway}
  http:
  - name: api
    match:
    - uri: {{prefix: /api/}}
      headers:
        x-tenant: {{exact: t{i}}}
    - uri: {{exact: /api}}
    route:
    - destination: {{host: svc-{i}, subset: v1, port: {{number: 8080}}}}
      weight: 90
    - destination: {{host: svc-{i}, subset: v2, port: {{number: 8080}}}}
      weight: 10
    timeout: 5s
    retries: {{attempts: 2, perTryTimeout: 2s}}
  - name: shadowed
    match:
    - uri: {{prefix: /api/v1/}}
      headers:
        x-tenant: {{exact: t{i}}}
    route:
    - destination: {{host: svc-{i}, port: {{number: 8080}}}}
  - name: static
    match:
    - uri: {{regex: "/static/.*"}}
    route:
    - destination: {{host: svc-{i}, port: {{number: 8080}}}}
  - name: rest
    route:
    - destination: {{host: svc-{i}, port: {{number: 8080}}}}
"""
SERVICE_ENTRY = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: api-{i}, namespace: ns-{ns}}}
spec:
  hosts: [api-{i}.example.org]
  location: MESH_EXTERNAL
  resolution: DNS
  ports:
  - {{number: 443, name: https, protocol: HTTPS}}
"""
GATEWAY = """\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: gateway-{gateway}, namespace: infra}}
spec:
  selector: {{istio: ingressgateway}}
  servers:
  - port: {{number: 80, name: http, protocol: HTTP}}
    hosts: [{hosts}]
"""


def mesh_documents(count: int) -> Iterator[str]:
    """``count`` documents, each a YAML text. Every service has a rule that is never reached, and a
    subset without workloads."""
    made = 0
    service = 0
    while made < count:
        names = {"i": service, "ns": service % NAMESPACES, "gateway": service // PER_GATEWAY}
        batch = [
            template.format(**names)
            for template in (SERVICE, DEPLOYMENT, DESTINATION_RULE, VIRTUAL_SERVICE, SERVICE_ENTRY)
        ]
        if service % PER_GATEWAY == 0:
            hosts = ", ".join(f"svc-{it}.example.com" for it in range(service, service + PER_GATEWAY))
            batch.insert(0, GATEWAY.format(hosts=hosts, **names))
        yield from batch[: count - made]
        made += len(batch)
        service += 1
