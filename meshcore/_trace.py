"""What both backends of trace contexts share: names of formats, OTEL_PROPAGATORS, baggage as a dict."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Mapping
from functools import cache
from urllib.parse import quote, unquote

from meshcore._options import instance

__all__ = [
    "ALL",
    "DECISIONS",
    "FORMATS",
    "SAMPLING",
    "baggage_of",
    "baggage_text",
    "checked_text",
    "extract_default",
    "formats_of",
    "inject_default",
    "propagators",
    "sampling_of",
]

#: By the core's numbers. Those that OpenTelemetry has are named as in OTEL_PROPAGATORS.
FORMATS = (
    "b3",
    "b3multi",
    "tracecontext",
    "jaeger",
    "datadog",
    "xray",
    "cloudtrace",
    "ottrace",
    "baggage",
    "requestid",
)
_NUMBERS = {name: number for number, name in enumerate(FORMATS)}
_ALIASES = {"w3c": "tracecontext", "gcp": "cloudtrace", "gcp_trace": "cloudtrace"}
_REQUEST_ID = _NUMBERS["requestid"]

ALL = tuple(range(len(FORMATS)))
DEFER, DENY, ACCEPT, DEBUG = range(4)
#: ``(sampled, debug)`` by the core's numbers.
SAMPLING = ((None, False), (False, False), (True, False), (True, True))
DECISIONS = ("deferred", "not sampled", "sampled", "debug")

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BAGGAGE_SAFE = "!#$&'()*+-./:<=>?@[]^_`{|}~"
_MEMBERS, _BYTES = 64, 8192  # as the core has them: W3C's bounds


def formats_of(names: object) -> tuple[int, ...]:
    """The core's numbers of formats, from names (or one text of names with commas between them).

    Raises:
        TypeError, ValueError: where one is unknown; the message says which ones there are.
    """
    if isinstance(names, str):
        names = names.split(",")
    if not isinstance(names, Iterable):
        raise TypeError(f"formats is {names!r}; expected names of formats")
    found: dict[int, None] = {}
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"a format is {name!r}; expected a str")
        number = _number_of(name)
        if number is None:
            raise ValueError(f"unknown format {name!r}; there are {', '.join(FORMATS)}")
        found[number] = None
    return tuple(found)


def _number_of(name: str) -> int | None:
    plain = name.strip().lower()
    return _NUMBERS.get(_ALIASES.get(plain, plain))


@cache
def propagators() -> tuple[int, ...] | None:
    """The formats that OTEL_PROPAGATORS names; None where it is unset. Read once.

    As OpenTelemetry wants it, what is unknown is passed over with a warning, as if it were unset where all is
    unknown, and ``none`` stands for none.
    """
    names = [name.strip() for name in os.environ.get("OTEL_PROPAGATORS", "").split(",")]
    names = [name for name in names if name]
    if not names:
        return None
    found: dict[int, None] = {}
    for name in names:
        number = _number_of(name)
        if number is not None:
            found[number] = None
        elif name.lower() != "none":
            known = ", ".join(FORMATS)
            warnings.warn(f"OTEL_PROPAGATORS: unknown propagator {name!r}; there are {known}", stacklevel=2)
    if "none" in (name.lower() for name in names):
        return ()
    return tuple(found) or None


def extract_default() -> tuple[int, ...]:
    """What extract() looks for where it is not told: OTEL_PROPAGATORS and the request id, or all formats."""
    chosen = propagators()
    if chosen is None:
        return ALL
    return (*chosen, _REQUEST_ID) if chosen and _REQUEST_ID not in chosen else chosen


def inject_default() -> tuple[int, ...]:
    """What inject() writes where it is not told: OTEL_PROPAGATORS, or B3 in its several lines."""
    chosen = propagators()
    return (_NUMBERS["b3multi"],) if chosen is None else chosen


def sampling_of(sampled: object, debug: object) -> int:
    """The core's number of a decision.

    Raises:
        TypeError: where ``sampled`` is neither a bool nor None.
    """
    if debug:
        return DEBUG
    if sampled is None:
        return DEFER
    if not isinstance(sampled, bool):
        raise TypeError(f"sampled is {sampled!r}; expected a bool, or None for no decision")
    return ACCEPT if sampled else DENY


def baggage_of(text: str) -> dict[str, str]:
    """Keys and decoded values; of a key that comes twice the last one. Properties are left out."""
    found = {}
    for member in text.split(","):
        key, equals, value = member.partition(";")[0].partition("=")
        if equals:
            found[key.strip()] = unquote(value.strip())
    return found


def baggage_text(baggage: Mapping[str, str]) -> str:
    """One line of all members, values percent-encoded.

    Raises:
        TypeError, ValueError: where a key is no token (RFC 9110), or W3C's bounds are passed.
    """
    instance("baggage", baggage, Mapping, "a dict of texts, such as {'tenant': 'acme'}")
    members = []
    for key, value in baggage.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise TypeError(f"baggage holds {key!r}: {value!r}; expected str and str")
        if not _TOKEN.fullmatch(key):
            raise ValueError(f"baggage key {key!r} is no token: letters, digits and !#$%&'*+-.^_`|~")
        members.append(f"{key}={quote(value, safe=_BAGGAGE_SAFE)}")
    text = ",".join(members)
    if len(members) > _MEMBERS or len(text) > _BYTES:
        raise ValueError(
            f"baggage of {len(members)} members and {len(text)} bytes; at most {_MEMBERS} and {_BYTES}"
        )
    return text


def checked_text(name: str, value: object, most: int) -> bytes:
    """A text that fits a header line.

    Raises:
        TypeError, ValueError: where it does not.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}; expected a str")
    data = value.encode("utf-8", "surrogateescape")
    if not 0 < len(data) <= most or value.strip(" \t") != value or re.search(r"[\x00-\x1f\x7f]", value):
        raise ValueError(f"{name} is {value!r}; expected 1 to {most} bytes without control characters")
    return data
