"""The rules of RequestAuthentication and PeerAuthentication."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.security import JWTRule, PeerAuthentication, RequestAuthentication
from meshcore.config.istio.validation.common import check_duration, require
from meshcore.config.istio.validation.jwks import private_keys, problem_of
from meshcore.config.istio.validation.selectors import check_selector, check_targets
from meshcore.config.schema import error_at, is_set, warn_at

__all__ = ["check_peer_authentication", "check_request_authentication"]

_HEADER = re.compile(r"[-_A-Za-z0-9]+\Z")
_PORT = re.compile(r"[0-9]+\Z")
_MAX_URL = 2048


def check_request_authentication(resource: Resource[RequestAuthentication], findings: Findings) -> None:
    spec = resource.spec
    check_targets(spec, spec.selector, spec.target_ref, spec.target_refs, findings)
    for rule in spec.jwt_rules:
        _check_rule(rule, findings)


def _check_rule(rule: JWTRule, findings: Findings) -> None:
    if not rule.issuer and not rule.jwks_uri:
        error_at(findings, rule, "", "a rule needs an issuer or its keys", expected="issuer or jwksUri")
    if rule.jwks_uri is not None:
        _check_uri(rule, rule.jwks_uri, findings)
    if rule.jwks:
        problem = problem_of(rule.jwks)
        if problem:
            error_at(findings, rule, "jwks", problem, expected="a JSON Web Key Set")
        for index in private_keys(rule.jwks):
            message = f"keys[{index}] is a private key, and public ones are all that is needed"
            warn_at(findings, rule, "jwks", message)
    for location in rule.from_headers:
        require(findings, location, "name")
    for field in ("from_params", "from_cookies"):
        if "" in getattr(rule, field):
            error_at(findings, rule, field, "an empty name is no place for a token")
    for output in rule.output_claim_to_headers:
        require(findings, output, "header", "claim")
        if output.header and not _HEADER.match(output.header):
            expected = "letters, digits, - and _"
            error_at(findings, output, "header", found=quoted(output.header), expected=expected)
    check_duration(findings, rule, "timeout")


def _check_uri(rule: JWTRule, uri: str, findings: Findings) -> None:
    try:
        parts = urlsplit(uri)
        port = parts.netloc.rpartition("@")[2].rpartition("]")[2].rpartition(":")
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
        good = good and (not port[1] or not port[2] or _PORT.match(port[2]) is not None)
    except ValueError:
        good = False
    if not good or len(uri) > _MAX_URL:
        error_at(findings, rule, "jwks_uri", found=quoted(uri), expected="an http:// or https:// URL")


def check_peer_authentication(resource: Resource[PeerAuthentication], findings: Findings) -> None:
    spec = resource.spec
    check_selector(spec.selector, findings)
    if not is_set(spec, "port_level_mtls"):
        return
    if not spec.port_level_mtls:
        error_at(findings, spec, "port_level_mtls", "must not be empty", expected="port: {mode: STRICT}")
    elif spec.selector is None or not spec.selector.match_labels:
        message = "only for the workloads of a selector, not for a namespace or the mesh"
        error_at(findings, spec, "port_level_mtls", message)
    for port in spec.port_level_mtls:
        if not _PORT.match(port) or len(port) > 5 or not 1 <= int(port) <= 65535:
            expected = "a port from 1 to 65535"
            error_at(findings, spec, "port_level_mtls", found=quoted(port), expected=expected)
