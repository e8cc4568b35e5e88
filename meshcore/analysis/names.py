"""Lists of names in messages."""

from __future__ import annotations

from collections.abc import Collection

__all__ = ["some"]

#: So many names are written out; more are counted.
FEW = 5


def some(names: Collection[str]) -> str:
    """The names with commas between; of many, the first and how many more there are."""
    shown = list(names)[:FEW]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
