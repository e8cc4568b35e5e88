"""The rules of header names and values in VirtualServices."""

from __future__ import annotations

import re

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.actions import is_authority
from meshcore.config.istio.schema import virtual_service as schema
from meshcore.config.schema import Record, error_at

__all__ = ["check_authority", "check_header_name", "check_headers", "is_claim", "is_token"]

_TOKEN = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+\Z")
_PSEUDO = frozenset({":method", ":scheme", ":authority", ":path", ":status"})
#: What stands for a claim of the request's token: @request.auth.claims.name or ...claims[name].
_CLAIM = re.compile(r"@request\.auth\.claims(?:\..+|\[.+\])\Z", re.IGNORECASE | re.DOTALL)
_STRING = r"(?:\\.|[^\\)\"])*"
#: Percent signs are doubled, or stand around a command with arguments: plain, or a JSON list of texts.
_FORMAT = re.compile(
    r"(?:[^%]|%%|%(?!%)[^%(]*(?:%|\( *(?:\[ *\"|[^ \[])"
    rf"{_STRING}(?:\" *, *\"{_STRING})*(?:\)|\" *\] *\)) *%))*\Z",
    re.DOTALL,
)
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


def is_token(name: str) -> bool:
    return _TOKEN.match(name) is not None


def is_claim(name: str) -> bool:
    return _CLAIM.match(name) is not None


def check_header_name(record: Record, field: str, name: str, findings: Findings) -> None:
    """A name that can be asked for: a token, or a pseudo header."""
    if not is_token(name) and name not in _PSEUDO:
        error_at(findings, record, field, found=quoted(name), expected="the name of a header")


def check_headers(headers: schema.Headers | None, findings: Findings) -> None:
    """Header operations; the authority may be written in requests, other pseudo headers may not."""
    if headers is None:
        return
    for operations, request in ((headers.request, True), (headers.response, False)):
        if operations is None:
            continue
        for field in ("set", "add"):
            for name, value in getattr(operations, field).items():
                if not (request and is_authority(name)):
                    _check_name(operations, field, name, findings)
                _check_value(operations, field, name, value, findings)
        for name in operations.remove:
            _check_name(operations, "remove", name, findings)


def _check_name(record: Record, field: str, name: str, findings: Findings) -> None:
    if name.startswith(":") or name.lower() == "host":
        error_at(findings, record, field, f"{name!r} cannot be changed here")
    elif not is_token(name):
        error_at(findings, record, field, found=quoted(name), expected="the name of a header")


def _check_value(record: Record, field: str, name: str, value: str, findings: Findings) -> None:
    if _CONTROL.search(value):
        error_at(findings, record, field, f"the value of {name!r} has control characters")
    elif not _FORMAT.match(value):
        expected = "%% for a percent sign, or %COMMAND%"
        error_at(findings, record, field, f"the value of {name!r}", found=quoted(value), expected=expected)


def check_authority(rule: schema.HTTPRoute, findings: Findings) -> None:
    """The authority may be set in one place only."""
    request = rule.headers.request if rule.headers else None
    places = [rule.rewrite.authority] if rule.rewrite and rule.rewrite.authority else []
    for values in (request.set, request.add) if request else ():
        places += [value for name, value in values.items() if is_authority(name)]
    if len(places) > 1:
        error_at(
            findings, rule, "headers", f"the authority is set more than once: {', '.join(map(repr, places))}"
        )
