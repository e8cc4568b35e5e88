"""What is valid and leads nowhere is warned about, where it stands."""

from __future__ import annotations

import pytest
from gateway_api_support import WEB, gateway, route
from istio_support import Compile

from meshcore.config import ConfigError, Node

GATEWAY = Node(gateway="default/gw")
SERVED = gateway()


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            SERVED + route(WEB, parents="[{name: gwy}]"),
            "there is no Gateway 'default/gwy' among the documents",
        ),
        (SERVED + route(WEB, parents="[{name: gw, sectionName: https}]"), "('http': it is not 'https')"),
        (SERVED + route(WEB, parents="[{name: gw, port: 443}]"), "('http': it is not on port 443)"),
        (
            gateway("{name: a, port: 80, protocol: HTTP, hostname: a.example}")
            + route(WEB, hostnames="[b.example]"),
            "('a': it is for a.example, which meets none of the route's hostnames)",
        ),
        (
            SERVED + route(WEB, namespace="shop", parents="[{name: gw, namespace: default}]"),
            "('http': it takes no routes from namespace 'shop')",
        ),
        (
            gateway("{name: a, port: 80, protocol: HTTP, allowedRoutes: {kinds: [{kind: GRPCRoute}]}}")
            + route(WEB),
            "('a': it takes no HTTPRoute)",
        ),
        (SERVED + route(WEB, parents="[]"), "the route names no parent"),
        (
            SERVED + route(WEB, parents="[{name: x, kind: Service, group: ''}]"),
            "there is no Service 'default/x'",
        ),
        (SERVED + route(WEB, parents="[{name: x, kind: Odd, group: x.example}]"), "not to a Odd"),
        (SERVED + route("[{backendRefs: []}]"), "spec.rules[0].backendRefs: the rule has no backends"),
        (
            SERVED + route("[{backendRefs: [{name: web, port: 80, weight: 0}]}]"),
            "every backend has weight 0: requests get a 500",
        ),
        (
            SERVED + route("[{backendRefs: [{name: gone, port: 80}]}]"),
            "test.yaml:15:33: warning[MC1402]: spec.rules[0].backendRefs[0].name: there is no service",
        ),
        (SERVED + route("[{backendRefs: [{name: web, port: 81}]}]"), "has no port 81, only 80"),
        (
            SERVED + route("[{backendRefs: [{name: web, namespace: x, port: 80}]}]"),
            "a ReferenceGrant in 'x' would permit it",
        ),
        (
            SERVED + route("[{sessionPersistence: {}, backendRefs: []}]"),
            "sessionPersistence: has no effect here",
        ),
        (
            gateway("{name: a, port: 80, protocol: HTTP}", "{name: b, port: 81, protocol: UDP}"),
            "listeners[1].protocol: the listener is left aside: UDP is not served",
        ),
        (
            gateway("{name: a, port: 80, protocol: HTTP}", "{name: b, port: 443, protocol: HTTPS}"),
            "the listener is left aside: HTTPS needs tls",
        ),
        (
            gateway(
                "{name: a, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: c}]}}",
                "{name: b, port: 443, protocol: TLS, tls: {mode: Passthrough}}",
            ),
            "an earlier listener has this port and host name",
        ),
        (SERVED + gateway(name="other", of="nginx"), "the class 'nginx' is not one of Istio's"),
    ],
)
def test_warnings(compiled: Compile, text: str, warning: str) -> None:
    found = compiled(text, "web", node=GATEWAY).warnings
    assert any(warning in it for it in found), found


def test_nothing_to_say(compiled: Compile) -> None:
    assert compiled(SERVED + route(WEB), "web", node=GATEWAY).warnings == ()


def test_routes_for_gateways_only_are_told_to_the_mesh(compiled: Compile) -> None:
    [warning] = compiled(SERVED + route(WEB), "web").warnings
    assert "to serve as one: --gateway default/gw" in warning


@pytest.mark.parametrize(
    ("text", "name", "error"),
    [
        (SERVED, "default/gww", "there is no Gateway 'default/gww' in the documents; did you mean"),
        (
            SERVED,
            "prod/public",
            "there is no Gateway 'prod/public' in the documents; there is default/gw",
        ),
        (gateway(of="nginx"), "default/gw", "Gateway 'default/gw' has no listener that could be served"),
    ],
)
def test_the_gateway_that_is_asked_for(compiled: Compile, text: str, name: str, error: str) -> None:
    with pytest.raises(ConfigError, match=error):
        compiled(text, node=Node(gateway=name))
