"""Findings of our own analyzers."""

from __future__ import annotations

__all__ = ["TEXTS"]


def _rules(http: str, name: str = "web", more: str = "hosts: [web]") -> str:
    lines = "\n".join(f"  {line}" for line in http.strip("\n").splitlines())
    head = f"metadata: {{name: {name}}}\nspec:\n  {more}\n  http:\n"
    return f"\napiVersion: networking.istio.io/v1\nkind: VirtualService\n{head}{lines}\n"


_ROUTE = "  route:\n  - destination: {host: web}\n"
_DELEGATES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: shop}}
spec:
  hosts: [shop.example.com]
  http:
  - match:
    - uri: {{prefix: /shop/}}
    delegate: {{name: cart}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: cart}}
spec:
  http:
  - match:
    - uri: {{{match}}}
    route:
    - destination: {{host: web}}
"""
_EDGE = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: [shop.example.com]
---"""
_BOUND = "hosts: [shop.example.com]\n  gateways: [edge]"
_ENTRY = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api}
spec:
  hosts: [api.example.com]
  ports:
  - {number: 80, name: http, protocol: HTTP}
  resolution: STATIC
  endpoints:
  - {address: 192.0.2.1}
  - {address: 192.0.2.2}
---"""
_SHORT_ENTRY = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: shop}}
spec:
  hosts: [{host}]
  ports:
  - {{number: 80, name: http, protocol: HTTP}}
  resolution: STATIC
  endpoints:
  - {{address: 192.0.2.1}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: shop}}
spec:
  hosts: [shop]
  http:
  - timeout: 3s
    route:
    - destination: {{host: shop}}
"""
_WEB = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports:
  - {name: http, port: 80}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, labels: {app: web, version: v1}}
---
apiVersion: v1
kind: Pod
metadata: {name: db-1, labels: {app: db, version: v2}}
---"""
_SUBSETS = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec:
  host: web
  subsets:
  - name: NAME
    labels: {version: NAME}
"""


_SHARE = "          filter_{}: {{default_value: {{numerator: 100}}}}\n"


def _limit(shares: str) -> str:
    return f"""
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {{name: limit}}
spec:
  configPatches:
  - applyTo: HTTP_FILTER
    patch:
      operation: INSERT_FIRST
      value:
        name: envoy.filters.http.local_ratelimit
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
          stat_prefix: limit
          token_bucket: {{max_tokens: 10, fill_interval: 1s}}
{shares}"""


def _outlier(percent: int) -> str:
    return (
        _ENTRY
        + f"""
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: api}}
spec:
  host: api.example.com
  trafficPolicy:
    outlierDetection: {{consecutive5xxErrors: 3, maxEjectionPercent: {percent}}}
"""
    )


TEXTS: dict[str, tuple[str, str, str]] = {
    "MC1101": (
        """Rules and matches are tried in order. Whatever this one asks for, an earlier one takes
        already: its path covers this one's, and its other conditions follow from this one's. Only
        what can be proved is reported. Put the narrower one first.""",
        _rules(
            "- match:\n  - uri: {prefix: /api/}\n    headers: {x-user: {}}\n"
            + _ROUTE
            + "- match:\n  - uri: {prefix: /api/v2/}\n    headers: {x-user: {exact: jason}}\n"
            + _ROUTE
        ),
        _rules(
            "- match:\n  - uri: {prefix: /api/v2/}\n    headers: {x-user: {exact: jason}}\n"
            + _ROUTE
            + "- match:\n  - uri: {prefix: /api/}\n    headers: {x-user: {}}\n"
            + _ROUTE
        ),
    ),
    "MC1102": (
        """At a gateway, the rules of all VirtualServices of one host are tried one after another, the
        oldest VirtualService first (only rules for everything come last). An older /api hides a
        younger /api/v2. Put the rules of a host into one VirtualService, where their order is in your
        hands.""",
        _EDGE
        + _rules("- match:\n  - uri: {prefix: /api}\n" + _ROUTE, "a-first", _BOUND)
        + "---"
        + _rules("- match:\n  - uri: {prefix: /api/v2}\n" + _ROUTE, "b-second", _BOUND),
        _EDGE
        + _rules(
            "- match:\n  - uri: {prefix: /api/v2}\n"
            + _ROUTE
            + "- match:\n  - uri: {prefix: /api}\n"
            + _ROUTE,
            "all",
            _BOUND,
        ),
    ),
    "MC1103": (
        """Paths begin with a slash and are compared without their query; methods are compared with their
        case; a header cannot be there and be missing. A match that asks for such a thing never
        counts.""",
        _rules("- match:\n  - uri: {prefix: api/}\n" + _ROUTE),
        _rules("- match:\n  - uri: {prefix: /api/}\n" + _ROUTE),
    ),
    "MC1104": (
        """Regexes match the whole value, so one without operators is an exact text, and one that ends in
        .* is a prefix. Those are found in an index; regexes have to be run.""",
        _rules('- match:\n  - uri: {regex: "/static/.*"}\n' + _ROUTE),
        _rules("- match:\n  - uri: {prefix: /static/}\n" + _ROUTE),
    ),
    "MC1105": (
        """A dot in a regex matches any character, so shop.example.com matches shopXexample.com, too.
        Escape it.""",
        _rules('- match:\n  - authority: {regex: "(eu|us).shop.example"}\n' + _ROUTE),
        _rules('- match:\n  - authority: {regex: "(eu|us)\\\\.shop\\\\.example"}\n' + _ROUTE),
    ),
    "MC1106": (
        """A prefix of Istio is a prefix of the text: /api takes /apis and /api-docs, too. If only /api
        and what is below it is meant, say so by two matches. (Reported with --pedantic.)""",
        _rules("- match:\n  - uri: {prefix: /api}\n" + _ROUTE),
        _rules("- match:\n  - uri: {exact: /api}\n  - uri: {prefix: /api/}\n" + _ROUTE),
    ),
    "MC1107": (
        """A rule that delegates is replaced by the rules of the VirtualService that it names, as far as
        their conditions fit: where there is none, or it is not exported, requests go on to the next rule.
        A regex fits nothing, a prefix or an exact text must begin with the prefix that is delegated, and a
        delegate must not delegate again.""",
        _DELEGATES.format(match="regex: /shop/cart/.*"),
        _DELEGATES.format(match="prefix: /shop/cart/"),
    ),
    "MC1108": (
        """A short host stands for its whole name in the cluster, and requests may name it in short only if
        it is a service of that namespace. Where none has the name, they are requests for an unknown host; if
        the name has a slip, those for the service keep its default route.""",
        _WEB + _rules("-" + _ROUTE[1:], more="hosts: [webb]"),
        _WEB + _rules("-" + _ROUTE[1:]),
    ),
    "MC1109": (
        """The hosts of a ServiceEntry are names as requests have them: `shop` is `shop`. In a VirtualService
        or a DestinationRule `shop` stands for shop.NAMESPACE.svc.cluster.local, which is another host, so
        that the rules are for nobody. Write the whole name in the ServiceEntry, or a name with a dot in
        both.""",
        _SHORT_ENTRY.format(host="shop"),
        _SHORT_ENTRY.format(host="shop.default.svc.cluster.local"),
    ),
    "MC1110": (
        """The prefix is replaced by the rewrite, and the rest of the path stays: of /shop/cart, / for /shop
        makes //cart, which most servers do not know. Match the prefix with its slash, and /shop alone by
        exact.""",
        _rules("- match:\n  - uri: {prefix: /shop}\n  rewrite: {uri: /}\n" + _ROUTE),
        _rules(
            "- match:\n  - uri: {prefix: /shop/}\n  - uri: {exact: /shop}\n  rewrite: {uri: /}\n" + _ROUTE
        ),
    ),
    "MC1201": (
        """Weights divide requests among destinations. A single destination gets all of them, also with
        weight 0. To stop traffic, answer it: directResponse {status: 503}.""",
        _rules("- route:\n  - destination: {host: web}\n    weight: 0"),
        _rules("- route:\n  - destination: {host: web}"),
    ),
    "MC1202": (
        """Weights are relative. If they do not add up to 100, each destination's share is another number
        than its weight; perhaps one was changed and the other forgotten.""",
        _rules(
            "- route:\n  - {destination: {host: web}, weight: 90}\n  - {destination: {host: new}, weight: 20}"
        ),
        _rules(
            "- route:\n  - {destination: {host: web}, weight: 80}\n  - {destination: {host: new}, weight: 20}"
        ),
    ),
    "MC1203": (
        """After a reset or a 5xx nobody knows whether the server has done what was asked. A POST that is
        repeated then may be done twice. Retry on what happens before the server has the request.""",
        _rules("- match:\n  - method: {exact: POST}\n  retries: {attempts: 2, retryOn: 5xx}\n" + _ROUTE),
        _rules(
            "- match:\n  - method: {exact: POST}\n  retries: {attempts: 2, retryOn: connect-failure}\n"
            + _ROUTE
        ),
    ),
    "MC1204": (
        """The timeout is for all tries together. If one try may take as long, a slow server is never
        tried a second time.""",
        _rules("- timeout: 2s\n  retries: {attempts: 2, perTryTimeout: 2s}\n" + _ROUTE),
        _rules("- timeout: 6s\n  retries: {attempts: 2, perTryTimeout: 2s}\n" + _ROUTE),
    ),
    "MC1205": (
        """A fault without a percentage is injected into 0 % of the requests, whatever older documents
        say.""",
        _rules("- fault:\n    abort: {httpStatus: 503}\n" + _ROUTE),
        _rules("- fault:\n    abort: {httpStatus: 503, percentage: {value: 100}}\n" + _ROUTE),
    ),
    "MC1206": (
        """The copy of each request goes to where the request itself goes, which does everything twice.""",
        _rules("- mirror: {host: web}\n" + _ROUTE),
        _rules("- mirror: {host: web-next}\n" + _ROUTE),
    ),
    "MC1207": (
        """Policies of a subset count only for requests that a rule sends to the subset. Without a rule
        that names it, its endpoints are used, but not its policy.""",
        _SUBSETS.replace("NAME", "v2") + "---" + _rules("- route:\n  - destination: {host: web, subset: v1}"),
        _SUBSETS.replace("NAME", "v2") + "---" + _rules("- route:\n  - destination: {host: web, subset: v2}"),
    ),
    "MC1208": (
        """maxEjectionPercent (10 if it is not given) bounds how many endpoints may be ejected at a time. With
        few endpoints that is less than one, and outlier detection does nothing.""",
        _outlier(10),
        _outlier(50),
    ),
    "MC1209": (
        """Envoy's local rate limit is for filter_enabled of the requests and refuses filter_enforced of those
        that are over it. Both are 0 % where they are missing: the limit is there, and does nothing.""",
        _limit(""),
        _limit(_SHARE.format("enabled") + _SHARE.format("enforced")),
    ),
    "MC1301": (
        """Some workload has the labels, but none of those that the service selects: requests to the
        subset get a 503.""",
        _WEB + _SUBSETS.replace("NAME", "v2"),
        _WEB + _SUBSETS.replace("NAME", "v1"),
    ),
    "MC1302": (
        """Requests to a destination without endpoints get a 503.""",
        """
static_resources:
  clusters:
  - name: web
    type: STATIC
""",
        """
static_resources:
  clusters:
  - name: web
    type: STATIC
    load_assignment:
      cluster_name: web
      endpoints:
      - lb_endpoints:
        - endpoint:
            address:
              socket_address: {address: 192.0.2.1, port_value: 80}
""",
    ),
}
