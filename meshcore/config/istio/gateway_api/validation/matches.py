"""The rules of matches."""

from __future__ import annotations

import re
from collections.abc import Sequence

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.gateway_api.schema import routes as api
from meshcore.config.istio.gateway_api.validation.common import check_unique
from meshcore.config.istio.validation.headers import is_token
from meshcore.config.patterns import regex_error
from meshcore.config.schema import Record, error_at

__all__ = ["check_grpc_match", "check_http_match"]

#: The characters of a path; others are written %XX.
_PATH = re.compile(r"/(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*\Z")
#: What no normalized path has, and so no request would match.
_NOT_NORMAL = re.compile(r"//|/\.\.?(?:/|\Z)|%2f", re.IGNORECASE)
_SERVICE = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*\Z")
_METHOD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
#: Istio reads it as "is there", although it is no regex.
PRESENT = "*"


def check_http_match(match: api.HTTPMatch, findings: Findings) -> None:
    path = match.path
    if path is not None and path.type is api.PathType.RegularExpression:
        _check_regex(findings, path, "value", path.value)
    elif path is not None and (not _PATH.match(path.value) or _NOT_NORMAL.search(path.value)):
        expected = "a path that begins with /, without // /./ /../ or %2F; other characters are written %XX"
        error_at(findings, path, "value", found=quoted(path.value), expected=expected)
    _check_comparisons(match.headers, findings)
    _check_comparisons(match.query_params, findings, headers=False)


def _check_comparisons(given: Sequence[api.Comparison], findings: Findings, *, headers: bool = True) -> None:
    if headers:
        check_unique(findings, given)
    for comparison in given:
        if not is_token(comparison.name):
            expected = "the name of a " + ("header" if headers else "query parameter")
            error_at(findings, comparison, "name", found=quoted(comparison.name), expected=expected)
        if comparison.type is api.MatchType.RegularExpression and comparison.value != PRESENT:
            _check_regex(findings, comparison, "value", comparison.value)


def _check_regex(findings: Findings, record: Record, field: str, pattern: str) -> None:
    problem = regex_error(pattern)
    if problem:
        error_at(findings, record, field, f"not a regex that can be served: {problem}", found=quoted(pattern))


def check_grpc_match(match: api.GRPCMatch, findings: Findings) -> None:
    _check_comparisons(match.headers, findings)
    method = match.method
    if method is None:
        return
    if not method.service and not method.method:
        error_at(findings, method, "", found="none of them", expected="service, method or both")
    for field, pattern in (("service", _SERVICE), ("method", _METHOD)):
        text = getattr(method, field)
        if text is None:
            continue
        if method.type is api.MatchType.RegularExpression:
            _check_regex(findings, method, field, text)
        elif not pattern.match(text):
            error_at(findings, method, field, found=quoted(text), expected=f"the name of a gRPC {field}")
