"""The rules of the matches of http rules, and of what they share with other parts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.schema import virtual_service as schema
from meshcore.config.istio.schema.common import StringMatch
from meshcore.config.istio.validation.common import check_labels, check_port
from meshcore.config.istio.validation.headers import check_header_name, is_claim
from meshcore.config.istio.validation.names import is_domain, is_label
from meshcore.config.schema import Record, error_at, warn_at
from meshcore.match import Regex, RegexError

__all__ = ["check_gateway_names", "check_match", "check_regex"]

MAX_REGEX = 1024


def check_match(match: schema.HTTPMatch, findings: Findings, *, mesh: bool) -> None:
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
    check_gateway_names(findings, match, match.gateways)
    if match.source_namespace and not is_label(match.source_namespace):
        error_at(
            findings, match, "source_namespace", found=quoted(match.source_namespace), expected="a namespace"
        )


def _check_string(match: StringMatch | None, findings: Findings, *, uri: bool = False) -> None:
    if match is None:
        return
    if match.prefix == "" and not uri:
        error_at(findings, match, "prefix", "must not be empty; {} asks for presence")
    if match.regex is not None and (uri or match.regex != "*"):  # * alone is no expression but "is there"
        check_regex(match, "regex", match.regex, findings)


def check_regex(record: Record, field: str, pattern: str, findings: Findings) -> None:
    if not pattern:
        error_at(findings, record, field, "must not be empty")
    elif len(pattern.encode("utf-8", "surrogatepass")) > MAX_REGEX:
        found = f"{len(pattern.encode('utf-8', 'surrogatepass'))} bytes"
        error_at(findings, record, field, found=found, expected=f"at most {MAX_REGEX}")
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


def check_gateway_names(findings: Findings, record: Record, names: Sequence[str]) -> None:
    """``name``, ``namespace/name``, or the older form with dots."""
    for name in names:
        namespace, slash, short = name.partition("/")
        good = is_label(namespace) and is_label(short) if slash else is_domain(name)
        if not good:
            expected = "a gateway as namespace/name"
            error_at(findings, record, "gateways", found=quoted(name), expected=expected)
        elif not slash and "." in name:
            short, namespace, *_ = name.split(".")
            message = f"{name!r} is an older form"
            warn_at(findings, record, "gateways", message, expected=f"{namespace}/{short}")
