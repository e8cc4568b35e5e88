"""The rules of what an http rule does beside routing: retries, faults, mirrors, CORS."""

from __future__ import annotations

from http import HTTPStatus

from meshcore.config.findings import Findings, did_you_mean, quoted
from meshcore.config.istio.actions import GRPC_STATUS
from meshcore.config.istio.gateway_api.schema.filters import Cors
from meshcore.config.istio.schema import virtual_service as schema
from meshcore.config.istio.schema.common import Percent
from meshcore.config.istio.validation.common import check_duration, check_percent
from meshcore.config.istio.validation.destinations import check_destination
from meshcore.config.istio.validation.headers import is_token
from meshcore.config.istio.validation.http_match import check_regex
from meshcore.config.schema import Record, error_at, is_set, warn_at

__all__ = ["check_cors", "check_cors_names", "check_fault", "check_mirrors", "check_retries", "check_status"]

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
_STATUS = frozenset(str(int(status)) for status in HTTPStatus)


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


def check_fault(fault: schema.Fault | None, findings: Findings) -> None:
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
            check_status(abort, "http_status", abort.http_status, findings)
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


def check_mirrors(rule: schema.HTTPRoute, findings: Findings) -> None:
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


def check_cors(cors: schema.CorsPolicy | None, findings: Findings) -> None:
    if cors is None:
        return
    for origin in cors.allow_origins:
        if not (origin.exact or origin.prefix or origin.regex):
            error_at(findings, origin, "", "an origin must not be empty")
        elif origin.regex:
            check_regex(origin, "regex", origin.regex, findings)
    check_cors_names(cors, findings)
    check_duration(findings, cors, "max_age")
    if cors.max_age is not None and cors.max_age != int(cors.max_age):
        error_at(findings, cors, "max_age", found=f"{cors.max_age:g}s", expected="whole seconds")


def check_cors_names(cors: schema.CorsPolicy | Cors, findings: Findings) -> None:
    """The methods and headers of CORS, in Istio's API or in the Gateway API."""
    for method in cors.allow_methods:
        if method not in METHODS:
            expected = f"a method such as GET, or *{did_you_mean(method, METHODS)}"
            error_at(findings, cors, "allow_methods", found=quoted(method), expected=expected)
    for field in ("allow_headers", "expose_headers"):
        for name in getattr(cors, field):
            if name != "*" and not is_token(name):
                error_at(findings, cors, field, found=quoted(name), expected="the name of a header")


def check_status(record: Record, field: str, status: int, findings: Findings) -> None:
    if not 200 <= status <= 600:
        error_at(findings, record, field, found=str(status), expected="a status from 200 to 600")
