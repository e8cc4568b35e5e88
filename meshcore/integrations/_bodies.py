"""Bodies of requests that are read from a file, which can be sent again from where it was at first."""

from __future__ import annotations

from typing import Any

__all__ = ["position_of"]


def position_of(body: Any) -> int | None:
    """Where a file is, to be read once more from there; None: it is no file, or cannot be."""
    if not hasattr(body, "read"):
        return None
    try:
        seekable: bool = body.seekable() if hasattr(body, "seekable") else hasattr(body, "seek")
        position = body.tell() if seekable else None
    except (AttributeError, OSError, ValueError):  # it has no position, or is closed
        return None
    return position if isinstance(position, int) else None
