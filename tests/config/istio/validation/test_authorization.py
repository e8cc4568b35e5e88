"""AuthorizationPolicy: rules that could not mean what they seem to."""

from __future__ import annotations

import pytest
from istio_support import checked, document


def policy(spec: str, metadata: str = "") -> tuple[list[str], list[str]]:
    return checked(document("AuthorizationPolicy", spec, group="security.istio.io/v1", metadata=metadata))


@pytest.mark.parametrize(
    "spec",
    [
        "{}",
        "{action: DENY, rules: [{}]}",
        "{action: CUSTOM, provider: {name: opa}, rules: [{to: [{operation: {paths: [/a]}}]}]}",
        "{rules: [{from: [{source: {principals: ['*'], notNamespaces: [a]}}]}]}",
        "{rules: [{from: [{source: {serviceAccounts: [a, n/a], trustDomains: [td, 'a*']}}]}]}",
        "{rules: [{from: [{source: {ipBlocks: [10.0.0.0/8, '::1'], notRemoteIpBlocks: [1.2.3.4]}}]}]}",
        "{rules: [{to: [{operation: {ports: ['0', '80'], methods: [GET], hosts: ['*.a']}}]}]}",
        "{rules: [{to: [{operation: {paths: ['/a/{*}/b/{**}', '/a*', '*']}}]}]}",
        "{rules: [{when: [{key: 'request.headers[a]', values: [b]}]}]}",
        "{rules: [{when: [{key: 'request.auth.claims[a][b]', notValues: [b]}]}]}",
        "{rules: [{when: [{key: destination.port, values: ['80']}, {key: source.ip, values: [10.0.0.1]}]}]}",
        "{targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: g}], rules: [{}]}",
        "{targetRef: {kind: Service, group: '', name: g}}",
    ],
)
def test_good(spec: str) -> None:
    assert policy(spec) == ([], [])


@pytest.mark.parametrize(
    ("spec", "path", "words"),
    [
        ("{action: DENY}", "spec.rules", "DENY without rules"),
        ("{action: CUSTOM, provider: {name: a}}", "spec.rules", "CUSTOM without rules"),
        ("{action: CUSTOM, rules: [{}]}", "spec.provider", "missing"),
        ("{provider: {name: a}}", "spec.provider", "no meaning for action ALLOW"),
        ("{action: NO}", "spec.action", "ALLOW, DENY, AUDIT, CUSTOM"),
        ("{rules: [{from: [{}]}]}", "spec.rules[0].from[0].source", "missing"),
        ("{rules: [{from: [{source: {}}]}]}", "spec.rules[0].from[0].source", "must not be empty"),
        ("{rules: [{to: [{operation: {}}]}]}", "spec.rules[0].to[0].operation", "must not be empty"),
        ("{rules: [{from: [{source: {principals: ['']}}]}]}", "spec.rules[0].from[0]", "an empty value"),
        ("{rules: [{from: [{source: {ipBlocks: [10.0.0.0/33]}}]}]}", "spec.rules[0].from[0]", "a range such"),
        (
            "{rules: [{from: [{source: {serviceAccounts: [a], namespaces: [b]}}]}]}",
            "spec.rules[0].from[0].source.serviceAccounts",
            "cannot be together with namespaces",
        ),
        ("{rules: [{from: [{source: {serviceAccounts: [a/b/c]}}]}]}", "spec.rules[0].from[0]", "account or"),
        ("{rules: [{from: [{source: {serviceAccounts: ['a*']}}]}]}", "spec.rules[0].from[0]", "wildcards"),
        ("{rules: [{from: [{source: {trustDomains: [a*b]}}]}]}", "spec.rules[0].from[0]", "at most one *"),
        ("{rules: [{from: [{source: {trustDomains: [a/b]}}]}]}", "spec.rules[0].from[0]", "without a slash"),
        ("{rules: [{to: [{operation: {ports: ['x']}}]}]}", "spec.rules[0].to[0]", "the number of a port"),
        ("{rules: [{to: [{operation: {ports: ['65536']}}]}]}", "spec.rules[0].to[0]", "the number of a port"),
        ("{rules: [{to: [{operation: {ports: [80]}}]}]}", "spec.rules[0].to[0]", "put it in quotes"),
        (
            "{rules: [{to: [{operation: {paths: ['/{**}/{*}']}}]}]}",
            "spec.rules[0].to[0]",
            "the last operator",
        ),
        ("{rules: [{to: [{operation: {paths: ['/{a}']}}]}]}", "spec.rules[0].to[0]", "braces are for"),
        (
            "{rules: [{to: [{operation: {paths: ['/a b/{*}']}}]}]}",
            "spec.rules[0].to[0]",
            "cannot stand beside",
        ),
        ("{rules: [{when: [{values: [a]}]}]}", "spec.rules[0].when[0].key", "missing"),
        ("{rules: [{when: [{key: source.ip}]}]}", "spec.rules[0].when[0]", "values or notValues"),
        (
            "{rules: [{when: [{key: source.ipp, values: [a]}]}]}",
            "spec.rules[0].when[0].key",
            "did you mean 'source.ip'?",
        ),
        (
            "{rules: [{when: [{key: source.ip, values: [a]}]}]}",
            "spec.rules[0].when[0].values",
            "an IP address",
        ),
        ("{rules: [{when: [{key: request.headers, values: [a]}]}]}", "spec.rules[0].when[0].key", "[NAME]"),
        ("{rules: [{when: [{key: destination.user, values: [a]}]}]}", "spec.rules[0].when[0]", "no longer"),
        (
            "{action: CUSTOM, provider: {name: a}, rules: [{from: [{source: {principals: [a]}}]}]}",
            "spec.rules[0].from[0].source.principals",
            "not supported with action CUSTOM",
        ),
        (
            "{action: CUSTOM, provider: {name: a}, rules: [{when: [{key: source.principal, values: [a]}]}]}",
            "spec.rules[0].when[0].key",
            "not supported with action CUSTOM",
        ),
        ("{selector: {matchLabels: {a: 'b*'}}}", "spec.selector.matchLabels", "wildcards"),
        ("{selector: {matchLabels: {'': b}}}", "spec.selector.matchLabels", "without a key"),
        (
            "{selector: {matchLabels: {a: b}}, targetRefs: [{kind: Service, name: a}]}",
            "spec.targetRefs",
            "cannot be together with selector",
        ),
        ("{targetRef: {kind: Service, name: a, namespace: b}}", "spec.targetRef.namespace", "own namespace"),
        ("{targetRef: {kind: Pod, name: a}}", "spec.targetRef.kind", "found 'Pod'"),
        ("{targetRef: {kind: Service, name: ''}}", "spec.targetRef.name", "a text that is not empty"),
    ],
)
def test_bad(spec: str, path: str, words: str) -> None:
    errors, _ = policy(spec)
    assert any(error.startswith(path) and words in error for error in errors), errors


@pytest.mark.parametrize(
    ("rule", "warned"),
    [
        ("{to: [{operation: {paths: [/a]}}]}", True),
        ("{to: [{operation: {paths: [/a], ports: ['80']}}]}", False),
        ("{from: [{source: {requestPrincipals: ['*']}}]}", True),
        ("{from: [{source: {principals: ['*']}}]}", False),
        ("{when: [{key: source.ip, values: [1.2.3.4]}]}", False),
    ],
)
def test_denials_that_take_all_of_tcp(rule: str, warned: bool) -> None:
    assert policy(f"{{rules: [{rule}]}}") == ([], [])
    errors, warnings = policy(f"{{action: DENY, rules: [{rule}]}}")
    assert errors == []
    assert bool(warnings) is warned


@pytest.mark.parametrize(
    ("action", "value", "words"),
    [
        ("ALLOW", "true", ""),
        ("DENY", "f", ""),
        ("ALLOW", "yes", "'istio.io/dry-run', found 'yes', expected"),
        ("AUDIT", "true", "not supported for action AUDIT"),
    ],
)
def test_dry_runs(action: str, value: str, words: str) -> None:
    annotations = f', annotations: {{istio.io/dry-run: "{value}"}}'
    errors, _ = policy(f"{{action: {action}, rules: [{{}}]}}", annotations)
    assert len(errors) == bool(words)
    assert all(words in error for error in errors)


def test_annotations_that_nobody_else_may_have() -> None:
    internal = ', annotations: {internal.istio.io/parents: "a"}'
    assert policy("{}", internal)[0] == ["metadata.annotations: 'internal.istio.io/parents' may not be set"]
    dry = checked(document("VirtualService", "{}", metadata=', annotations: {istio.io/dry-run: "true"}'))[0]
    assert any("is for AuthorizationPolicy only" in error for error in dry)
