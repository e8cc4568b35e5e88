"""Protobuf's wire format, for the few small messages that are spoken over gRPC here.

They are declared rather than generated: no compiler, no runtime library whose version must fit. What comes in
may be anything: it is read in time linear in its length, and what is no message raises WireError.
Source: https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from operator import attrgetter
from typing import Any, Generic, TypeVar

__all__ = ["Field", "Kind", "Message", "WireError"]

T = TypeVar("T")

_VARINT, _FIXED64, _BYTES, _GROUP, _END_GROUP, _FIXED32 = 0, 1, 2, 3, 4, 5
_MASK = 2**64 - 1
#: Of groups in each other; protobuf's own readers stop there.
_MOST_DEEP = 100


class WireError(ValueError):
    """Bytes that are no message, or a value that its field cannot hold."""


class Kind(Enum):
    """Scalar types: a name, and the range of those that are numbers."""

    UINT32 = (0, 2**32 - 1)
    UINT64 = (0, 2**64 - 1)
    INT32 = (-(2**31), 2**31 - 1)  #: enums, too
    INT64 = (-(2**63), 2**63 - 1)
    BOOL = (0, 1)
    STRING = ("utf-8", 0)
    BYTES = ("", 0)


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its name, and what it holds."""

    name: str
    of: Kind | Message[Any]
    repeated: bool = False  #: of messages alone
    most: int | None = None  #: of these, how many are read; None: any number
    wire: int = dataclasses.field(init=False)  #: its wire type

    def __post_init__(self) -> None:
        bytes_ = isinstance(self.of, Message) or self.of in (Kind.STRING, Kind.BYTES)
        object.__setattr__(self, "wire", _BYTES if bytes_ else _VARINT)


class Message(Generic[T]):
    """A message: how it is written, and read as a ``T``.

    Args:
        make: takes the fields that came by their names, and makes a ``T`` of them.
        fields: by number, in the order of ``parts``.
        parts: the values of a ``T``; by default its attributes of the fields' names.
    """

    def __init__(
        self,
        make: Callable[..., T],
        fields: Mapping[int, Field],
        parts: Callable[[T], Sequence[Any]] | None = None,
    ) -> None:
        self._make = make
        self._fields = dict(fields)
        names = [field.name for field in fields.values()]
        getter = attrgetter(*names)
        self._parts = parts or (getter if len(names) > 1 else lambda value: (getter(value),))

    def encode(self, value: T) -> bytes:
        """The message's bytes. What is at its default takes none.

        Raises:
            WireError: a number is out of its field's range.
        """
        out = bytearray()
        for (number, field), part in zip(self._fields.items(), self._parts(value), strict=True):
            if isinstance(field.of, Message):
                for item in part if field.repeated else () if part is None else (part,):
                    _put_bytes(out, number, field.of.encode(item))
            elif part:
                _put(out, number, field, part)
        return bytes(out)

    def decode(self, data: bytes) -> T:
        """Read a message. Fields that are not declared are left aside, as later versions may have more.

        Raises:
            WireError: it is none.
        """
        values: dict[str, Any] = {}
        parts: dict[str, bytes] = {}  # of messages: those that come several times are merged
        for number, wire, value in _read(data):
            field = self._fields.get(number)
            if field is None or field.wire != wire:
                continue
            if not isinstance(field.of, Message):
                values[field.name] = _scalar(field, value)
            elif field.repeated:
                items = values.setdefault(field.name, [])
                if len(items) == field.most:
                    raise WireError(f"there are more than {field.most} {field.name}")
                items.append(field.of.decode(value))
            else:
                parts[field.name] = parts.get(field.name, b"") + value
        for field in self._fields.values():
            if isinstance(field.of, Message) and field.name in parts:
                values[field.name] = field.of.decode(parts[field.name])
        return self._make(**{name: tuple(v) if v.__class__ is list else v for name, v in values.items()})


def _put(out: bytearray, number: int, field: Field, value: Any) -> None:
    if field.wire == _BYTES:
        # A header may hold what is no UTF-8; other sides take nothing else.
        _put_bytes(out, number, value.encode("utf-8", "replace") if field.of is Kind.STRING else value)
        return
    lowest, highest = field.of.value  # type: ignore[union-attr]
    if not lowest <= value <= highest:
        raise WireError(f"{field.name} is {value}; expected {lowest} to {highest}")
    _put_varint(out, number << 3 | _VARINT)
    _put_varint(out, int(value) & _MASK)


def _put_bytes(out: bytearray, number: int, value: bytes) -> None:
    _put_varint(out, number << 3 | _BYTES)
    _put_varint(out, len(value))
    out += value


def _put_varint(out: bytearray, number: int) -> None:
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)


def _scalar(field: Field, value: Any) -> Any:
    kind = field.of
    if kind is Kind.STRING:
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise WireError(f"{field.name} is not UTF-8") from None
    if kind is Kind.UINT32:
        return value & 0xFFFFFFFF
    if kind is Kind.INT32:
        return ((value & 0xFFFFFFFF) ^ 2**31) - 2**31
    if kind is Kind.INT64:
        return (value ^ 2**63) - 2**63
    return value != 0 if kind is Kind.BOOL else value


def _read(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """Number, wire type and value of each field; groups, which nobody writes any more, are left out."""
    at, end = 0, len(data)
    groups: list[int] = []
    value: Any
    while at < end:
        tag, at = _read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        if not number or tag > 0xFFFFFFFF:
            raise WireError(f"no field has the tag {tag}")
        if wire == _VARINT:
            value, at = _read_varint(data, at)
        elif wire in (_FIXED64, _BYTES, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
            if wire == _BYTES:
                size, at = _read_varint(data, at)
            if size > end - at:
                raise WireError("the message ends within a field")
            value = data[at : at + size]
            at += size
        elif wire == _GROUP and len(groups) < _MOST_DEEP:
            groups.append(number)
            continue
        elif wire == _END_GROUP and groups and groups.pop() == number:
            continue
        else:
            raise WireError(f"a field has the wire type {wire}")
        if not groups:
            yield number, wire, value
    if groups:
        raise WireError("the message ends within a group")


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number and where it ends."""
    if data[at : at + 1] < b"\x80" and at < len(data):  # as nearly all do
        return data[at], at + 1
    number = 0
    for shift, byte in zip(range(0, 70, 7), data[at : at + 10], strict=False):
        number |= (byte & 127) << shift
        if byte < 128:
            return number & _MASK, at + shift // 7 + 1
    raise WireError("the message ends within a number, or it has more than 64 bits")
