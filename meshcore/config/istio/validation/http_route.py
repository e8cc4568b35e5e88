"""The rules of one http rule of a VirtualService."""

from __future__ import annotations

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.schema import virtual_service as schema
from meshcore.config.istio.validation.common import (
    check_duration,
    check_port,
    has_items,
)
from meshcore.config.istio.validation.destinations import check_destination, check_weights
from meshcore.config.istio.validation.headers import (
    check_authority,
    check_headers,
)
from meshcore.config.istio.validation.http_match import check_match, check_regex
from meshcore.config.istio.validation.http_policies import (
    check_cors,
    check_fault,
    check_mirrors,
    check_retries,
    check_status,
)
from meshcore.config.record import spellings
from meshcore.config.schema import error_at, warn_at

__all__ = ["check_http_route"]

MAX_BODY = 1024 * 1024
LARGE_BODY = 100 * 1024
#: Pairs of which only one may be set.
CONFLICTS = (
    ("redirect", "route"),
    ("redirect", "fault"),
    ("redirect", "rewrite"),
    ("redirect", "direct_response"),
    ("direct_response", "route"),
    ("direct_response", "fault"),
    ("direct_response", "rewrite"),
    ("delegate", "route"),
    ("delegate", "redirect"),
    ("mirror", "mirrors"),
)


def check_http_route(rule: schema.HTTPRoute, findings: Findings, *, delegate: bool, mesh: bool) -> None:
    """Check a rule; ``delegate``: of a delegate; ``mesh``: of a VirtualService that sidecars use."""
    for one, other in CONFLICTS:
        if getattr(rule, one) and getattr(rule, other):
            error_at(findings, rule, one, f"cannot be together with {spellings(other)[-1]}")
    acts = rule.redirect or rule.direct_response or (rule.delegate and not delegate)
    if not acts and not has_items(rule, "route"):
        error_at(findings, rule, "", "the rule does nothing", expected="route, redirect or directResponse")
    if delegate and rule.delegate is not None:
        error_at(findings, rule, "delegate", "a delegate cannot delegate further")
    if rule.delegate is not None and rule.direct_response is not None:
        warn_at(findings, rule, "direct_response", "has no effect together with delegate")
    for match in rule.match:
        check_match(match, findings, mesh=mesh)
    check_headers(rule.headers, findings)
    check_authority(rule, findings)
    check_duration(findings, rule, "timeout", zero=True)
    for destination in rule.route:
        if destination.destination is None:
            error_at(findings, destination, "destination", "missing, but required")
        else:
            check_destination(destination.destination, findings)
        check_headers(destination.headers, findings)
    check_weights(rule, [(it, it.weight) for it in rule.route], findings)
    _check_redirect(rule, findings)
    _check_direct_response(rule.direct_response, findings)
    _check_rewrite(rule.rewrite, findings)
    check_retries(rule.retries, findings)
    check_fault(rule.fault, findings)
    check_mirrors(rule, findings)
    check_cors(rule.cors_policy, findings)


def _check_redirect(rule: schema.HTTPRoute, findings: Findings) -> None:
    redirect = rule.redirect
    if redirect is None:
        return
    parts = (redirect.uri, redirect.prefix_rewrite, redirect.authority, redirect.scheme)
    if not any(parts) and redirect.port is None and redirect.derive_port is None:
        error_at(
            findings, redirect, "", "the redirect changes nothing", expected="uri, authority, scheme or port"
        )
    if redirect.uri and redirect.prefix_rewrite:
        error_at(findings, redirect, "prefix_rewrite", "cannot be together with uri")
    if redirect.prefix_rewrite:
        for match in rule.match:
            if match.uri is not None and match.uri.prefix is None:
                error_at(findings, redirect, "prefix_rewrite", "every uri match of the rule must be a prefix")
                break
    if redirect.redirect_code and not 300 <= redirect.redirect_code <= 399:
        error_at(
            findings,
            redirect,
            "redirect_code",
            found=str(redirect.redirect_code),
            expected="a code from 300 to 399",
        )
    if redirect.scheme not in ("", "http", "https"):
        error_at(findings, redirect, "scheme", found=quoted(redirect.scheme), expected="http or https")
    if redirect.port:
        check_port(findings, redirect, "port", redirect.port)


def _check_direct_response(response: schema.DirectResponse | None, findings: Findings) -> None:
    if response is None:
        return
    check_status(response, "status", response.status, findings)
    body = response.body
    size = 0 if body is None else len(body.bytes or (body.string or "").encode())
    if size > MAX_BODY:
        error_at(findings, response, "body", found=f"{size} bytes", expected=f"at most {MAX_BODY}")
    elif size > LARGE_BODY:
        warn_at(findings, response, "body", f"{size} bytes are a lot for a body in the configuration")


def _check_rewrite(rewrite: schema.Rewrite | None, findings: Findings) -> None:
    if rewrite is None:
        return
    regex = rewrite.uri_regex_rewrite
    if not (rewrite.uri or rewrite.authority or regex):
        error_at(
            findings, rewrite, "", "the rewrite changes nothing", expected="uri, uriRegexRewrite or authority"
        )
    if regex is None:
        return
    if rewrite.uri:
        error_at(findings, rewrite, "uri_regex_rewrite", "cannot be together with uri")
    for field in ("match", "rewrite"):
        if not getattr(regex, field):
            error_at(findings, regex, field, "missing, but required")
    if regex.match:
        check_regex(regex, "match", regex.match, findings)
