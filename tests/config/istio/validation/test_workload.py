"""WorkloadEntry and WorkloadGroup."""

from __future__ import annotations

import pytest
from istio_support import checked, document


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("WorkloadEntry", "{address: 10.0.0.1, ports: {http: 80}, labels: {app.io/a: b}, weight: 3}"),
        ("WorkloadEntry", "{address: '::1'}"),
        ("WorkloadEntry", "{address: vm-1.example.com}"),
        ("WorkloadEntry", "{address: 'unix:///run/x'}"),
        ("WorkloadEntry", "{address: 'unix://@abstract'}"),
        ("WorkloadGroup", "{template: {}}"),
        ("WorkloadGroup", "{template: {ports: {http: 80}}, metadata: {labels: {a: b}}}"),
        ("WorkloadGroup", "{template: {}, probe: {httpGet: {port: 80, scheme: HTTPS}, periodSeconds: 3}}"),
        ("WorkloadGroup", "{template: {}, probe: {tcpSocket: {port: 80}}}"),
        ("WorkloadGroup", "{template: {}, probe: {exec: {command: [a, b]}}}"),
        ("WorkloadGroup", "{template: {}, probe: {grpc: {port: 80, service: a}}}"),
    ],
)
def test_good(kind: str, spec: str) -> None:
    assert checked(document(kind, spec)) == ([], [])


def test_a_workload_of_another_network_needs_no_address() -> None:
    errors, warnings = checked(document("WorkloadEntry", "{network: there}"))
    assert errors == []
    assert "only the gateway of network 'there' can reach it" in warnings[0]


@pytest.mark.parametrize(
    ("kind", "spec", "path", "words"),
    [
        ("WorkloadEntry", "{}", "spec.address", "missing"),
        ("WorkloadEntry", "{address: a_b}", "spec.address", "an IP address or a host name"),
        ("WorkloadEntry", "{address: 10.0.0.1/8}", "spec.address", "an IP address or a host name"),
        ("WorkloadEntry", "{address: 'unix://a'}", "spec.address", "unix:///path"),
        ("WorkloadEntry", "{address: 'unix:///a/'}", "spec.address", "unix:///path"),
        ("WorkloadEntry", "{address: 'unix://@a/'}", "spec.address", "a file"),
        ("WorkloadEntry", "{address: 'unix:///a', ports: {http: 80}}", "spec.ports", "has no ports"),
        ("WorkloadEntry", "{address: 10.0.0.1, ports: {a_b: 80}}", "spec.ports", "the name of a port"),
        ("WorkloadEntry", "{address: 10.0.0.1, ports: {a: 0}}", "spec.ports", "a port from 1"),
        ("WorkloadEntry", "{address: 10.0.0.1, labels: {a/b/c: d}}", "spec.labels", "the key of a label"),
        ("WorkloadEntry", "{address: 10.0.0.1, labels: {a: d/e}}", "spec.labels", "the value of a label"),
        ("WorkloadEntry", "{address: 10.0.0.1, adress: a}", "spec.adress", "did you mean 'address'?"),
        ("WorkloadGroup", "{}", "spec.template", "missing"),
        ("WorkloadGroup", "{template: {}, metadata: {labels: {'': a}}}", "spec.metadata", "the key of"),
        ("WorkloadGroup", "{template: {}, probe: {}}", "spec.probe", "httpGet, tcpSocket"),
        ("WorkloadGroup", "{template: {}, probe: {httpGet: {port: 0}}}", "spec.probe.httpGet", "a port from"),
        ("WorkloadGroup", "{template: {}, probe: {tcpSocket: {}}}", "spec.probe.tcpSocket", "a port from"),
        ("WorkloadGroup", "{template: {}, probe: {exec: {}}}", "spec.probe.exec.command", "missing"),
        (
            "WorkloadGroup",
            "{template: {}, probe: {periodSeconds: -1, exec: {command: [a]}}}",
            "spec.probe.periodSeconds",
            "found the number -1",
        ),
        (
            "WorkloadGroup",
            "{template: {}, probe: {httpGet: {port: 80, scheme: ftp, httpHeaders: [{name: a b}]}}}",
            "spec.probe.httpGet.httpHeaders[0].name",
            "the name of a header",
        ),
        (
            "WorkloadGroup",
            "{template: {}, probe: {httpGet: {port: 80}, tcpSocket: {port: 80}}}",
            "spec.probe.tcpSocket",
            "only one of them",
        ),
    ],
)
def test_bad(kind: str, spec: str, path: str, words: str) -> None:
    errors, _ = checked(document(kind, spec))
    assert any(error.startswith(path) and words in error for error in errors), errors
