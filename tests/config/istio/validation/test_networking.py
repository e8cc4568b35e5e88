"""Rules of VirtualService, DestinationRule, Gateway and ServiceEntry that the shared parts have."""

from __future__ import annotations

import pytest
from istio_support import checked, document

ROUTE = "route: [{destination: {host: a}}]"


def rule(text: str, gateways: str = "") -> str:
    more = f", gateways: [{gateways}]" if gateways else ""
    return document("VirtualService", f"{{hosts: [a]{more}, http: [{{{text}}}]}}")


def policy(text: str) -> str:
    return document("DestinationRule", f"{{host: a, trafficPolicy: {{{text}}}}}")


def locality(text: str) -> str:
    return policy(f"outlierDetection: {{}}, loadBalancer: {{localityLbSetting: {{{text}}}}}")


def server(text: str) -> str:
    return document("Gateway", f"{{servers: [{{{text}}}]}}")


def tls(text: str) -> str:
    return server(f"hosts: [a.b], port: {{number: 443, name: https, protocol: HTTPS}}, tls: {{{text}}}")


def entry(text: str, metadata: str = "") -> str:
    return document("ServiceEntry", f"{{hosts: [a.b], {text}}}", metadata=metadata)


HTTP = "ports: [{number: 80, name: http, protocol: HTTP}]"
TCP = "ports: [{number: 80, name: tcp, protocol: TCP}]"
FILES = "serverCertificate: a, privateKey: b"


@pytest.mark.parametrize(
    "text",
    [
        rule(f"match: [{{headers: {{':authority': {{exact: a}}}}, gateways: [n/g, g]}}], {ROUTE}"),
        rule(f"match: [{{headers: {{'@request.auth.claims[a][b]': {{exact: a}}}}}}], {ROUTE}", "n/g"),
        rule(
            f'headers: {{request: {{set: {{a: \'%REQ(x)% %% %DYNAMIC_METADATA(["a", "b"])%\'}}}}}}, {ROUTE}'
        ),
        document(
            "VirtualService",
            "{hosts: ['outbound_.80_._.e2e.mesh'], gateways: [n/g], tls: [{match: "
            "[{sniHosts: ['outbound_.80_._.e2e.mesh']}], route: [{destination: {host: a}}]}]}",
        ),
        policy("loadBalancer: {warmup: {duration: 1s, aggression: 0.5, minimumPercent: 10}}"),
        policy("connectionPool: {tcp: {idleTimeout: 0s}}"),
        policy("tls: {mode: SIMPLE, credentialName: 'configmap://n/a'}"),
        locality("distribute: [{from: a/*, to: {a/b/*: 70, c: 30}}], failoverPriority: [x]"),
        tls("mode: MUTUAL, credentialName: a, caCrl: b"),
        tls("mode: SIMPLE, tlsCertificates: [{serverCertificate: a, privateKey: b}], cipherSuites: ['-ALL']"),
        entry("ports: [{number: 80, name: a, protocol: Mongo}], resolution: DNS"),
        entry(f"resolution: STATIC, {HTTP}, endpoints: [{{address: 10.0.0.1, ports: {{http: 81}}}}]"),
        entry(f"resolution: NONE, addresses: [10.0.0.0/8, '2001:db8::/32'], {TCP}"),
        entry(f"resolution: DNS, {TCP}"),
    ],
)
def test_good(text: str) -> None:
    assert checked(text) == ([], [])


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        (rule(ROUTE, "./g"), "spec.gateways", "a gateway as namespace/name"),
        (rule(f"match: [{{gateways: [a_b]}}], {ROUTE}"), "spec.http[0].match[0].gateways", "namespace/name"),
        (rule(f"match: [{{headers: {{':x': {{}}}}}}], {ROUTE}"), "spec.http[0].match[0].headers", "header"),
        (rule(f"headers: {{request: {{set: {{a: '%REQ(x):1%'}}}}}}, {ROUTE}"), "spec.http[0]", "%COMMAND%"),
        (rule(f"headers: {{request: {{set: {{a: '%REQ(x'}}}}}}, {ROUTE}"), "spec.http[0]", "%COMMAND%"),
        (document("VirtualService", "{http: [{delegate: {name: a}}]}"), "spec.http[0]", "does nothing"),
        (policy("loadBalancer: {warmup: {duration: 1s, aggression: 0}}"), "spec.traffic", "more than 0"),
        (policy("loadBalancer: {warmup: {duration: 1s}, warmupDurationSecs: 1s}"), "spec", "with warmup"),
        (policy("connectionPool: {http: {idleTimeout: 0s}}"), "spec.trafficPolicy", "at least 1ms"),
        (policy("tls: {mode: SIMPLE, credentialName: 'configmap://m/a'}"), "spec", "configmap://n/name"),
        (policy("outlierDetection: {outlierDetectionHttpErrorCodes: [99]}"), "spec", "from 100 to 599"),
        (
            policy(
                "loadBalancer: {consistentHash: {httpCookie: {name: a, attributes: [{name: b}, {name: b}]}}}"
            ),
            "spec.trafficPolicy.loadBalancer.consistentHash.httpCookie.attributes[1].name",
            "another attribute 'b'",
        ),
        (
            policy("loadBalancer: {zoneAwareLbSetting: {failoverPriority: [topology.kubernetes.io/zone]}}"),
            "spec.trafficPolicy.loadBalancer.zoneAwareLbSetting.failoverPriority",
            "is not for failoverPriority here",
        ),
        (locality("distribute: [{from: a, to: {b: 100}}, {from: a/b, to: {b: 100}}]"), "spec", "overlaps"),
        (locality("distribute: [{from: a, to: {'*': 50, b: 50}}]"), "spec", "overlaps"),
        (locality("distribute: [{from: a//b, to: {b: 100}}]"), "spec", "region/zone/subzone"),
        (locality("distribute: [{from: a*/b, to: {b: 100}}]"), "spec", "* at the end only"),
        (locality("distribute: [{from: a, to: {}}]"), "spec", "found none"),
        (
            locality("failover: [{from: a, to: b}], failoverPriority: [topology.kubernetes.io/region]"),
            "spec.trafficPolicy.loadBalancer.localityLbSetting.failoverPriority",
            "cannot be together with failover",
        ),
        (server("hosts: ['*a.b'], port: {number: 80, name: a, protocol: HTTP}"), "spec.servers[0]", "whole"),
        (server("hosts: [a.b], port: {number: 80, name: a, protocol: HBONE}"), "spec.servers[0]", "HTTPS"),
        (server("hosts: [a.b], port: {number: 80, name: a, protocol: Mongo}, tls: {}"), "spec", "no meaning"),
        (tls("mode: MUTUAL, caCertCredentialName: c, " + FILES), "spec.servers[0].tls", "missing"),
        (tls("mode: PASSTHROUGH, credentialName: c, " + FILES), "spec.servers[0].tls", "several sources"),
        (entry(f"resolution: DNS, {HTTP}, endpoints: [{{network: n}}]"), "spec.endpoints[0]", "IP address"),
        (entry(f"resolution: DNS, {HTTP}, endpoints: [{{address: 'unix:///a'}}]"), "spec", "IP address"),
        (entry("resolution: DNS, ports: [{number: 80, name: a, targetPort: 0}]"), "spec.ports[0]", "from 1"),
        (entry("hosts: [a.b, c.d], resolution: DNS, ports: [{number: 80, name: a}]"), "hosts", "twice"),
        (
            document("ServiceEntry", "{hosts: [a.b, c.d], resolution: DNS, ports: [{number: 80, name: a}]}"),
            "spec.hosts",
            "only be told apart on ports of HTTP or TLS",
        ),
        (
            document(
                "ServiceEntry",
                "{hosts: ['*.a'], resolution: DYNAMIC_DNS, ports: [{number: 1, name: a, protocol: HTTPS}]}",
            ),
            "spec.ports[0].protocol",
            "one of HTTP, HTTP2, GRPC, TLS",
        ),
        (
            document(
                "ServiceEntry",
                "{hosts: ['*.a'], resolution: DYNAMIC_DNS, location: MESH_INTERNAL}",
                metadata=", labels: {istio.io/use-waypoint: w}",
            ),
            "spec.location",
            "waypoint",
        ),
    ],
)
def test_bad(text: str, path: str, words: str) -> None:
    errors, _ = checked(text)
    assert any(path in error and words in error for error in errors), errors


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (rule(ROUTE, "g.n.svc"), "older form, expected n/g"),
        (tls(f"mode: SIMPLE, minProtocolVersion: TLSV1_0, {FILES}"), "none of the defaults fits it"),
        (tls(f"mode: SIMPLE, httpsRedirect: true, {FILES}"), "only for HTTP servers"),
        (tls(f"mode: SIMPLE, cipherSuites: [PSK-AES256-CBC-SHA], {FILES}"), "is not known"),
        (
            entry(
                f"resolution: DNS, {TCP}", ", labels: {networking.istio.io/enable-autoallocate-ip: 'false'}"
            ),
            "no addresses",
        ),
        (document("VirtualService", f"{{hosts: [a], tcp: [{{{ROUTE}}}, {{{ROUTE}}}]}}"), "never reached"),
        (
            document(
                "VirtualService", f"{{hosts: [a], tcp: [{{match: [{{port: 1}}, {{port: 1}}], {ROUTE}}}]}}"
            ),
            "an earlier match asks for just the same",
        ),
        (rule("delegate: {name: a}, directResponse: {status: 200}"), "no effect together with delegate"),
    ],
)
def test_remarkable(text: str, words: str) -> None:
    errors, warnings = checked(text)
    assert errors == []
    assert any(words in warning for warning in warnings), warnings
