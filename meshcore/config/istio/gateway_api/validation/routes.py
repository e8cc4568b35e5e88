"""The rules of HTTPRoutes and GRPCRoutes."""

from __future__ import annotations

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.gateway_api.schema import routes as api
from meshcore.config.istio.gateway_api.schema.common import GATEWAY
from meshcore.config.istio.gateway_api.schema.filters import FilterType, PathModifier
from meshcore.config.istio.gateway_api.validation.common import check_hostname, check_name
from meshcore.config.istio.gateway_api.validation.filters import (
    BACKEND_FILTERS,
    GRPC_FILTERS,
    HTTP_FILTERS,
    check_backend,
    check_filters,
)
from meshcore.config.istio.gateway_api.validation.matches import check_grpc_match, check_http_match
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.validation.common import check_duration, has_items
from meshcore.config.schema import error_at

__all__ = ["check_route"]

MAX_HOSTNAMES = 16
MAX_PARENTS = 32
#: The status codes that may be retried.
CODES = range(400, 600)


def check_route(resource: Resource[api.HTTPRoute] | Resource[api.GRPCRoute], findings: Findings) -> None:
    route = resource.spec
    _check_parents(route, findings)
    if len(route.hostnames) > MAX_HOSTNAMES:
        found = f"{len(route.hostnames)} host names"
        error_at(findings, route, "hostnames", found=found, expected=f"at most {MAX_HOSTNAMES}")
    for hostname in route.hostnames:
        check_hostname(findings, route, "hostnames", hostname)
    names: set[str] = set()
    for rule in route.rules:
        check_name(findings, rule, "name", rule.name)
        if rule.name and rule.name in names:
            error_at(findings, rule, "name", f"{rule.name!r} is there twice")
        names.add(rule.name)
        _check_backends(rule, findings)
        if isinstance(rule, api.HTTPRule):
            _check_http_rule(rule, findings)
        else:
            check_filters(rule.filters, GRPC_FILTERS, findings)
            for match in rule.matches:
                check_grpc_match(match, findings)


def _check_parents(route: api.Route, findings: Findings) -> None:
    if len(route.parent_refs) > MAX_PARENTS:
        found = f"{len(route.parent_refs)} references"
        error_at(findings, route, "parent_refs", found=found, expected=f"at most {MAX_PARENTS}")
    seen: dict[tuple[str, ...], set[tuple[str, int]]] = {}
    for reference in route.parent_refs:
        check_name(findings, reference, "section_name", reference.section_name)
        key = (*reference.target, reference.namespace, reference.name)
        part = (reference.section_name, reference.port or 0)
        known = seen.setdefault(key, set())
        if part in known:
            error_at(findings, reference, "", "another reference names the same parent, section and port")
        elif known and (part == ("", 0) or ("", 0) in known) and reference.target == GATEWAY:
            message = "sectionName or port is missing: another reference names the same parent"
            error_at(findings, reference, "", message)
        known.add(part)


def _check_backends(rule: api.Rule, findings: Findings) -> None:
    for backend in rule.backend_refs:
        check_backend(backend, findings)
        check_filters(backend.filters, BACKEND_FILTERS, findings)


def _check_http_rule(rule: api.HTTPRule, findings: Findings) -> None:
    check_filters(rule.filters, HTTP_FILTERS, findings)
    for match in rule.matches:
        check_http_match(match, findings)
    if any(it.type is FilterType.RequestRedirect for it in rule.filters) and has_items(rule, "backend_refs"):
        error_at(findings, rule, "backend_refs", "a rule that redirects has no backends")
    for given in rule.filters:
        for action in (given.request_redirect, given.url_rewrite):
            if action is not None and action.path is not None:
                _check_prefix(rule, action.path, findings)
    _check_timeouts(rule.timeouts, findings)
    if rule.retry is not None:
        check_duration(findings, rule.retry, "backoff")
        for code in rule.retry.codes:
            if code not in CODES:
                error_at(findings, rule.retry, "codes", found=str(code), expected="a status from 400 to 599")


def _check_prefix(rule: api.HTTPRule, path: PathModifier, findings: Findings) -> None:
    """What replaces a prefix needs one that was matched."""
    if path.replace_prefix_match is None:
        return
    kinds = [match.path.type if match.path else api.PathType.PathPrefix for match in rule.matches]
    if len(kinds) > 1 or any(it is not api.PathType.PathPrefix for it in kinds):
        found = f"{len(kinds)} matches" if len(kinds) > 1 else f"a match of type {kinds[0].name}"
        message = "a prefix can be replaced only where the rule has exactly one PathPrefix match"
        error_at(findings, path, "replace_prefix_match", message, found=found)


def _check_timeouts(timeouts: api.Timeouts | None, findings: Findings) -> None:
    if timeouts is None:
        return
    check_duration(findings, timeouts, "request", "backend_request", zero=True)
    whole, part = timeouts.request, timeouts.backend_request
    if whole and part and part > whole:
        expected = f"no more than request ({whole:g}s)"
        error_at(findings, timeouts, "backend_request", found=quoted(f"{part:g}s"), expected=expected)
