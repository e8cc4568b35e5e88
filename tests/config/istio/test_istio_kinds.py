"""Which kinds are read, validated, served, left aside and refused."""

from __future__ import annotations

import pytest
from istio_support import Compile

from meshcore.config import ConfigError
from meshcore.config.documents import read_text
from meshcore.config.findings import Findings
from meshcore.config.istio import validate_documents
from meshcore.config.istio.kinds import KINDS, Serving
from meshcore.config.istio.reading import read

SERVICE = "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}]}}"
REFUSED = sorted((group, kind) for (group, kind), it in KINDS.items() if it.serving is Serving.REFUSED)


def checked(text: str) -> list[str]:
    findings = Findings()
    validate_documents(read_text(text, findings, "test.yaml"), findings)
    return [f"{it.path}: {it.detail}" for it in findings.errors]


def test_a_refused_kind_is_validated_all_the_same() -> None:
    text = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: p}\n"
    assert checked(text + "spec: {mtls: {mode: STRICT}}") == []
    (error,) = checked(text + "spec: {mtls: {mode: STRIKT}}")
    assert error.startswith("spec.mtls.mode: found 'STRIKT', expected one of UNSET")
    assert "STRICT" in error


@pytest.mark.parametrize(("group", "kind"), REFUSED)
def test_what_cannot_be_served_is_refused_by_name(group: str, kind: str, compiled: Compile) -> None:
    version = (KINDS[group, kind].versions or ("v1",))[0]
    text = f"{{apiVersion: {group}/{version}, kind: {kind}, metadata: {{name: p}}}}\n---\n{SERVICE}"
    with pytest.raises(ConfigError) as caught:
        compiled(text)
    assert f"kind: {kind} is not supported yet, and " in str(caught.value)
    assert f"--ignore-kind {kind}" in str(caught.value)
    config = compiled(text, ignore_kinds=[kind]).config
    assert config.skipped == (f"{kind} default/p (ignored)",)


def test_a_slip_in_a_kind_to_leave_aside_is_told(compiled: Compile) -> None:
    def warnings(kind: str) -> list[str]:
        found = compiled(SERVICE, ignore_kinds=[kind]).warnings
        return [it for it in map(str, found) if "no kind" in it]

    (warning,) = warnings("AuthorisationPolicy")
    assert "there is no kind 'AuthorisationPolicy'; did you mean 'AuthorizationPolicy'?" in warning
    assert warnings("authorizationpolicy") == []
    assert warnings("AuthorizationPolicy.security.istio.io") == []
    assert warnings("Certificate") == []  # of somebody else


def test_what_is_left_aside_is_validated(compiled: Compile) -> None:
    text = "{apiVersion: networking.istio.io/v1beta1, kind: ProxyConfig, metadata: {name: t}, spec: %s}"
    assert compiled(f"{text % '{}'}\n---\n{SERVICE}").config.skipped == ("ProxyConfig default/t",)
    with pytest.raises(ConfigError, match="unknown field 'concurency'; did you mean 'concurrency'"):
        compiled(f"{text % '{concurency: 1}'}\n---\n{SERVICE}")


def test_a_policy_without_spec_is_one_with_an_empty_spec() -> None:
    policy = "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: deny-all}}"
    assert checked(policy) == []
    entry = "{apiVersion: networking.istio.io/v1, kind: WorkloadEntry, metadata: {name: w}}"
    assert checked(entry) == ["spec: missing, but required"]


def test_every_kind_is_found_by_its_schema() -> None:
    for (group, kind), known in KINDS.items():
        if known.schema is None or not known.spec_optional:
            continue
        findings = Findings()
        text = f"{{apiVersion: {group}/{known.versions[0]}, kind: {kind}, metadata: {{name: x}}, spec: {{}}}}"
        resources = read(read_text(text, findings), findings)
        assert [it.name for it in resources.of(kind, known.schema)] == ["x"], kind


def checked_rule(rule: str) -> list[str]:
    metadata = "apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a}"
    return checked(f"{{{metadata}, spec: {{hosts: [a], http: [{rule}]}}}}")


def test_how_to_ask_that_a_header_is_there() -> None:
    rule = "{match: [{headers: {x-user: VALUE}}], route: [{destination: {host: a}}]}"
    (told,) = checked_rule(rule.replace("VALUE", "{present: true}"))
    assert told.endswith("x-user.present: not supported: {} asks that a header is there")
    assert checked_rule(rule.replace("VALUE", "{}")) == []


def test_what_a_mapping_would_hold_is_told() -> None:
    rule = "{mirror: {host: b}, mirrorPercentage: 10, route: [{destination: {host: a, port: 80}}]}"
    assert checked_rule(rule) == [
        "spec.http[0].mirrorPercentage: found the number 10, expected a mapping: {value: ...}",
        "spec.http[0].route[0].destination.port: found the number 80, expected a mapping: {number: ...}",
    ]


def test_a_document_without_a_name_is_not_given_one() -> None:
    findings = Findings()
    validate_documents(read_text("apiVersion: v1\nkind: Service\nspec: {}", findings, "test.yaml"), findings)
    (error,) = map(str, findings.errors)
    assert error.endswith("metadata.name: missing, but required (Service)")
