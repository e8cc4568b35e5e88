"""Kubernetes' own documents: what could not be sent to, or not be told apart."""

from __future__ import annotations

import pytest
from istio_support import Compile, checked


def service(ports: str) -> str:
    return (
        f"{{apiVersion: v1, kind: Service, metadata: {{name: a, namespace: n}}, spec: {{ports: [{ports}]}}}}"
    )


@pytest.mark.parametrize(
    ("ports", "path", "words"),
    [
        ("{port: 80, name: a}, {port: 81, name: a}", "spec.ports[1].name", "another port 'a'"),
        ("{port: 80, name: a}, {port: 80, name: b}", "spec.ports[1].port", "another port 80 of TCP"),
        ("{port: 80, targetPort: 0}", "spec.ports[0].targetPort", "a port from 1 to 65535"),
        ("{port: 0}", "spec.ports[0].port", "from 1 to 65,535"),
    ],
)
def test_bad_ports(ports: str, path: str, words: str) -> None:
    (error,) = checked(service(ports))[0]
    assert error.startswith(path)
    assert words in error


def test_a_port_may_speak_two_protocols(compiled: Compile) -> None:
    text = service("{port: 53, name: dns}, {port: 53, name: dns-udp, protocol: UDP}")
    assert checked(text) == ([], [])
    config = compiled(text).config
    assert config.cluster("outbound|53||a.n.svc.cluster.local") is not None
