"""Decoded records as plain values, and how two of them differ."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from itertools import zip_longest

from meshcore.config.schema import Record

__all__ = ["differences", "plain_record"]


def plain_record(record: Record) -> dict[str, object]:
    """The fields of a record that say something: whatever is empty, 0 or None is left out."""
    # What begins with record_ says where the record is from, not what it holds.
    names = (name for name in record.__struct_fields__ if not name.startswith("record_"))
    values = {name: _plain(getattr(record, name)) for name in names}
    # An empty record does say something: that it is there.
    return {name: value for name, value in values.items() if value or isinstance(value, dict)}


def _plain(value: object) -> object:
    if isinstance(value, Record):
        return plain_record(value)
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()} or None
    return value


def differences(wanted: object, made: object, path: str = "") -> Iterator[str]:
    """What is not the same, field by field."""
    if isinstance(wanted, dict) and isinstance(made, dict):
        for key in [*wanted, *(key for key in made if key not in wanted)]:
            yield from differences(wanted.get(key), made.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(wanted, list) and isinstance(made, list):
        for index, (one, other) in enumerate(zip_longest(wanted, made)):
            yield from differences(one, other, f"{path}[{index}]")
    elif wanted != made:
        yield f"{path}: expected {wanted!r}, got {made!r}"
