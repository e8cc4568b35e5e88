"""The messages on the wire: rls.proto and ratelimit.proto of Envoy's v3 API.

Of the response, ``dynamic_metadata`` and ``quota`` (which Envoy has not implemented) are not read.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, TypeVar

from meshcore._protobuf import Field, Kind, Message
from meshcore.global_limit.rls.messages import (
    Code,
    Descriptor,
    DescriptorStatus,
    Entry,
    Limit,
    LimitOverride,
    RateLimitRequest,
    RateLimitResponse,
    Unit,
)

__all__ = ["METHOD", "MOST_DESCRIPTORS", "MOST_ENTRIES", "REQUEST", "RESPONSE", "SERVICE"]

SERVICE = "envoy.service.ratelimit.v3.RateLimitService"
METHOD = "ShouldRateLimit"
#: Of a request, and entries of each of them. Envoy sends some few.
MOST_DESCRIPTORS = 1000
MOST_ENTRIES = 64

E = TypeVar("E", bound=IntEnum)


def _known(enum: type[E], number: int) -> E:
    """Enums are open: what a later version says is UNKNOWN to us."""
    try:
        return enum(number)
    except ValueError:
        return enum(0)


def _override(requests_per_unit: int = 0, unit: int = 0) -> LimitOverride:
    return LimitOverride(requests_per_unit, _known(Unit, unit))


def _limit(requests_per_unit: int = 0, unit: int = 0, name: str = "") -> Limit:
    return Limit(requests_per_unit, _known(Unit, unit), name)


def _status(code: int = 0, **fields: Any) -> DescriptorStatus:
    return DescriptorStatus(_known(Code, code), **fields)


def _response(overall_code: int = 0, **fields: Any) -> RateLimitResponse:
    return RateLimitResponse(_known(Code, overall_code), **fields)


def _header(key: str = "", value: str = "", raw_value: bytes = b"") -> tuple[str, str]:
    return key, value or raw_value.decode("utf-8", "surrogateescape")


def _nanoseconds(seconds: float) -> tuple[int, int]:
    return divmod(round(seconds * 1e9), 10**9)


_ENTRY: Message[Entry] = Message(
    lambda key="", value="": (key, value),
    {1: Field("key", Kind.STRING), 2: Field("value", Kind.STRING)},
    lambda entry: entry,
)
_OVERRIDE = Message(_override, {1: Field("requests_per_unit", Kind.UINT32), 2: Field("unit", Kind.INT32)})
_UINT64_VALUE: Message[int] = Message(
    lambda value=0: value, {1: Field("value", Kind.UINT64)}, lambda value: (value,)
)
_DESCRIPTOR = Message(
    Descriptor,
    {
        1: Field("entries", _ENTRY, repeated=True, most=MOST_ENTRIES),
        2: Field("limit", _OVERRIDE),
        3: Field("hits_addend", _UINT64_VALUE),
        4: Field("is_negative_hits", Kind.BOOL),
    },
)
REQUEST = Message(
    RateLimitRequest,
    {
        1: Field("domain", Kind.STRING),
        2: Field("descriptors", _DESCRIPTOR, repeated=True, most=MOST_DESCRIPTORS),
        3: Field("hits_addend", Kind.UINT32),
    },
)

_LIMIT = Message(
    _limit,
    {
        1: Field("requests_per_unit", Kind.UINT32),
        2: Field("unit", Kind.INT32),
        3: Field("name", Kind.STRING),
    },
)
_DURATION: Message[float] = Message(
    lambda seconds=0, nanos=0: (seconds * 10**9 + nanos) / 10**9,
    {1: Field("seconds", Kind.INT64), 2: Field("nanos", Kind.INT32)},
    _nanoseconds,
)
_STATUS = Message(
    _status,
    {
        1: Field("code", Kind.INT32),
        2: Field("current_limit", _LIMIT),
        3: Field("limit_remaining", Kind.UINT32),
        4: Field("duration_until_reset", _DURATION),
    },
)
_HEADER: Message[tuple[str, str]] = Message(
    _header,
    {1: Field("key", Kind.STRING), 2: Field("value", Kind.STRING), 3: Field("raw_value", Kind.BYTES)},
    lambda header: (*header, b""),
)
RESPONSE = Message(
    _response,
    {
        1: Field("overall_code", Kind.INT32),
        2: Field("statuses", _STATUS, repeated=True),
        3: Field("response_headers_to_add", _HEADER, repeated=True),
        4: Field("request_headers_to_add", _HEADER, repeated=True),
        5: Field("raw_body", Kind.BYTES),
    },
)
