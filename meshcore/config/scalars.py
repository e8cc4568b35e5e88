"""What an unquoted YAML scalar means.

Kubernetes reads YAML through sigs.k8s.io/yaml (YAML 1.1 booleans and octal integers, timestamps
left as text), Envoy through yaml-cpp; both agree on what is here:

* ``true``, ``yes``, ``on`` (and ``false``, ``no``, ``off``; lower, Title or UPPER case) are booleans;
* ``0x1F`` and ``0o17`` and ``017`` are integers, and ``1_000`` is 1000;
* ``12:30:00`` and ``2024-01-01`` are strings; anything in quotes is a string;
* ``~``, ``null`` and nothing at all are null.

Single letters ``y`` and ``n`` stay strings: they are far more often a name than a boolean.
"""

from __future__ import annotations

import re

from meshcore.config.tree import ScalarValue

__all__ = ["resolve_plain"]

_WORDS: dict[str, bool | float | None] = {"": None, "~": None}
for _word, _meaning in (
    ("null", None),
    ("true", True),
    ("yes", True),
    ("on", True),
    ("false", False),
    ("no", False),
    ("off", False),
    (".inf", float("inf")),
    ("+.inf", float("inf")),
    ("-.inf", float("-inf")),
    (".nan", float("nan")),
):
    for _spelling in (_word, _word.title(), _word.upper()):
        _WORDS[_spelling] = _meaning
_WORDS[".NaN"] = float("nan")

#: A first character that can begin something other than a string.
_CANDIDATE = frozenset("0123456789+-.~nNtTyYoOfF")
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9][0-9_]*)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?\Z")
#: Longer numbers are text: Python's int() of a huge literal costs quadratic time.
_MAX_DIGITS = 64


def resolve_plain(text: str) -> ScalarValue:
    """The value of an unquoted scalar."""
    if text and text[0] not in _CANDIDATE:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > _MAX_DIGITS or not any("0" <= character <= "9" for character in text):
        return text
    if _INTEGER.match(text):
        return _integer(text)
    if _FLOAT.match(text):
        return float(text.replace("_", ""))
    return text


def _integer(text: str) -> int | float | str:
    digits = text.replace("_", "")
    sign = -1 if digits[0] == "-" else 1
    digits = digits.lstrip("+-")
    try:
        if len(digits) > 1 and digits[0] == "0" and digits[1] in "01234567":
            return sign * int(digits, 8)
        return sign * int(digits, 0)
    except ValueError:
        # 089 is no octal number: Go and yaml-cpp go on to read it as a decimal fraction.
        try:
            return sign * float(digits)
        except ValueError:
            return text
