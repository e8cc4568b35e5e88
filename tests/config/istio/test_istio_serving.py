"""What is refused, what is warned about, what is left aside."""

from __future__ import annotations

import pytest
from istio_support import Compile

from meshcore.config import ConfigError, Node
from meshcore.config.documents import read_text
from meshcore.config.findings import Findings
from meshcore.config.istio import validate_documents

RULES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: rules}
spec:
  hosts: [a]
  http:
"""
RULE = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a}\nspec:\n  host: a\n"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("{match: [{headers: {x: {regex: '('}}}], route: [{destination: {host: a}}]}", "RE2"),
        ("{redirect: {uri: /x, redirectCode: 305}}", "305, expected one of 301, 302, 303, 307, 308"),
        ("{headers: {request: {set: {x: '%NO_SUCH%'}}}, route: [{destination: {host: a}}]}", "NO_SUCH"),
        ('{rewrite: {authority: "a\\r\\nb"}, route: [{destination: {host: a}}]}', "visible ASCII"),
        ('{redirect: {authority: "a\\nx: y"}}', "visible ASCII"),
        ("{redirect: {uri: x}}", "begins with /"),
        (
            "{rewrite: {uriRegexRewrite: {match: a, rewrite: '\\1'}}, route: [{destination: {host: a}}]}",
            "group that the pattern has not (it has 0)",
        ),
        ('{name: "a\\nb", route: [{destination: {host: a}}]}', "no control characters"),
        ("{route: [{destination: {host: a}}], tiemout: 1s}", "did you mean 'timeout'?"),
        ("{route: [{destination: {host: a}}], timeout: 1x}", "expected a duration"),
        (
            "{retries: {attempts: 1, retryOn: [5xx]}, route: [{destination: {host: a}}]}",
            "found a list, expected a text with commas, such as 5xx,reset",
        ),
        ("{route: [{destination: {host: a}}], redirect: {uri: /}}", "cannot be together with route"),
        ("{route: [{destination: {host: a}, weight: -1}]}", "expected 0 or more"),
        (
            "{retries: {attempts: 1, retryOn: gateway-eror}, route: [{destination: {host: a}}]}",
            "gateway-error",
        ),
    ],
)
def test_what_cannot_be_served_is_refused_by_position(compiled: Compile, rule: str, message: str) -> None:
    with pytest.raises(ConfigError, match=r"test\.yaml:8:") as caught:
        compiled(f"{RULES}  - {rule}\n", "a")
    assert message in str(caught.value)


def test_all_findings_come_at_once(compiled: Compile) -> None:
    text = (
        RULES
        + "  - {timeout: x, route: [{destination: {host: '*'}}]}\n---\n"
        + RULE
        + "  subsets: [{name: A_b}]\n"
    )
    with pytest.raises(ConfigError) as caught:
        compiled(text)
    lines = {(finding.kind, finding.path) for finding in caught.value.findings}
    assert lines == {
        ("VirtualService", "spec.http[0].timeout"),
        ("DestinationRule", "spec.subsets[0].name"),
    }


@pytest.mark.parametrize(
    ("rule", "warning"),
    [
        ("{retries: {attempts: 0}, route: [{destination: {host: a}}]}", ""),
        ("{fault: {delay: {fixedDelay: 1s}}, route: [{destination: {host: a}}]}", ""),
        ("{mirror: {host: a}, route: [{destination: {host: a}}]}", ""),
        ("{corsPolicy: {maxAge: 1m}, redirect: {uri: /}}", "has no effect on a rule that answers by itself"),
        ("{route: [{destination: {host: b}}]}", "there is no service 'b.default.svc.cluster.local'"),
        ("{route: [{destination: {host: a.default}}]}", "must be whole: a.default.svc.cluster.local"),
        ("{route: [{destination: {host: a, subset: v1}}]}", "no DestinationRule gives"),
        ("{route: [{destination: {host: a, port: {number: 9}}}]}", "has no port 9, only 80"),
        ("{route: [{destination: {host: a}}]}", ""),
    ],
)
def test_what_leads_nowhere_or_waits_is_warned_about(compiled: Compile, rule: str, warning: str) -> None:
    warnings = compiled(f"{RULES}  - {rule}\n", "a").warnings
    assert len(warnings) == bool(warning)
    assert warning in "".join(warnings)


@pytest.mark.parametrize("kind", ["AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"])
def test_security_is_refused_unless_ignored_by_name(compiled: Compile, kind: str) -> None:
    text = f"apiVersion: security.istio.io/v1\nkind: {kind}\nmetadata: {{name: p}}\nspec: {{}}\n"
    with pytest.raises(ConfigError, match=f"--ignore-kind {kind}"):
        compiled(text)
    assert compiled(text, ignore_kinds=[kind]).config.skipped == (f"{kind} default/p (ignored)",)


def test_other_kinds_are_listed_as_skipped(compiled: Compile) -> None:
    text = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: reviews-v1}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: x}}
- {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}}
- {apiVersion: networking.istio.io/v1, kind: WorkloadGroup, metadata: {name: t}, spec: {template: {}}}
"""
    skipped = compiled(text).config.skipped
    assert skipped == (
        "Deployment default/reviews-v1",
        "ConfigMap x/c",
        "ClusterRole r",
        "WorkloadGroup default/t",
    )


def test_a_misspelt_kind_of_istio_is_no_other_kind(compiled: Compile) -> None:
    with pytest.raises(ConfigError, match="did you mean 'VirtualService'"):
        compiled("apiVersion: networking.istio.io/v1\nkind: VirtualServices\nmetadata: {name: a}\n")
    with pytest.raises(ConfigError, match="v1alpha3"):
        compiled("apiVersion: networking.istio.io/v2\nkind: VirtualService\nmetadata: {name: a}\n")


def test_the_last_document_of_a_name_stays(compiled: Compile) -> None:
    text = RULES + "  - {name: one, route: [{destination: {host: a}}]}\n---"
    text += RULES + "  - {name: two, route: [{destination: {host: a}}]}\n"
    loaded = compiled(text, "a")
    assert loaded.routes(80, "a")[0].name == "two"
    assert "replaced by the one at test.yaml:" in loaded.warnings[0]


def test_rules_for_gateways_alone_hint_at_the_option(compiled: Compile) -> None:
    text = (
        RULES.replace("hosts: [a]", "hosts: [a]\n  gateways: [gw]")
        + "  - {route: [{destination: {host: a}}]}\n"
    )
    assert "--gateway default/gw" in compiled(text, "a").warnings[0]


def test_an_unknown_gateway_of_the_node_is_an_error(compiled: Compile) -> None:
    with pytest.raises(ConfigError, match="there is no Gateway 'default/gw' in the documents"):
        compiled(RULES + "  - {route: [{destination: {host: a}}]}\n", "a", node=Node(gateway="default/gw"))


def test_what_istio_takes_is_valid_though_it_cannot_be_served() -> None:
    findings = Findings()
    text = RULES + "  - {delegate: {name: x}}\n  - {route: [{destination: {host: a, subset: a_b}}]}\n"
    validate_documents(read_text(text, findings), findings)
    assert [finding.path for finding in findings.errors] == ["spec.http[1].route[0].destination.subset"]


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("consistentHash: {httpHeaderName: 'a b'}", "the name of a header"),
        ("consistentHash: {httpCookie: {name: 'a;b', ttl: 1s}}", "the name of a cookie"),
        ("consistentHash: {httpCookie: {name: a, ttl: -1s}}", "ttl: found -1s, expected 0s or more"),
        ("backendUtilization: {weightExpirationPeriod: -0.5s}", "found -0.5s, expected 0s or more"),
        ('consistentHash: {httpCookie: {name: a, path: "/\\r\\n"}}', "a path without"),
        ("consistentHash: {useSourceIp: true, ringHash: {minimumRingSize: 8388609}}", "at most 8388608"),
    ],
)
def test_what_would_be_written_into_answers_is_checked(compiled: Compile, policy: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compiled(f"{RULE}  trafficPolicy: {{loadBalancer: {{{policy}}}}}\n", "a")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ("kind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 70000}]}", "spec.ports[0].port"),
        ("kind: Service\nmetadata: {name: a b}\nspec: {ports: [{port: 80}]}", "metadata.name"),
        ("kind: Service\nmetadata: {name: a}\nspec: {clusterIP: x}", "spec.clusterIP"),
        (
            "kind: Endpoints\nmetadata: {name: a}\nsubsets: [{addresses: [{ip: a.b}]}]",
            "subsets[0].addresses[0].ip",
        ),
        ("kind: Pod\nmetadata: {name: a}\nstatus: {podIP: x}", "status.podIP"),
    ],
)
def test_addresses_and_ports_of_kubernetes_are_checked(compiled: Compile, document: str, place: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compiled(f"apiVersion: v1\n{document}\n")
    assert [finding.path for finding in caught.value.findings] == [place]
