"""Gateways that are merged for one workload, and what is told of their conflicts."""

from __future__ import annotations

import pytest
from istio_support import Compile

from meshcore.config import ConfigError, Node

GATEWAYS = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: one, namespace: edge}
spec:
  selector: {app: front}
  servers:
  - port: {number: 443, name: https, protocol: HTTPS}
    hosts: [a.example]
    tls: {mode: SIMPLE, credentialName: a}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: two, namespace: edge}
spec:
  selector: {app: front, tier: public}
  servers:
  - port: {number: 443, name: https, protocol: HTTPS}
    hosts: [b.example, a.example]
    tls: {mode: SIMPLE, credentialName: b}
  - port: {number: 443, name: other, protocol: HTTPS}
    hosts: [c.example]
    tls: {mode: SIMPLE, credentialName: c}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v, namespace: edge}
spec:
  hosts: ["*"]
  gateways: [one, two]
  http: [{directResponse: {status: 204}}]
"""


def test_a_host_that_another_gateway_has_is_left_out_with_its_server(compiled: Compile) -> None:
    config = compiled(GATEWAYS, node=Node("edge", {"app": "front", "tier": "public"}, "*"))
    assert set(config.hosts(443)) == {"a.example", "c.example"}
    assert any(
        "test.yaml:18:11: warning: spec.servers[0].port: conflicts with the server at test.yaml:8" in it
        for it in config.warnings
    )


def test_only_what_the_labels_meet_is_merged(compiled: Compile) -> None:
    config = compiled(GATEWAYS, node=Node("edge", {"app": "front"}, "*"))
    assert set(config.hosts(443)) == {"a.example"}


def test_labels_that_no_gateway_selects_are_an_error(compiled: Compile) -> None:
    message = r"no Gateway selects a workload with the labels app=back; edge/one selects app=front"
    with pytest.raises(ConfigError, match=message):
        compiled(GATEWAYS, node=Node("edge", {"app": "back"}, "*"))
