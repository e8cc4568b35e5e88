"""Placeholders in recorded values: parts that were generated, compared by their shape.

``<uuid:X>`` is a UUID with X as the first digit of its third group, ``<hexN>`` is N lower-case hex
digits, ``<node_address>`` the proxy's own address and ``<listener_port>`` its port.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

__all__ = ["same_lines", "same_text"]

_PLACEHOLDER = re.compile(r"<(?:uuid:([0-9a-f])|hex([0-9]+)|(node_address)|(listener_port))>")
_HEX = "[0-9a-f]"
_ADDRESS = r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)"


@lru_cache(maxsize=1024)
def _pattern(expected: str) -> re.Pattern[str] | None:
    """The regex of a value with placeholders; None where it has none."""
    parts: list[str] = []
    at = 0
    for found in _PLACEHOLDER.finditer(expected):
        parts.append(re.escape(expected[at : found.start()]))
        parts.append(_shape(found))
        at = found.end()
    if not parts:
        return None
    parts.append(re.escape(expected[at:]))
    return re.compile("".join(parts))


def _shape(found: re.Match[str]) -> str:
    digit, count, address, _ = found.groups()
    if digit is not None:
        return f"{_HEX}{{8}}-{_HEX}{{4}}-{digit}{_HEX}{{3}}-{_HEX}{{4}}-{_HEX}{{12}}"
    if count is not None:
        return f"{_HEX}{{{count}}}"
    return _ADDRESS if address is not None else "[0-9]{1,5}"


def same_text(expected: str, actual: str | None) -> bool:
    """Whether ``actual`` is what was recorded, placeholders by shape."""
    if actual is None:
        return False
    if expected == actual:
        return True
    pattern = _pattern(expected)
    return pattern is not None and pattern.fullmatch(actual) is not None


def same_lines(expected: Sequence[str], actual: Sequence[str]) -> bool:
    """Whether two lists of header values are the same, placeholders by shape."""
    return len(expected) == len(actual) and all(map(same_text, expected, actual))
