"""Types that several public signatures share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

__all__ = ["Headers"]

#: Header lines: ASGI's pairs, a mapping (dict, multidict), or pairs of str; names in any case.
Headers: TypeAlias = (
    "Iterable[tuple[bytes, bytes]] | Iterable[tuple[str, str]] | Mapping[str, str] | Mapping[bytes, bytes]"
)
