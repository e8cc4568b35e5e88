"""JSON Web Key Sets (RFC 7517), as far as it takes to say whether one can be used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["private_keys", "problem_of"]

#: Key type -> the members that a public key must have.
_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x"), "oct": ("k",)}


def problem_of(text: str) -> str:
    """What is wrong with a key set (or a single key); "" if nothing is."""
    try:
        keys = _keys(text)
    except ValueError as error:
        return str(error)
    for index, key in enumerate(keys):
        kind = key.get("kty") if isinstance(key, Mapping) else None
        members = _MEMBERS.get(kind) if isinstance(kind, str) else None
        if members is None:
            return f"keys[{index}] is of no known type ({', '.join(_MEMBERS)})"
        missing = [name for name in members if not isinstance(key.get(name), str) or not key[name]]
        if missing:
            return f"keys[{index}] has no {missing[0]!r}"
    return ""


def private_keys(text: str) -> list[int]:
    """The indices of keys that hold a secret; none if the set is bad."""
    if problem_of(text):
        return []
    return [index for index, key in enumerate(_keys(text)) if key["kty"] == "oct" or key.get("d")]


def _keys(text: str) -> list[Any]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise ValueError(f"not JSON: {reason}") from None
    if not isinstance(parsed, dict):
        raise ValueError("not a JSON object")
    if "keys" not in parsed:
        return [parsed]
    if not isinstance(parsed["keys"], list):
        raise ValueError("'keys' is not a list")
    return parsed["keys"]
