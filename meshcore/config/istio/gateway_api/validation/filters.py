"""The rules of filters."""

from __future__ import annotations

from collections.abc import Sequence

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.actions import REDIRECT_CODES
from meshcore.config.istio.gateway_api.schema import filters as api
from meshcore.config.istio.gateway_api.schema.common import SERVICE, BackendReference
from meshcore.config.istio.gateway_api.schema.filters import FilterType
from meshcore.config.istio.gateway_api.validation.common import (
    check_hostname,
    check_path_text,
    check_unique,
)
from meshcore.config.istio.validation.headers import is_token
from meshcore.config.istio.validation.http_policies import check_cors_names
from meshcore.config.schema import error_at, is_set
from meshcore.model.format import FormatError, parse_format

__all__ = ["BACKEND_FILTERS", "GRPC_FILTERS", "HTTP_FILTERS", "check_backend", "check_filters"]

_MODIFIERS = frozenset({FilterType.RequestHeaderModifier, FilterType.ResponseHeaderModifier})
HTTP_FILTERS = _MODIFIERS | {
    FilterType.RequestRedirect,
    FilterType.RequestMirror,
    FilterType.URLRewrite,
    FilterType.CORS,
}
GRPC_FILTERS = _MODIFIERS | {FilterType.RequestMirror}
BACKEND_FILTERS = _MODIFIERS


def check_filters(filters: Sequence[api.Filter], served: frozenset[FilterType], findings: Findings) -> None:
    """Check the filters of one place; ``served``: the types that may stand there."""
    seen: set[FilterType] = set()
    for given in filters:
        if given.type not in served:
            names = ", ".join(it.name for it in FilterType if it in served)
            error_at(findings, given, "type", f"{given.type.name} is not served here", expected=names)
            continue
        if given.type in seen and given.type is not FilterType.RequestMirror:
            error_at(findings, given, "type", f"{given.type.name} is there twice")
        seen.add(given.type)
        for kind in FilterType:
            if kind is not given.type and is_set(given, kind.value):
                error_at(findings, given, kind.value, f"the type of this filter is {given.type.name}")
        if getattr(given, given.type.value) is None:
            error_at(findings, given, given.type.value, f"missing, but required for {given.type.name}")
        else:
            _check_filter(given, findings)
    if {FilterType.RequestRedirect, FilterType.URLRewrite} <= seen:
        error_at(findings, filters[0], "", "RequestRedirect and URLRewrite cannot be together")


def _check_filter(given: api.Filter, findings: Findings) -> None:
    for modifier in (given.request_header_modifier, given.response_header_modifier):
        if modifier is not None:
            _check_modifier(modifier, findings)
    if given.request_redirect is not None:
        _check_redirect(given.request_redirect, findings)
    if given.url_rewrite is not None:
        _check_path(given.url_rewrite.path, findings)
        if given.url_rewrite.hostname is not None:
            name = given.url_rewrite.hostname
            check_hostname(findings, given.url_rewrite, "hostname", name, wildcard=False)
    if given.request_mirror is not None:
        _check_mirror(given.request_mirror, findings)
    if given.cors is not None:
        _check_cors(given.cors, findings)


def _check_modifier(modifier: api.HeaderModifier, findings: Findings) -> None:
    for field in ("set", "add"):
        headers: list[api.Header] = getattr(modifier, field)
        check_unique(findings, headers)
        for header in headers:
            if not is_token(header.name):
                error_at(findings, header, "name", found=quoted(header.name), expected="the name of a header")
            try:
                parse_format(header.value)
            except FormatError as error:
                found = quoted(header.value)
                error_at(findings, header, "value", f"cannot be served: {error}", found=found)
            if any((it < " " and it != "\t") or it == "\x7f" for it in header.value):
                error_at(findings, header, "value", "the value has control characters")
    for name in modifier.remove:
        if not is_token(name):
            error_at(findings, modifier, "remove", found=quoted(name), expected="the name of a header")


def _check_redirect(redirect: api.RequestRedirect, findings: Findings) -> None:
    if redirect.scheme not in (None, "http", "https"):
        error_at(findings, redirect, "scheme", found=quoted(redirect.scheme or ""), expected="http or https")
    if redirect.hostname is not None:
        check_hostname(findings, redirect, "hostname", redirect.hostname, wildcard=False)
    if redirect.status_code not in REDIRECT_CODES:
        expected = f"one of {', '.join(map(str, REDIRECT_CODES))}"
        error_at(findings, redirect, "status_code", found=str(redirect.status_code), expected=expected)
    _check_path(redirect.path, findings)


def _check_path(path: api.PathModifier | None, findings: Findings) -> None:
    if path is None:
        return
    if getattr(path, path.type.value) is None:
        error_at(findings, path, path.type.value, f"missing, but required for {path.type.name}")
    for kind in api.PathModifierType:
        if kind is not path.type and is_set(path, kind.value):
            error_at(findings, path, kind.value, f"the type of this path is {path.type.name}")
        check_path_text(findings, path, kind.value)


def _check_mirror(mirror: api.RequestMirror, findings: Findings) -> None:
    check_backend(mirror.backend_ref, findings)
    share = mirror.fraction
    if share is not None and share.numerator > share.denominator:
        found = f"{share.numerator} of {share.denominator}"
        error_at(findings, share, "numerator", found=found, expected="no more than the denominator")


def _check_cors(cors: api.Cors, findings: Findings) -> None:
    for origin in cors.allow_origins:
        if origin != "*" and "://" not in origin:
            expected = "an origin such as https://www.example, or *"
            error_at(findings, cors, "allow_origins", found=quoted(origin), expected=expected)
    check_cors_names(cors, findings)
    if cors.max_age < 1:
        error_at(findings, cors, "max_age", found=str(cors.max_age), expected="1 second or more")


def check_backend(reference: BackendReference, findings: Findings) -> None:
    """A service is named by its name, and needs a port."""
    if reference.target != SERVICE:
        return
    if reference.port is None:
        error_at(findings, reference, "port", "missing, but required for a Service")
    if "." in reference.name:
        name, _, rest = reference.name.partition(".")
        hint = f"{name!r}, with namespace: {rest.partition('.')[0]}"
        error_at(
            findings,
            reference,
            "name",
            found=quoted(reference.name),
            expected=f"the name of a Service: {hint}",
        )
