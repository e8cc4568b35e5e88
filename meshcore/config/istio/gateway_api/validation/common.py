"""Checks that several kinds share: names, lists and texts."""

from __future__ import annotations

import re
from collections.abc import Iterable

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.names import is_address
from meshcore.config.schema import Record, error_at

__all__ = ["check_hostname", "check_name", "check_path_text", "check_unique", "is_hostname"]

_HOST = re.compile(
    r"(?:\*\.)?[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\Z", re.IGNORECASE
)
_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\Z")
#: What may stand in a request line.
_VISIBLE = re.compile(r"[!-~]*\Z")
_MAX_NAME = 253


def is_hostname(text: str, *, wildcard: bool = True) -> bool:
    """Whether a text is a host name, of which the first label may be ``*``; no address."""
    return (
        len(text) <= _MAX_NAME
        and _HOST.match(text) is not None
        and not is_address(text)
        and (wildcard or not text.startswith("*"))
    )


def check_hostname(
    findings: Findings, record: Record, field: str, text: str, *, wildcard: bool = True
) -> None:
    if not is_hostname(text, wildcard=wildcard):
        expected = "a host name such as www.example" + (" or *.example" if wildcard else "")
        error_at(findings, record, field, found=quoted(text), expected=expected)


def check_name(findings: Findings, record: Record, field: str, text: str) -> None:
    """The name of a listener or of a rule; "" is not given."""
    if text and (len(text) > _MAX_NAME or not _NAME.match(text)):
        expected = "lower-case letters, digits, - and ."
        error_at(findings, record, field, found=quoted(text), expected=expected)


def check_unique(findings: Findings, records: Iterable[Record], key: str = "name") -> None:
    """No two of these may have the same name, upper and lower case alike."""
    seen: set[str] = set()
    for record in records:
        name = getattr(record, key).lower()
        if name in seen:
            error_at(findings, record, key, f"{name!r} is there twice")
        seen.add(name)


def check_path_text(findings: Findings, record: Record, field: str, *, rooted: bool = True) -> None:
    """What becomes part of a request line or of a Location must not break out of it."""
    text = getattr(record, field)
    if not text:
        return
    if not _VISIBLE.match(text):
        expected = "visible ASCII characters; others are written %XX"
        error_at(findings, record, field, found=quoted(text), expected=expected)
    elif rooted and not text.startswith("/"):
        error_at(findings, record, field, found=quoted(text), expected="a path that begins with /")
