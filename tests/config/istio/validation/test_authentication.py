"""RequestAuthentication and PeerAuthentication."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from istio_support import checked, document

from meshcore.config.istio.validation.jwks import private_keys, problem_of

RSA = {"kty": "RSA", "n": "abc", "e": "AQAB"}
EC = {"kty": "EC", "crv": "P-256", "x": "a", "y": "b"}


def request(rule: str) -> tuple[list[str], list[str]]:
    spec = f"{{jwtRules: [{rule}]}}"
    return checked(document("RequestAuthentication", spec, group="security.istio.io/v1"))


def peer(spec: str) -> tuple[list[str], list[str]]:
    return checked(document("PeerAuthentication", spec, group="security.istio.io/v1"))


@pytest.mark.parametrize(
    "rule",
    [
        "{issuer: a}",
        "{jwksUri: 'https://a:8443/x?y'}",
        "{issuer: '', jwksUri: 'http://[::1]:80/x'}",
        "{issuer: a, fromHeaders: [{name: x, prefix: y}], fromParams: [p], fromCookies: [c], timeout: 5s}",
        "{issuer: a, outputClaimToHeaders: [{header: x-a_b, claim: c}], spaceDelimitedClaims: [s]}",
        "{issuer: a, presence: REQUIRED}",
    ],
)
def test_good_rules(rule: str) -> None:
    assert request(rule) == ([], [])


@pytest.mark.parametrize(
    ("rule", "path", "words"),
    [
        ("{}", "spec.jwtRules[0]", "issuer or jwksUri"),
        ("{issuer: a, audiences: ['']}", "spec.jwtRules[0].audiences[0]", "a text that is not empty"),
        ("{jwksUri: 'a.com/x'}", "spec.jwtRules[0].jwksUri", "an http:// or https:// URL"),
        ("{jwksUri: 'https://a:x/'}", "spec.jwtRules[0].jwksUri", "an http:// or https:// URL"),
        ("{jwksUri: 'https://[a/'}", "spec.jwtRules[0].jwksUri", "an http:// or https:// URL"),
        ("{jwksUri: 'https://a', jwks: '{}'}", "spec.jwtRules[0].jwks", "only one of them"),
        ("{issuer: a, jwks: 'x'}", "spec.jwtRules[0].jwks", "not JSON"),
        ("{issuer: a, fromHeaders: [{}]}", "spec.jwtRules[0].fromHeaders[0].name", "missing"),
        ("{issuer: a, fromParams: ['']}", "spec.jwtRules[0].fromParams", "an empty name"),
        ("{issuer: a, fromCookies: ['']}", "spec.jwtRules[0].fromCookies", "an empty name"),
        ("{issuer: a, outputClaimToHeaders: [{header: a}]}", "spec.jwtRules[0].outputClaim", "missing"),
        ("{issuer: a, outputClaimToHeaders: [{header: 'a b', claim: c}]}", "spec.jwtRules[0]", "letters"),
        ("{issuer: a, timeout: 0s}", "spec.jwtRules[0].timeout", "at least 1ms"),
    ],
)
def test_bad_rules(rule: str, path: str, words: str) -> None:
    errors, _ = request(rule)
    assert any(error.startswith(path) and words in error for error in errors), errors


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"keys": [RSA, EC]}, ""),
        (RSA, ""),
        ([RSA], "not a JSON object"),
        ({"keys": RSA}, "'keys' is not a list"),
        ({"keys": ["a"]}, "keys[0] is of no known type"),
        ({"keys": [RSA, {"kty": "XX"}]}, "keys[1] is of no known type"),
        ({"keys": [{"kty": "EC", "crv": "P-256", "x": "a"}]}, "keys[0] has no 'y'"),
    ],
)
def test_key_sets(keys: object, problem: str) -> None:
    assert problem_of(json.dumps(keys)).startswith(problem)
    assert bool(problem_of(json.dumps(keys))) is bool(problem)


def test_secrets_in_key_sets_are_told() -> None:
    keys = json.dumps({"keys": [RSA, {**EC, "d": "secret"}, {"kty": "oct", "k": "secret"}]})
    assert private_keys(keys) == [1, 2]
    errors, warnings = request(f"{{issuer: a, jwks: {json.dumps(keys)}}}")
    assert errors == []
    assert len(warnings) == 2
    assert not any("secret" in warning for warning in warnings)


@given(st.one_of(st.text(), st.recursive(st.none() | st.text(), st.lists).map(json.dumps)))
def test_any_text_is_a_key_set_or_not(text: str) -> None:
    assert private_keys(text) == [] or not problem_of(text)


@pytest.mark.parametrize(
    "spec",
    [
        "{}",
        "{selector: {matchLabels: {a: b}}, mtls: {mode: STRICT}, portLevelMtls: {8080: {mode: DISABLE}}}",
    ],
)
def test_good_peers(spec: str) -> None:
    assert peer(spec) == ([], [])


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("{portLevelMtls: {80: {mode: STRICT}}}", "only for the workloads of a selector"),
        ("{selector: {matchLabels: {a: b}}, portLevelMtls: {}}", "must not be empty"),
        ("{selector: {matchLabels: {a: b}}, portLevelMtls: {0: {}}}", "a port from 1 to 65535"),
        ("{selector: {matchLabels: {a: b}}, portLevelMtls: {http: {}}}", "a port from 1 to 65535"),
        ("{mtls: {mode: ON}}", "expected one of UNSET"),
    ],
)
def test_bad_peers(spec: str, words: str) -> None:
    errors, _ = peer(spec)
    assert any(words in error for error in errors), errors
