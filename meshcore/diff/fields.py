"""How two objects of the model differ, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

__all__ = ["FieldChange", "differing_fields", "shown"]

_LONGEST = 100


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field: its path in the model, and both values in words."""

    path: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.path}: {self.old} -> {self.new}"


def differing_fields(old: object, new: object, path: str = "") -> Iterator[FieldChange]:
    """The innermost fields in which two objects differ; where something was written does not count."""
    if old == new:
        return
    if is_dataclass(old) and type(old) is type(new):
        for field in fields(old):
            if field.compare:
                inner = f"{path}.{field.name}" if path else field.name
                yield from differing_fields(getattr(old, field.name), getattr(new, field.name), inner)
    elif isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new) and _records(old, new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from differing_fields(before, after, f"{path}[{index}]")
    else:
        yield FieldChange(path, shown(old), shown(new))


def _records(old: tuple[Any, ...], new: tuple[Any, ...]) -> bool:
    return all(is_dataclass(it) for it in (*old, *new))


def shown(value: object) -> str:
    """A value in words: what is set of a record, the items of a list."""
    text = _words(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _words(value: object) -> str:
    if value is None or value == () or value == "":
        return "none"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bytes):
        return repr(value.decode("utf-8", "backslashreplace"))
    if isinstance(value, tuple):
        return ", ".join(map(_words, value))
    if is_dataclass(value) and not isinstance(value, type):
        set_fields = [(it.name, getattr(value, it.name)) for it in fields(value) if it.compare]
        inner = " ".join(
            f"{name}={_words(part)}" for name, part in set_fields if part not in (None, (), "", False)
        )
        return f"{type(value).__name__}({inner})"
    return f"{value:g}" if isinstance(value, float) else str(value)
