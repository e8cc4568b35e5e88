"""Rules asked by requests: documents through the engine to decisions."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from istio_support import Compile

from meshcore import Engine
from meshcore.config import Node

ENDPOINTS = {
    "a": {
        "ports": [80],
        "endpoints": [
            {"address": "10.0.0.1", "port": 8080, "labels": {"version": "v1"}},
            {"address": "10.0.0.2", "port": 8080, "labels": {"version": "v2"}},
        ],
    }
}
SUBSETS = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: a}
spec: {host: a, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}
---
"""
V1 = "route: [{destination: {host: a, subset: v1}}]"
V2 = "route: [{destination: {host: a, subset: v2}}]"


def document(*rules: str) -> str:
    head = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\n"
    return SUBSETS + head + "spec:\n  hosts: [a]\n  http:\n" + "".join(f"  - {{{rule}}}\n" for rule in rules)


def ask(
    compiled: Compile,
    text: str,
    path: str = "/",
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    authority: str = "a",
    scheme: str = "http",
    node: Node | None = None,
) -> str:
    """The decision in a line: the endpoint's number, the path and the authority, or the answer."""
    config = compiled(text, endpoints=ENDPOINTS, node=node).config
    with Engine(config).decide(
        method, authority, path, dict(headers or {}), port=80, scheme=scheme
    ) as decision:
        if decision.endpoint is not None:
            return f"{decision.endpoint.split('.')[3][0]} {decision.path} {decision.authority}"
        if decision.location is not None:
            return f"{decision.status} {decision.location}"
        return f"{decision.status} {decision.body.decode()}"


@pytest.mark.parametrize(
    ("match", "path", "headers", "matches"),
    [
        ("uri: {exact: /x}", "/x?q=1", {}, True),
        ("uri: {exact: /x}", "/x/", {}, False),
        ("uri: {exact: /x}", "/X", {}, False),
        ("uri: {exact: /x}, ignoreUriCase: true", "/X", {}, True),
        ("uri: {prefix: /x}", "/xyz", {}, True),
        ("uri: {regex: '/x[0-9]'}", "/x1?q", {}, True),
        ("uri: {regex: '/x[0-9]'}", "/x12", {}, False),
        ("uri: {}", "/anything", {}, True),
        ("headers: {X-A: {exact: b}}", "/", {"x-a": "b"}, True),
        ("headers: {x-a: {exact: b}}", "/", {"x-a": "B"}, False),
        ("headers: {x-a: {exact: ''}}", "/", {}, False),
        ("headers: {x-a: {exact: ''}}", "/", {"x-a": ""}, True),
        ("headers: {x-a: {}}", "/", {"x-a": ""}, True),
        ("headers: {x-a: {}}", "/", {}, False),
        ("headers: {x-a: {regex: '*'}}", "/", {"x-a": "b"}, True),
        ("headers: {host: {exact: a}}", "/", {}, True),
        ("headers: {':method': {exact: GET}}", "/", {}, True),
        ("withoutHeaders: {x-a: {exact: b}}", "/", {}, True),
        ("withoutHeaders: {x-a: {exact: b}}", "/", {"x-a": "b"}, False),
        ("withoutHeaders: {x-a: {regex: '.*'}}", "/", {}, False),
        ("withoutHeaders: {x-a: {}}", "/", {"x-a": "b"}, False),
        ("withoutHeaders: {x-a: {}}", "/", {}, True),
        ("queryParams: {q: {exact: '1'}}", "/?p=2&q=1&q=3", {}, True),
        ("queryParams: {q: {exact: '3'}}", "/?q=1&q=3", {}, False),
        ("queryParams: {q: {exact: ''}}", "/?q", {}, True),
        ("queryParams: {q: {}}", "/?q=7", {}, True),
        ("queryParams: {q: {}}", "/?p=7", {}, False),
        ("method: {exact: POST}", "/", {}, False),
        ("method: {regex: 'GET|HEAD'}", "/", {}, True),
        ("scheme: {exact: http}", "/", {}, True),
        ("authority: {prefix: a}", "/", {}, True),
        ("uri: {prefix: /x}, headers: {x-a: {exact: b}}", "/x", {}, False),
        ("sourceLabels: {app: c}", "/", {}, True),
        ("sourceLabels: {app: d}", "/", {}, False),
        ("port: 80", "/", {}, True),
        ("port: 81", "/", {}, False),
    ],
)
def test_matches(compiled: Compile, match: str, path: str, headers: dict[str, str], matches: bool) -> None:
    text = document(f"match: [{{{match}}}], {V1}", V2)
    answer = ask(compiled, text, path, headers, node=Node(labels={"app": "c"}))
    assert answer[0] == ("1" if matches else "2")


@pytest.mark.parametrize(
    ("rule", "path", "answer"),
    [
        (V1, "/x?y", "1 /x?y a"),
        (f"rewrite: {{uri: /base}}, {V1}", "/x?y", "1 /basex?y a"),
        (f"match: [{{uri: {{prefix: /x}}}}], rewrite: {{uri: /}}, {V1}", "/x/y", "1 //y a"),
        (f"match: [{{uri: {{exact: /x}}}}], rewrite: {{uri: /z}}, {V1}", "/x?y", "1 /z?y a"),
        (f"match: [{{uri: {{regex: '/x.*'}}}}], rewrite: {{uri: /z}}, {V1}", "/xy?y", "1 /z?y a"),
        (
            rf"rewrite: {{uriRegexRewrite: {{match: '^/([a-z]+)/(.*)$', rewrite: '/\2/\1'}}}}, {V1}",
            "/x/y",
            "1 /y/x a",
        ),
        (f"rewrite: {{authority: b.com}}, {V1}", "/", "1 / b.com"),
        (f"headers: {{request: {{set: {{host: b.com}}}}}}, {V1}", "/", "1 / b.com"),
        (
            "route: [{destination: {host: a, subset: v1}, headers: {request: {set: {':authority': b.com}}}}]",
            "/",
            "1 / b.com",
        ),
        ("redirect: {uri: /z}", "/x?y", "301 http://a/z?y"),
        ("redirect: {uri: /z?q=1, redirectCode: 302}", "/x?y", "302 http://a/z?q=1"),
        ("redirect: {authority: b.com:81, scheme: https}", "/x", "301 https://b.com:81/x"),
        ("match: [{uri: {prefix: /x}}], redirect: {prefixRewrite: /z}", "/x/y?q", "301 http://a/z/y?q"),
        ("directResponse: {status: 503, body: {string: later}}", "/", "503 later"),
        ("route: [{destination: {host: a, subset: v1}, weight: 0}]", "/", "1 / a"),
        (
            "route: [{destination: {host: a, subset: v1}}, {destination: {host: a, subset: v2}, weight: 7}]",
            "/",
            "2 / a",
        ),
        ("route: [{destination: {host: a, subset: v9}}]", "/", "503 "),
    ],
)
def test_actions(compiled: Compile, rule: str, path: str, answer: str) -> None:
    assert ask(compiled, document(rule), path) == answer


def test_names_and_ports_of_the_authority(compiled: Compile) -> None:
    text = document(V1)
    for authority in ("a", "A:80", "a.default", "a.default.svc:1", "a.default.svc.cluster.local."):
        assert ask(compiled, text, authority=authority).startswith("1 / ")
    config = compiled(text, endpoints=ENDPOINTS).config
    with Engine(config).decide("GET", "unknown.org", "/", {}, port=80) as decision:
        assert decision.cluster == "PassthroughCluster"
        assert decision.endpoint is None


def test_header_operations_come_in_istios_order(compiled: Compile) -> None:
    operations = (
        "request: {set: {x-set: RULE}, add: {x-add: RULE}, remove: [x-gone]}, response: {add: {x-by: RULE}}"
    )
    first = operations.replace("RULE", "rule")
    then = operations.replace("RULE", "destination")
    both = f"headers: {{{first}}}, route: [{{destination: {{host: a, subset: v1}}, headers: {{{then}}}}}]"
    split = both[:-1] + ", {destination: {host: a, subset: v2}, weight: 0}]"
    split = split.replace("subset: v1}", "subset: v1}, weight: 1")
    sent = [("x-set", "client"), ("x-add", "client"), ("x-gone", "client")]
    for rule, order in ((both, ["rule", "destination"]), (split, ["destination", "rule"])):
        config = compiled(document(rule), endpoints=ENDPOINTS).config
        with Engine(config).decide("GET", "a", "/", sent, port=80) as decision:
            lines = decision.request_headers()
            answer = decision.response_headers([("server", "x")], status=200)
        assert [value for name, value in lines if name == "x-add"] == ["client", *order]
        assert [value for name, value in lines if name == "x-set"] == [order[-1]]
        assert "x-gone" not in dict(lines)
        assert [value for name, value in answer if name == "x-by"] == order


def test_paths_are_normalised_before_they_are_asked_for(compiled: Compile) -> None:
    text = document(f"match: [{{uri: {{prefix: /admin}}}}], {V1}", V2)
    assert ask(compiled, text, "/x/../admin") == "1 /admin a"
    assert ask(compiled, text, "/x%2f..%2fadmin")[0] == "2"
