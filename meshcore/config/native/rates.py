"""Rates in words: ``100/minute``, ``5 per 10 seconds``."""

from __future__ import annotations

import re

from meshcore.config.native.schema import LONGEST_FILL

__all__ = ["BadRate", "parse_rate"]

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_SHORT = {"s": "second", "sec": "second", "m": "minute", "min": "minute", "h": "hour", "d": "day"}
_RATE = re.compile(r"([0-9][0-9_,]{0,39}) ?(?:/|per) ?(?:([0-9]{1,40}) ?)?([a-z]+)\Z")
_NUMBER = re.compile(r"[0-9][0-9_,]{0,39}\Z")


class BadRate(ValueError):
    """No rate, or one that no bucket can have; the text says what would be right."""


def parse_rate(text: str) -> tuple[int, float]:
    """Tokens and the seconds in which they come.

    Raises:
        BadRate: where the text says no such rate.
    """
    plain = " ".join(text.lower().split())
    found = _RATE.match(plain)
    number, multiple, unit = found.groups() if found is not None else ("", None, "")
    name = _SHORT.get(unit, unit.removesuffix("s") if len(unit) > 3 else unit)
    if name not in _UNITS:
        if _NUMBER.match(plain):
            raise BadRate(f"a rate such as {plain}/minute, {plain}/second or {plain} per 15 minutes")
        raise BadRate("a rate such as 100/minute or 1000 per 15 minutes, in seconds, minutes, hours or days")
    tokens, seconds = int(re.sub("[_,]", "", number)), _UNITS[name] * int(multiple or 1)
    if not 0 < tokens < 2**32:
        raise BadRate(f"1 to {2**32 - 1} tokens in that time")
    if not 0 < seconds <= LONGEST_FILL:
        raise BadRate(f"a time of 1 to {LONGEST_FILL // _UNITS[name]} {name}s")
    return tokens, float(seconds)
