"""Filters become the parts of an http rule."""

from __future__ import annotations

import pytest
from gateway_api_support import Derive, gateway, route

from meshcore.config.istio.schema.virtual_service import DerivePort, HTTPRoute, UnmatchedPreflights


def rule(derived: Derive, filters: str, backends: str = "[{name: web, port: 80}]") -> HTTPRoute:
    text = f"[{{matches: [{{path: {{value: /a}}}}], filters: [{filters}], backendRefs: {backends}}}]"
    return derived(gateway() + route(text), "web", "copy").only


def test_headers_take_the_first_of_equal_names(derived: Derive) -> None:
    made = rule(
        derived,
        "{type: RequestHeaderModifier, requestHeaderModifier: "
        "{set: [{name: X-A, value: '1'}], add: [{name: x-b, value: '2'}], remove: [x-c]}},"
        "{type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: x-d, value: '4'}]}}",
    ).headers
    assert made is not None
    assert made.request is not None
    assert made.response is not None
    assert (made.request.set, made.request.add, made.request.remove) == ({"x-a": "1"}, {"x-b": "2"}, ["x-c"])
    assert made.response.set == {"x-d": "4"}


@pytest.mark.parametrize(
    ("given", "code", "port", "derive"),
    [
        ("{}", 302, None, DerivePort.FROM_REQUEST_PORT),
        ("{scheme: https, statusCode: 301}", 301, None, DerivePort.FROM_PROTOCOL_DEFAULT),
        ("{port: 8443}", 302, 8443, None),
    ],
)
def test_redirects(
    derived: Derive, given: str, code: int, port: int | None, derive: DerivePort | None
) -> None:
    made = rule(derived, f"{{type: RequestRedirect, requestRedirect: {given}}}", "[]")
    assert made.redirect is not None
    assert made.direct_response is None
    assert made.redirect.redirect_code == code
    assert (made.redirect.port, made.redirect.derive_port) == (port, derive)


@pytest.mark.parametrize(
    ("given", "uri", "regex", "authority"),
    [
        ("{hostname: b.example}", "", "", "b.example"),
        ("{path: {type: ReplacePrefixMatch, replacePrefixMatch: /x/}}", "/x", "", ""),
        ("{path: {type: ReplacePrefixMatch, replacePrefixMatch: ''}}", "/", "", ""),
        (r"{path: {type: ReplaceFullPath, replaceFullPath: '/x\1'}}", "", r"/x\\1", ""),
    ],
)
def test_rewrites(derived: Derive, given: str, uri: str, regex: str, authority: str) -> None:
    made = rule(derived, f"{{type: URLRewrite, urlRewrite: {given}}}").rewrite
    assert made is not None
    assert (made.uri, made.authority) == (uri, authority)
    assert (made.uri_regex_rewrite.rewrite if made.uri_regex_rewrite else "") == regex


@pytest.mark.parametrize(
    ("share", "percent"),
    [("", None), (", percent: 5", 5.0), (", fraction: {numerator: 1, denominator: 200}", 0.5)],
)
def test_mirrors(derived: Derive, share: str, percent: float | None) -> None:
    one = f"{{type: RequestMirror, requestMirror: {{backendRef: {{name: copy, port: 80}}{share}}}}}"
    gone = "{type: RequestMirror, requestMirror: {backendRef: {name: gone, port: 80}}}"
    [made] = rule(derived, f"{one}, {gone}").mirrors
    assert made.destination is not None
    assert made.destination.host == "copy.default.svc.cluster.local"
    assert (made.percentage.value if made.percentage else None) == percent


def test_cors(derived: Derive) -> None:
    made = rule(
        derived,
        "{type: CORS, cors: {allowOrigins: ['https://a.example', 'https://b.*', 'https://*.c.example', '*'],"
        " allowMethods: [GET], allowHeaders: [x-a], exposeHeaders: [x-b],"
        " allowCredentials: true, maxAge: 60}}",
    ).cors_policy
    assert made is not None
    origins = [(it.exact, it.prefix, it.regex) for it in made.allow_origins]
    assert origins[:3] == [
        ("https://a.example", None, None),
        (None, "https://b.", None),
        (None, None, r"^https://.*\.c\.example$"),
    ]
    assert origins[3][2] is not None
    assert (made.allow_methods, made.allow_headers, made.expose_headers) == (["GET"], ["x-a"], ["x-b"])
    assert (made.max_age, made.allow_credentials) == (60, True)
    assert made.unmatched_preflights is UnmatchedPreflights.IGNORE


def test_timeouts_and_retries(derived: Derive) -> None:
    def made(fields: str) -> HTTPRoute:
        return derived(
            gateway() + route(f"[{{{fields}, backendRefs: [{{name: web, port: 80}}]}}]"), "web"
        ).only

    assert made("timeouts: {request: 5s}").timeout == 5
    assert made("timeouts: {request: 0s}").timeout is None
    # Without retries there is one try only, so its bound is that of the request.
    assert made("timeouts: {request: 5s, backendRequest: 2s}").timeout == 2
    both = made("timeouts: {request: 5s, backendRequest: 2s}, retry: {codes: [503], backoff: 100ms}")
    assert both.timeout == 5
    assert both.retries is not None
    assert (both.retries.attempts, both.retries.per_try_timeout, both.retries.backoff) == (2, 2, 0.1)
    assert both.retries.retry_on == "connect-failure,refused-stream,unavailable,cancelled,503"
    none = made("retry: {attempts: 0}").retries
    assert none is not None
    assert (none.attempts, none.retry_on) == (0, "")
