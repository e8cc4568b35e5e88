"""The rules of one http rule of a VirtualService."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus

from meshcore.config.findings import Findings, did_you_mean, quoted
from meshcore.config.istio.actions import GRPC_STATUS
from meshcore.config.istio.schema import virtual_service as schema
from meshcore.config.istio.schema.common import Destination, Percent, StringMatch
from meshcore.config.istio.validation.common import (
    check_duration,
    check_labels,
    check_percent,
    check_port,
    has_items,
    is_label,
    is_wildcard_domain,
)
from meshcore.config.istio.validation.headers import (
    check_authority,
    check_header_name,
    check_headers,
    is_claim,
    is_token,
)
from meshcore.config.schema import Record, error_at, is_set, warn_at
from meshcore.match import Regex, RegexError

__all__ = ["check_destination", "check_http_route", "check_retries", "check_weights"]

RETRY_ON = frozenset(
    [
        "5xx",
        "gateway-error",
        "reset",
        "reset-before-request",
        "connect-failure",
        "retriable-4xx",
        "refused-stream",
        "retriable-status-codes",
        "retriable-headers",
        "envoy-ratelimited",
        "http3-post-connect-failure",
        "cancelled",
        "deadline-exceeded",
        "internal",
        "resource-exhausted",
        "unavailable",
    ]
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*"})
MAX_REGEX = 1024
MAX_BODY = 1024 * 1024
LARGE_BODY = 100 * 1024
_STATUS = frozenset(str(int(status)) for status in HTTPStatus)
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
    ("delegate", "direct_response"),
    ("mirror", "mirrors"),
)


def check_http_route(rule: schema.HTTPRoute, findings: Findings, *, delegate: bool, mesh: bool) -> None:
    """Check a rule; ``delegate``: of a delegate; ``mesh``: of a VirtualService that sidecars use."""
    for one, other in CONFLICTS:
        if getattr(rule, one) and getattr(rule, other):
            error_at(findings, rule, one, f"cannot be together with {_camel(other)}")
    acts = rule.redirect or rule.direct_response or rule.delegate
    if not acts and not has_items(rule, "route"):
        error_at(findings, rule, "", "the rule does nothing", expected="route, redirect or directResponse")
    if delegate and rule.delegate is not None:
        error_at(findings, rule, "delegate", "a delegate cannot delegate further")
    for match in rule.match:
        _check_match(match, findings, mesh=mesh)
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
    _check_fault(rule.fault, findings)
    _check_mirrors(rule, findings)
    _check_cors(rule.cors_policy, findings)


def check_destination(destination: Destination, findings: Findings) -> None:
    host = destination.host
    if host == "*" or not is_wildcard_domain(host):
        error_at(findings, destination, "host", found=quoted(host), expected="the name of a service")
    if destination.subset and not is_label(destination.subset):
        error_at(
            findings, destination, "subset", found=quoted(destination.subset), expected="a name such as v1"
        )
    if destination.port is not None:
        check_port(findings, destination.port, "number", destination.port.number)


def check_weights(rule: Record, weights: Sequence[tuple[Record, int]], findings: Findings) -> None:
    for record, weight in weights:
        if weight < 0:
            error_at(findings, record, "weight", found=str(weight), expected="0 or more")
    total = sum(weight for _, weight in weights)
    if len(weights) > 1 and total == 0:
        error_at(findings, rule, "route", "the weights add up to 0, so no destination could be chosen")
    if total > 2**32 - 1:
        error_at(findings, rule, "route", f"the weights add up to {total}, more than 4294967295")


def _camel(field: str) -> str:
    head, *rest = field.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _check_match(match: schema.HTTPMatch, findings: Findings, *, mesh: bool) -> None:
    for field in ("uri", "scheme", "method", "authority"):
        _check_string(getattr(match, field), findings, uri=field == "uri")
    for headers in ("headers", "without_headers"):
        for name, condition in getattr(match, headers).items():
            _check_string(condition, findings)
            if is_claim(name):
                if mesh:
                    error_at(findings, match, headers, f"{name!r}: claims can be asked for at gateways only")
            else:
                check_header_name(match, headers, name, findings)
    for name, condition in match.query_params.items():
        if not name:
            error_at(findings, match, "query_params", "a parameter without a name")
        _check_string(condition, findings)
    if match.port:
        check_port(findings, match, "port", match.port)
    check_labels(findings, match, "source_labels", match.source_labels)
    for gateway in match.gateways:
        namespace, slash, name = gateway.partition("/")
        if slash and not ((is_label(namespace) or namespace == ".") and is_label(name)):
            error_at(
                findings, match, "gateways", found=quoted(gateway), expected="a gateway as namespace/name"
            )
    if match.source_namespace and not is_label(match.source_namespace):
        error_at(
            findings, match, "source_namespace", found=quoted(match.source_namespace), expected="a namespace"
        )


def _check_string(match: StringMatch | None, findings: Findings, *, uri: bool = False) -> None:
    if match is None:
        return
    if match.prefix == "" and not uri:
        error_at(findings, match, "prefix", "must not be empty; {} asks for presence")
    if match.regex is not None and (uri or match.regex != "*"):
        _check_regex(match, "regex", match.regex, findings)


def _check_regex(record: Record, field: str, pattern: str, findings: Findings) -> None:
    if not pattern:
        error_at(findings, record, field, "must not be empty")
    elif len(pattern) > MAX_REGEX:
        error_at(findings, record, field, found=f"{len(pattern)} characters", expected=f"at most {MAX_REGEX}")
    else:
        problem = _problem(pattern)
        if problem:
            error_at(findings, record, field, problem, found=quoted(pattern), expected="an RE2 expression")


@lru_cache(maxsize=4096)
def _problem(pattern: str) -> str:
    try:
        Regex(pattern)
    except RegexError as error:
        return error.message
    return ""


def _check_redirect(rule: schema.HTTPRoute, findings: Findings) -> None:
    redirect = rule.redirect
    if redirect is None:
        return
    parts = (redirect.uri, redirect.prefix_rewrite, redirect.authority, redirect.scheme, redirect.port)
    if not any(parts) and redirect.derive_port is None:
        error_at(
            findings, redirect, "", "the redirect changes nothing", expected="uri, authority, scheme or port"
        )
    if redirect.uri and redirect.prefix_rewrite:
        error_at(findings, redirect, "prefix_rewrite", "cannot be together with uri")
    if redirect.prefix_rewrite is not None:
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
    _check_status(response, "status", response.status, findings)
    body = response.body
    size = 0 if body is None else len(body.bytes or (body.string or "").encode())
    if size > MAX_BODY:
        error_at(findings, response, "body", found=f"{size} bytes", expected=f"at most {MAX_BODY}")
    elif size > LARGE_BODY:
        warn_at(findings, response, "body", f"{size} bytes are a lot for a body in the configuration")


def _check_status(record: Record, field: str, status: int, findings: Findings) -> None:
    if not 200 <= status <= 600:
        error_at(findings, record, field, found=str(status), expected="a status from 200 to 600")


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
        _check_regex(regex, "match", regex.match, findings)


def check_retries(retries: schema.Retries | None, findings: Findings) -> None:
    if retries is None:
        return
    if retries.attempts < 0:
        error_at(findings, retries, "attempts", found=str(retries.attempts), expected="0 or more")
    if retries.attempts == 0:
        for field in ("per_try_timeout", "retry_on", "retry_remote_localities"):
            if is_set(retries, field) and getattr(retries, field) != "":
                error_at(
                    findings, retries, field, "attempts is 0, so there are no retries that it could govern"
                )
    check_duration(findings, retries, "per_try_timeout", "backoff")
    for part in retries.retry_on.split(",") if retries.retry_on else ():
        if part not in RETRY_ON and part not in _STATUS:
            expected = f"a condition or a status{did_you_mean(part.strip(), RETRY_ON)}"
            error_at(findings, retries, "retry_on", found=quoted(part), expected=expected)


def _check_fault(fault: schema.Fault | None, findings: Findings) -> None:
    if fault is None:
        return
    if fault.delay is None and fault.abort is None:
        error_at(findings, fault, "", "a fault needs a delay or an abort")
    delay, abort = fault.delay, fault.abort
    if delay is not None:
        _check_share(delay.percentage, findings)
        check_percent(findings, delay, "percent", delay.percent)
        check_duration(findings, delay, "fixed_delay")
        if delay.exponential_delay is not None:
            error_at(findings, delay, "exponential_delay", "not supported", expected="fixedDelay")
    if abort is not None:
        _check_share(abort.percentage, findings)
        if abort.http_status is not None:
            _check_status(abort, "http_status", abort.http_status, findings)
        elif abort.grpc_status is not None:
            if abort.grpc_status not in GRPC_STATUS:
                expected = f"a gRPC status such as NOT_FOUND{did_you_mean(abort.grpc_status, GRPC_STATUS)}"
                error_at(findings, abort, "grpc_status", found=quoted(abort.grpc_status), expected=expected)
        elif abort.http2_error is not None:
            error_at(findings, abort, "http2_error", "not supported", expected="httpStatus or grpcStatus")
        else:
            warn_at(findings, abort, "", "an abort without httpStatus or grpcStatus does nothing")


def _check_share(percent: Percent | None, findings: Findings) -> None:
    if percent is None:
        return
    check_percent(findings, percent, "value", percent.value)
    if 0 < percent.value < 0.0001:
        error_at(findings, percent, "value", found=f"{percent.value:g}", expected="0, or 0.0001 and more")


def _check_mirrors(rule: schema.HTTPRoute, findings: Findings) -> None:
    if rule.mirror is not None:
        check_destination(rule.mirror, findings)
    if rule.mirror_percent is not None:
        check_percent(findings, rule, "mirror_percent", rule.mirror_percent)
        warn_at(findings, rule, "mirror_percent", "deprecated", expected="mirrorPercentage")
    for percent in (rule.mirror_percentage, *(it.percentage for it in rule.mirrors)):
        if percent is not None:
            check_percent(findings, percent, "value", percent.value)
    for mirror in rule.mirrors:
        if mirror.destination is None:
            error_at(findings, mirror, "destination", "missing, but required")
        else:
            check_destination(mirror.destination, findings)


def _check_cors(cors: schema.CorsPolicy | None, findings: Findings) -> None:
    if cors is None:
        return
    for origin in cors.allow_origins:
        if not (origin.exact or origin.prefix or origin.regex):
            error_at(findings, origin, "", "an origin must not be empty")
        elif origin.regex:
            _check_regex(origin, "regex", origin.regex, findings)
    for method in cors.allow_methods:
        if method not in METHODS:
            expected = f"a method such as GET, or *{did_you_mean(method, METHODS)}"
            error_at(findings, cors, "allow_methods", found=quoted(method), expected=expected)
    for field in ("allow_headers", "expose_headers"):
        for name in getattr(cors, field):
            if name != "*" and not is_token(name):
                error_at(findings, cors, field, found=quoted(name), expected="the name of a header")
    check_duration(findings, cors, "max_age")
    if cors.max_age is not None and cors.max_age != int(cors.max_age):
        error_at(findings, cors, "max_age", found=f"{cors.max_age:g}s", expected="whole seconds")
