"""Documents of one shape each, made so that an analyzer which compares all with all would stand out."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["SHAPES"]

_RULE = "{route: [{destination: {host: web}}]}"


def _document(group: str, kind: str, name: str, spec: str, labels: str = "{}") -> str:
    metadata = f"{{name: {name}, labels: {labels}}}"
    return f"apiVersion: {group}\nkind: {kind}\nmetadata: {metadata}\nspec: {spec}\n"


def _rules(name: str, hosts: str, http: str = f"[{_RULE}]", gateways: str = "[mesh]") -> str:
    spec = f"{{hosts: {hosts}, gateways: {gateways}, http: {http}}}"
    return _document("networking.istio.io/v1", "VirtualService", name, spec)


def _gateway(name: str, hosts: str, selector: str = "{istio: ingressgateway}") -> str:
    server = f"{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: {hosts}}}"
    spec = f"{{selector: {selector}, servers: [{server}]}}"
    return _document("networking.istio.io/v1", "Gateway", name, spec)


def _table(count: int, match: Callable[[int], str]) -> str:
    rules = ", ".join(
        f"{{match: [{{{match(it)}}}], route: [{{destination: {{host: web}}}}]}}" for it in range(count)
    )
    return _rules("table", "[web]", f"[{rules}]")


#: What a shape is about -> its documents, about as many as asked for, or a document of that many parts.
SHAPES: dict[str, Callable[[int], list[str]]] = {
    "one host of the mesh": lambda n: [_rules(f"v{it}", "[web.example]") for it in range(n)],
    "hosts that nobody has": lambda n: [
        _rules(f"v{it}", f"[h{it}.example]", f"[{{route: [{{destination: {{host: t{it}}}}}]}}]")
        for it in range(n)
    ],
    "one host of gateways": lambda n: [_gateway(f"g{it}", '["*"]') for it in range(n)],
    "selectors alike": lambda n: [_gateway(f"g{it}", '["*"]', f"{{app: a, part: p{it}}}") for it in range(n)],
    "one gateway, many hosts": lambda n: [
        _gateway("g", "[" + ", ".join(f"h{it}.example" for it in range(n)) + "]"),
        *(_rules(f"v{it}", f"[h{it}.example]", gateways="[g]") for it in range(n)),
    ],
    "gateways that are not there": lambda n: [
        *(_gateway(f"g{it}", f"[h{it}.example]") for it in range(n // 2)),
        *(_rules(f"v{it}", f"[h{it}.example]", gateways=f"[gx{it}]") for it in range(n // 2)),
    ],
    "Sidecars of one pod": lambda n: [
        _document("v1", "Pod", "p", "{}", "{app: a}"),
        *(
            _document("networking.istio.io/v1", "Sidecar", f"s{it}", "{workloadSelector: {labels: {app: a}}}")
            for it in range(n)
        ),
    ],
    "rules of one path": lambda n: [
        _table(n, lambda it: f"uri: {{prefix: /}}, headers: {{x: {{exact: v{it}}}}}")
    ],
    "rules of one regex": lambda n: [_table(n, lambda it: f'uri: {{regex: "/a{it}/[0-9]+"}}')],
}
