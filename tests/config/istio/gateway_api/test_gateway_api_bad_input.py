"""What is wrong with a document of the Gateway API is said with file, line, column and field."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from gateway_api_support import Derive, gateway, route
from hypothesis import given
from hypothesis import strategies as st

from meshcore.config import ConfigError, Node, load, load_text

GRPC = {"kind": "GRPCRoute"}


def errors(derived: Derive, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        derived(text, "web")
    return [f"{it.line}:{it.column} {it.path}: {it.detail}" for it in caught.value.findings]


@pytest.mark.parametrize(
    ("listener", "found"),
    [
        ("{port: 80, protocol: HTTP}", "7:5 spec.listeners[0].name: missing, but required"),
        ("{name: A_b, port: 80, protocol: HTTP}", "7:12 spec.listeners[0].name: found 'A_b'"),
        ("{name: a, port: 0, protocol: HTTP}", "7:21 spec.listeners[0].port: found the number 0"),
        ("{name: a, port: 80, protocol: http}", "7:35 spec.listeners[0].protocol: found 'http'"),
        ("{name: a, port: 80, protocol: HTTP, hostname: 'a.*'}", "spec.listeners[0].hostname: found 'a.*'"),
        ("{name: a, port: 80, protocol: HTTP, hostname: 10.0.0.1}", "hostname: found '10.0.0.1'"),
        ("{name: a, port: 80, protocol: TCP, hostname: a.example}", "TCP knows no host names"),
        ("{name: a, port: 80, protocol: HTTP, tls: {certificateRefs: [{name: c}]}}", "HTTP has no TLS"),
        ("{name: a, port: 443, protocol: HTTPS, tls: {}}", "certificateRefs: missing, but required"),
        ("{name: a, port: 443, protocol: HTTPS, tls: {mode: Passthrough}}", "tls.mode: found 'Passthrough'"),
        (
            "{name: a, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: c, kind: ConfigMap}]}}",
            "certificateRefs[0].kind: found 'ConfigMap', expected Secret",
        ),
        (
            "{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector}}}",
            "allowedRoutes.namespaces.selector: missing, but required for from: Selector",
        ),
        (
            "{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Some}}}",
            "7:76 spec.listeners[0].allowedRoutes.namespaces.from: found 'Some'",
        ),
        (
            "{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: "
            "{matchExpressions: [{key: x, operator: In}]}}}}",
            "matchExpressions[0].values: missing, but required for In",
        ),
        ("{name: a, port: 80, protocol: HTTP, nmae: b}", "unknown field 'nmae'; did you mean 'name'?"),
    ],
)
def test_listeners(derived: Derive, listener: str, found: str) -> None:
    assert any(found in it for it in errors(derived, gateway(listener)))


def test_listeners_that_cannot_be_together(derived: Derive) -> None:
    same = "{name: a, port: 80, protocol: HTTP}"
    assert errors(derived, gateway(same, same)) == [
        "8:5 spec.listeners[1]: another listener has this port, protocol and host name already",
        "8:12 spec.listeners[1].name: 'a' is there twice",
    ]


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ("[{matches: [{path: {value: a}}]}]", "14:37 spec.rules[0].matches[0].path.value: found 'a'"),
        ("[{matches: [{path: {value: /a//b}}]}]", "path.value: found '/a//b'"),
        ("[{matches: [{path: {value: /a/../b}}]}]", "path.value: found '/a/../b'"),
        ("[{matches: [{path: {value: '/a b'}}]}]", "path.value: found '/a b'"),
        ("[{matches: [{path: {type: RegularExpression, value: '/a('}}]}]", "not a regex that can be served"),
        ("[{matches: [{path: {type: Prefix, value: /a}}]}]", "path.type: found 'Prefix'"),
        ("[{matches: [{method: get}]}]", "matches[0].method: found 'get'"),
        ("[{matches: [{headers: [{name: 'x y', value: a}]}]}]", "headers[0].name: found 'x y'"),
        ("[{matches: [{headers: [{name: x, value: a}, {name: X, value: b}]}]}]", "'x' is there twice"),
        ("[{matches: [{queryParams: [{name: q, value: '(', type: RegularExpression}]}]}]", "not a regex"),
        ("[{backendRefs: [{name: web}]}]", "14:26 spec.rules[0].backendRefs[0].port: missing"),
        ("[{backendRefs: [{name: web.default.svc, port: 80}]}]", "the name of a Service: 'web'"),
        (
            "[{backendRefs: [{name: web, port: 80, weight: -1}]}]",
            "backendRefs[0].weight: found the number -1",
        ),
        (
            "[{filters: [{type: ExtensionRef, extensionRef: {group: a, kind: B, name: c}}]}]",
            "ExtensionRef is not",
        ),
        ("[{filters: [{type: URLRewrite}]}]", "filters[0].urlRewrite: missing, but required for URLRewrite"),
        (
            "[{filters: [{type: CORS, cors: {}, urlRewrite: {}}]}]",
            "filters[0].urlRewrite: the type of this filter is CORS",
        ),
        (
            "[{filters: [{type: RequestRedirect, requestRedirect: {}}], "
            "backendRefs: [{name: web, port: 80}]}]",
            "backendRefs: a rule that redirects has no backends",
        ),
        (
            "[{filters: [{type: RequestRedirect, requestRedirect: {}}, {type: URLRewrite, urlRewrite: {}}]}]",
            "RequestRedirect and URLRewrite cannot be together",
        ),
        (
            "[{filters: [{type: RequestRedirect, requestRedirect: {statusCode: 300}}]}]",
            "requestRedirect.statusCode: found 300",
        ),
        (
            "[{filters: [{type: RequestRedirect, requestRedirect: {hostname: '*.example'}}]}]",
            "requestRedirect.hostname: found '*.example'",
        ),
        (
            "[{filters: [{type: URLRewrite, urlRewrite: {path: "
            "{type: ReplaceFullPath, replaceFullPath: x}}}]}]",
            "path.replaceFullPath: found 'x', expected a path that begins with /",
        ),
        (
            "[{matches: [{path: {type: Exact, value: /a}}], filters: [{type: URLRewrite, urlRewrite: "
            "{path: {type: ReplacePrefixMatch, replacePrefixMatch: /b}}}]}]",
            "a prefix can be replaced only where the rule has exactly one PathPrefix match",
        ),
        (
            "[{filters: [{type: RequestHeaderModifier, requestHeaderModifier: "
            '{set: [{name: x, value: "a\\nb"}]}}]}]',
            "set[0].value: the value has control characters",
        ),
        (
            "[{filters: [{type: RequestHeaderModifier, requestHeaderModifier: "
            "{set: [{name: x, value: '%NOTHING%'}]}}]}]",
            "set[0].value: cannot be served",
        ),
        (
            "[{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: web, port: 80}, "
            "fraction: {numerator: 3, denominator: 2}}}]}]",
            "fraction.numerator: found 3 of 2",
        ),
        (
            "[{backendRefs: [{name: web, port: 80, filters: [{type: CORS, cors: {}}]}]}]",
            "filters[0].type: CORS is not served here",
        ),
        ("[{timeouts: {request: 1s, backendRequest: 2s}}]", "timeouts.backendRequest: found '2s'"),
        ("[{timeouts: {request: 1}}]", "timeouts.request: found the number 1"),
        ("[{retry: {codes: [200]}}]", "retry.codes: found 200"),
        ("[{name: a}, {name: a}]", "rules[1].name: 'a' is there twice"),
    ],
)
def test_rules(derived: Derive, rules: str, found: str) -> None:
    reported = errors(derived, gateway() + route(rules).replace("  hostnames: []\n", ""))
    assert any(found in it for it in reported), reported


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ("{method: {}}", "matches[0].method: found none of them"),
        ("{method: {service: a/b}}", "method.service: found 'a/b'"),
        ("{method: {method: 'a.b'}}", "method.method: found 'a.b'"),
        ("{method: {type: RegularExpression, service: '('}}", "not a regex that can be served"),
    ],
)
def test_grpc_matches(derived: Derive, match: str, found: str) -> None:
    text = gateway() + route(f"[{{matches: [{match}]}}]", kind="GRPCRoute")
    assert any(found in it for it in errors(derived, text))


@pytest.mark.parametrize(
    ("parents", "found"),
    [
        ("[{name: gw}, {name: gw}]", "another reference names the same parent, section and port"),
        ("[{name: gw}, {name: gw, sectionName: a}]", "sectionName or port is missing"),
        ("[{namespace: x}]", "parentRefs[0].name: missing, but required"),
    ],
)
def test_parents(derived: Derive, parents: str, found: str) -> None:
    assert any(found in it for it in errors(derived, gateway() + route("[{}]", parents=parents)))


@pytest.mark.parametrize("version", ["v2", "v1alpha1"])
def test_versions(version: str) -> None:
    text = route("[{}]").replace("/v1\n", f"/{version}\n")
    with pytest.raises(ConfigError, match="HTTPRoute has no version"):
        load_text(text)


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha2"])
def test_versions_that_are_read(version: str) -> None:
    text = (gateway() + route("[{}]")).replace("/v1\n", f"/{version}\n")
    assert load_text(text, node=Node(gateway="default/gw")).listeners


@pytest.mark.parametrize("kind", ["BackendTLSPolicy"])
def test_kinds_that_are_refused_by_name(kind: str) -> None:
    text = f"apiVersion: gateway.networking.k8s.io/v1\nkind: {kind}\nmetadata: {{name: x}}\nspec: {{}}\n"
    with pytest.raises(ConfigError, match=f"<string>:2:7: error: kind: {kind} is not supported"):
        load_text(text)


@pytest.mark.parametrize("kind", ["TCPRoute", "TLSRoute", "UDPRoute"])
def test_kinds_that_are_left_aside(kind: str) -> None:
    text = f"---\napiVersion: gateway.networking.k8s.io/v1alpha2\nkind: {kind}\nmetadata: {{name: x}}\n"
    config = load_text(gateway() + text, node=Node(gateway="default/gw"))
    assert config.skipped == (f"{kind} default/x",)


#: Words of the documents, so that what is made up comes near to what is meant.
WORDS = ["name", "port", "matches", "path", "value", "type", "filters", "backendRefs", "headers", "weight"]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 70000)
    | st.sampled_from([*WORDS, "", "/a", "*", "HTTP", "1s"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.sampled_from(["HTTPRoute", "GRPCRoute", "Gateway", "GatewayClass", "ReferenceGrant"]),
    st.sampled_from(["rules", "parentRefs", "hostnames", "listeners", "from", "to", "gatewayClassName"]),
    VALUES,
)
def test_whatever_is_written_is_a_model_or_findings(kind: str, field: str, value: Any) -> None:
    document = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": "x"},
        "spec": {field: value},
    }
    with contextlib.suppress(ConfigError):
        load(document)
