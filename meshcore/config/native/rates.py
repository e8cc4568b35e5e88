"""Rates in words: ``100/minute``, ``5 per 10 seconds``."""

from __future__ import annotations

import re

__all__ = ["EXAMPLES", "parse_rate"]

EXAMPLES = "such as 100/minute, 10/second or 1000 per 15 minutes"

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_SHORT = {"s": "second", "sec": "second", "m": "minute", "min": "minute", "h": "hour", "d": "day"}
_RATE = re.compile(r"([0-9][0-9_,]{0,12}) ?(?:/|per) ?(?:([0-9]{1,6}) ?)?([a-z]+)\Z")


def parse_rate(text: str) -> tuple[int, float] | None:
    """Tokens and the seconds in which they come; None where the text says no rate."""
    found = _RATE.match(" ".join(text.lower().split()))
    if found is None:
        return None
    number, multiple, unit = found.groups()
    name = _SHORT.get(unit, unit.removesuffix("s") if len(unit) > 3 else unit)
    tokens, seconds = int(re.sub("[_,]", "", number)), _UNITS.get(name, 0) * int(multiple or 1)
    return (tokens, float(seconds)) if 0 < tokens < 2**32 and seconds else None
