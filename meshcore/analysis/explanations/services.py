"""Findings about Services, ServiceEntries and DestinationRules."""

from __future__ import annotations

__all__ = ["TEXTS"]

_SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec:
  selector: {app: reviews}
  ports:
  - {name: http, port: 9080}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: reviews-v1}
spec:
  template:
    metadata:
      labels: {app: reviews, version: v1}
---"""

TEXTS: dict[str, tuple[str, str, str]] = {
    "IST0118": (
        """The name of a port tells the mesh its protocol: http-web is HTTP, tcp-db is TCP. Where it does
        not, the protocol is guessed from the first bytes, which costs time and fails where the server
        speaks first. appProtocol tells it, too.""",
        """
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec:
  ports:
  - {name: web, port: 9080}
""",
        """
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec:
  ports:
  - {name: http-web, port: 9080}
""",
    ),
    "IST0150": (
        """For an ExternalName Service, a port that is named tcp, or whose name tells no protocol, makes
        proxies take over the port for all addresses.""",
        """
apiVersion: v1
kind: Service
metadata: {name: api}
spec:
  type: ExternalName
  externalName: api.example.com
  ports:
  - {name: tcp, port: 443}
""",
        """
apiVersion: v1
kind: Service
metadata: {name: api}
spec:
  type: ExternalName
  externalName: api.example.com
  ports:
  - {name: https, port: 443}
""",
    ),
    "IST0128": (
        """TLS without caCertificates encrypts, but does not find out who answers: whoever can redirect
        the traffic can read and change it.""",
        """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api}
spec:
  host: api.example.com
  trafficPolicy:
    tls: {mode: SIMPLE}
""",
        """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api}
spec:
  host: api.example.com
  trafficPolicy:
    tls: {mode: SIMPLE, caCertificates: /etc/ssl/certs/ca-certificates.crt}
""",
    ),
    "IST0129": (
        """As IST0128, for one port: TLS without caCertificates does not find out who answers.""",
        """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api}
spec:
  host: api.example.com
  trafficPolicy:
    portLevelSettings:
    - port: {number: 443}
      tls: {mode: SIMPLE}
""",
        """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api}
spec:
  host: api.example.com
  trafficPolicy:
    portLevelSettings:
    - port: {number: 443}
      tls: {mode: SIMPLE, caCertificates: /etc/ssl/certs/ca-certificates.crt}
""",
    ),
    "IST0134": (
        """HTTP and TLS say which host they want; TCP does not. Without addresses, traffic of the port
        can only be told by the port, so that it mixes with that of other hosts. Give addresses, or
        let the mesh allocate them (ISTIO_META_DNS_CAPTURE and ISTIO_META_DNS_AUTO_ALLOCATE).""",
        """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: db}
spec:
  hosts: [db.example.com]
  ports:
  - {number: 5432, name: tcp-postgres, protocol: TCP}
  resolution: DNS
""",
        """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: db}
spec:
  hosts: [db.example.com]
  addresses: [192.0.2.17]
  ports:
  - {number: 5432, name: tcp-postgres, protocol: TCP}
  resolution: DNS
""",
    ),
    "IST0173": (
        """A subset is made of the endpoints that have all its labels. If there are none, every request
        to it gets a 503. Look at the labels of the pods, and remember that a label must be equal, not
        alike.""",
        _SERVICE
        + """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  subsets:
  - name: v1
    labels: {version: "1"}
""",
        _SERVICE
        + """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  subsets:
  - name: v1
    labels: {version: v1}
""",
    ),
    "IST0174": (
        """The rule has no effect: no service has its host. Short names are completed by the namespace of
        the rule; a name with a dot must be whole (reviews.prod.svc.cluster.local).""",
        _SERVICE
        + """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews.default
""",
        _SERVICE
        + """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews.default.svc.cluster.local
""",
    ),
    "IST0177": (
        """One port of one host can have one protocol. Which of several counts depends on which resource
        is older.""",
        """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api-http}
spec:
  hosts: [api.example.com]
  ports:
  - {number: 443, name: http, protocol: HTTP}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api-tls}
spec:
  hosts: [api.example.com]
  ports:
  - {number: 443, name: tls, protocol: TLS}
""",
        """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api}
spec:
  hosts: [api.example.com]
  ports:
  - {number: 443, name: tls, protocol: TLS}
""",
    ),
}
