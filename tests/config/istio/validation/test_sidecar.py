"""Sidecar: what Istio's control plane refuses, and what it warns about."""

from __future__ import annotations

import pytest
from istio_support import checked, document

HTTP = "{number: 80, protocol: HTTP, name: http}"


def sidecar(spec: str) -> tuple[list[str], list[str]]:
    return checked(document("Sidecar", spec.replace("PORT80", HTTP)))


@pytest.mark.parametrize(
    "spec",
    [
        '{egress: [{hosts: ["./*", "istio-system/*"]}]}',
        '{egress: [{hosts: ["~other/*", "~*/a.example.com", "~/*"]}]}',
        '{egress: [{port: {number: 0, protocol: TCP}, bind: "unix:///run/x", hosts: ["*/*"]}]}',
        "{ingress: [{port: PORT80, defaultEndpoint: ':8080'}]}",
        "{ingress: [{port: PORT80, defaultEndpoint: '[::1]:8080'}]}",
        "{ingress: [{port: PORT80, bind: '::1', defaultEndpoint: 'unix:///run/x'}]}",
        "{inboundConnectionPool: {tcp: {maxConnections: 3}}}",
        "{outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: a.b, port: {number: 80}}}}",
    ],
)
def test_good(spec: str) -> None:
    assert sidecar(spec) == ([], [])


@pytest.mark.parametrize(
    ("spec", "path", "words"),
    [
        ("{}", "spec", "a Sidecar must not be empty"),
        ("{workloadSelector: {labels: {app: a}}}", "spec", "a Sidecar must not be empty"),
        ("{egress: [{}]}", "spec.egress[0].hosts", "at least one host"),
        ("{egress: [{hosts: [a.b]}]}", "spec.egress[0].hosts", "a host as namespace/name"),
        ('{egress: [{hosts: ["n/short"]}]}', "spec.egress[0].hosts", "a full host name"),
        ('{egress: [{hosts: ["n/*a.b"]}]}', "spec.egress[0].hosts", "its whole first label"),
        ('{egress: [{hosts: ["N_/a.b"]}]}', "spec.egress[0].hosts", "*/name or ./name"),
        ('{egress: [{hosts: ["*/*"]}, {hosts: ["*/*"]}]}', "spec.egress[0].port", "must be the last"),
        (
            '{egress: [{port: PORT80, hosts: ["*/*"]}, {port: PORT80, hosts: ["*/*"]}]}',
            "spec.egress[1].port.number",
            "another listener of port 80",
        ),
        (
            '{egress: [{port: {protocol: TCP}, hosts: ["*/*"]}]}',
            "spec.egress[0].bind",
            "since the port has no number",
        ),
        (
            '{egress: [{port: {protocol: TCP}, bind: "unix://@a", captureMode: IPTABLES, hosts: ["*/*"]}]}',
            "spec.egress[0].captureMode",
            "DEFAULT or NONE",
        ),
        ("{ingress: [{}]}", "spec.ingress[0].port", "missing"),
        ("{ingress: [{port: {number: 70000}}]}", "spec.ingress[0].port.number", "a port from 1"),
        ("{ingress: [{port: {number: 1, protocol: X}}]}", "spec.ingress[0].port.protocol", "HTTP, HTTPS"),
        ("{ingress: [{port: PORT80, bind: a}]}", "spec.ingress[0].bind", "an IP address"),
        (
            "{ingress: [{port: PORT80, defaultEndpoint: '10.0.0.1:80'}]}",
            "spec.ingress[0].defaultEndpoint",
            "127.0.0.1:PORT",
        ),
        (
            "{ingress: [{port: PORT80, defaultEndpoint: ':80000'}]}",
            "spec.ingress[0].defaultEndpoint",
            "a port from 1 to 65535",
        ),
        (
            "{ingress: [{port: PORT80, tls: {mode: SIMPLE, credentialName: a}}]}",
            "spec.ingress[0].tls.credentialName",
            "not supported",
        ),
        (
            "{ingress: [{port: PORT80, tls: {mode: ISTIO_MUTUAL}}]}",
            "spec.ingress[0].tls.mode",
            "ISTIO_MUTUAL",
        ),
        ("{outboundTrafficPolicy: {egressProxy: {host: a.b}}}", "spec.outboundTrafficPolicy", "ALLOW_ANY"),
        (
            "{outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: '*.b'}}}",
            "spec.outboundTrafficPolicy.egressProxy.host",
            "without wildcards",
        ),
    ],
)
def test_bad(spec: str, path: str, words: str) -> None:
    errors, _ = sidecar(spec)
    assert any(error.startswith(path) and words in error for error in errors), errors


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ('{workloadSelector: {}, egress: [{hosts: ["*/*"]}]}', "a selector without labels"),
        ('{egress: [{hosts: ["*/*", "n/*"]}]}', "*/* is all there is"),
        ('{egress: [{hosts: ["./a.b", "n/a.b"]}]}', "'n/a.b' says again"),
        (
            "{ingress: [{port: {number: 1, protocol: TCP}, connectionPool: {http: {maxRetries: 1}}}]}",
            "has no effect on a port that speaks TCP",
        ),
    ],
)
def test_remarkable(spec: str, words: str) -> None:
    errors, warnings = sidecar(spec)
    assert errors == []
    assert any(words in warning for warning in warnings), warnings
