"""Findings: how they read, their order, and what becomes of them."""

from __future__ import annotations

import pytest

from meshcore.config import ConfigError, Finding, Severity, load_text
from meshcore.config.documents import read_text
from meshcore.config.findings import Findings, did_you_mean, quoted
from meshcore.config.tree import MappingNode
from meshcore.model import Origin


def test_a_finding_names_place_path_found_and_expected() -> None:
    finding = Finding(
        Severity.ERROR, "", "a.yaml", 3, 7, "spec.http[0].timeout", "'abc'", "a duration such as 1.5s"
    )
    assert str(finding) == (
        "a.yaml:3:7: error: spec.http[0].timeout: found 'abc', expected a duration such as 1.5s"
    )


def test_a_finding_names_its_resource_and_does_without_a_position() -> None:
    finding = Finding(Severity.WARNING, "odd", "<mapping>", kind="Cluster", name="c")
    assert str(finding) == "<mapping>: warning: odd (Cluster c)"


def test_errors_come_in_the_order_of_the_documents() -> None:
    findings = Findings()
    for file, line in (("b.yaml", 9), ("a.yaml", 5), ("b.yaml", 2), ("a.yaml", 1)):
        findings.error(Origin(file, line, 1), "x", "wrong")
    findings.warn(Origin("a.yaml", 3, 1), "x", "odd")
    findings.error(Origin("a.yaml", 1, 1), "x", "wrong")
    assert [(finding.file, finding.line) for finding in findings.errors] == [
        ("b.yaml", 2),
        ("b.yaml", 9),
        ("a.yaml", 1),
        ("a.yaml", 5),
    ]
    assert len(findings.warnings) == 1
    with pytest.raises(ConfigError) as raised:
        findings.raise_errors()
    assert raised.value.findings == findings.errors
    assert len(str(raised.value).splitlines()) == 4


def test_warnings_become_part_of_the_config() -> None:
    findings = Findings()
    findings.warn(Origin("a.yaml", 3, 2, "Cluster", "c"), "lb_policy", "not yet")
    (warning,) = findings.config_warnings()
    assert str(warning) == "a.yaml:3:2: warning: lb_policy: not yet"
    assert warning.origin == Origin("a.yaml", 3, 2, "Cluster", "c", "lb_policy")


@pytest.mark.parametrize(
    ("wrong", "known", "hint"),
    [
        ("timout", ["timeout", "retries"], "; did you mean 'timeout'?"),
        ("HTTPRedirect", ["https_redirect"], ""),
        ("HttpsRedirect", ["https_redirect"], "; did you mean 'https_redirect'?"),
        ("banana", ["timeout"], ""),
        ("x", [], ""),
    ],
)
def test_did_you_mean(wrong: str, known: list[str], hint: str) -> None:
    assert did_you_mean(wrong, known) == hint


def test_long_values_are_shortened() -> None:
    assert len(quoted("x" * 1000)) == 80
    assert quoted({"a": 1}) == '{"a": 1}'


def test_parts_of_a_list_are_documents_of_their_own() -> None:
    (document,) = read_text("items:\n- a: 1\n- b: [x]\n", Findings(), "list.yaml")
    root = document.root
    assert isinstance(root, MappingNode)
    items = root.entries["items"]
    part = document.extract(items.items[1])  # type: ignore[union-attr]
    part.kind, part.name = "Pod", "p"
    assert part.root.origin("b") == Origin("list.yaml", 3, 3, "Pod", "p", "b")
    assert part.root.entries["b"].document is part  # type: ignore[union-attr]


# -- whole loads ----------------------------------------------------------------------------------


def test_all_findings_of_all_documents_come_at_once() -> None:
    text = """
name: one
virtual_hosts:
- name: v
  domains: ["*"]
  routes:
  - match: {prefx: /}
    route: {cluster: c, timeout: soon}
  - match: {prefix: /}
    route: {cluster: nowhere}
---
name: c
lb_policy: RING_HAS
connect_timeout: 1s
"""
    with pytest.raises(ConfigError) as raised:
        load_text(text, name="envoy.yaml")
    assert str(raised.value).splitlines() == [
        "envoy.yaml:7:13: error: virtual_hosts[0].routes[0].match.prefx: unknown field 'prefx'; "
        "did you mean 'prefix'? (RouteConfiguration one)",
        "envoy.yaml:8:34: error: virtual_hosts[0].routes[0].route.timeout: found 'soon', "
        "expected a duration in seconds such as 1.5s (RouteConfiguration one)",
        "envoy.yaml:10:22: error: virtual_hosts[0].routes[1].route.cluster: unknown cluster 'nowhere' "
        "(RouteConfiguration one)",
        "envoy.yaml:13:12: error: lb_policy: found 'RING_HAS', expected one of ROUND_ROBIN, LEAST_REQUEST, "
        "RING_HASH, RANDOM, MAGLEV, CLUSTER_PROVIDED, LOAD_BALANCING_POLICY_CONFIG; "
        "did you mean 'RING_HASH'? (Cluster c)",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "there is no document to load"),
        ("# nothing\n", "there is no document to load"),
        ("just a text", "found 'just a text', expected a document (a mapping)"),
        ("- a\n- b\n", "found a list, expected a document (a mapping)"),
        ("name: x\n", "found an unknown document"),
        (
            "virtual_hosts: []\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n",
            "Envoy and Kubernetes documents cannot be loaded together",
        ),
    ],
)
def test_what_is_no_configuration_is_refused(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=r".") as raised:
        load_text(text)
    assert words in str(raised.value)


def test_a_code_stands_with_the_severity_and_reaches_the_config() -> None:
    findings = Findings()
    findings.warn(Origin("a.yaml", 3, 2), "spec", "never reached", code="IST0130")
    assert str(findings.warnings[0]) == "a.yaml:3:2: warning[IST0130]: spec: never reached"
    (warning,) = findings.config_warnings()
    assert warning.code == "IST0130"
    assert str(warning) == "a.yaml:3:2: warning[IST0130]: spec: never reached"


def test_infos_are_neither_errors_nor_warnings() -> None:
    findings = Findings()
    findings.add(Finding(Severity.INFO, "could be simpler", "a.yaml", 2, 1))
    assert (findings.errors, findings.warnings, findings.has_errors) == ((), (), False)
    assert [str(it) for it in findings.infos] == ["a.yaml:2:1: info: could be simpler"]


def test_a_finding_is_one_line_that_a_terminal_takes_for_text() -> None:
    findings = Findings()
    findings.error("a\nb.yaml", "x", "bad \x1b[31m")
    findings.warn("a.yaml", "x", "bad \u202e")
    assert str(findings.errors[0]) == "a\\nb.yaml: error: x: bad \\x1b[31m"
    assert str(findings.config_warnings()[0]).endswith("warning: x: bad \\u202e")
