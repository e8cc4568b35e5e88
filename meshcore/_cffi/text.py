"""Texts, header lines and errors on their way to the core and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from meshcore._cffi._core import ffi, lib

__all__ = ["as_bytes", "header_pairs", "raise_error", "slice_of"]


def as_bytes(value: object) -> bytes:
    """A str as UTF-8 (surrogate escapes become the bytes that they stand for), or bytes as they are."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise TypeError(f"expected str or bytes, not {type(value).__name__}")
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")


def slice_of(out: Any, value: object, alive: list[Any]) -> None:
    """Points an ``mc_slice`` at a text; ``alive`` must outlive it."""
    buffer = ffi.from_buffer("char[]", as_bytes(value))
    alive.append(buffer)
    out.data = buffer
    out.size = len(buffer)


def header_pairs(headers: Any) -> list[tuple[object, object]]:
    """Header lines in any of the shapes that users have: pairs, a mapping, a multidict."""
    if type(headers) is not dict:
        # httpx and Starlette keep the lines as they came; their items() join or fold them.
        raw = getattr(headers, "raw", None)
        if isinstance(raw, (list, tuple)):
            return _pairs(raw)
    items = getattr(headers, "items", None)
    return _pairs(headers if items is None else items())


def _pairs(lines: Iterable[Any]) -> list[tuple[object, object]]:
    pairs = [tuple(line) for line in lines]
    for pair in pairs:
        if len(pair) != 2:
            raise ValueError(f"a header line is a pair of name and value, not {pair!r}")
    return pairs


def raise_error(error: Any) -> None:
    """Raises what an ``mc_error`` says: MemoryError or ValueError."""
    if error.code == lib.MC_NO_MEMORY:
        raise MemoryError
    raise ValueError(ffi.string(error.message).decode("utf-8", "replace"))
