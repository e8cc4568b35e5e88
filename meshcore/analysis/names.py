"""Lists of names in messages."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from itertools import islice

__all__ = ["some"]

#: So many names are written out.
FEW = 5


def some(names: Iterable[str]) -> str:
    """The names with commas between; of many the first only, and that there are more.

    Only the first names of an iterator are made, so that n messages over n names stay linear.
    """
    if isinstance(names, Sized):
        shown = list(islice(names, FEW))
        more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    else:
        shown = list(islice(names, FEW + 1))
        more = " and more" if len(shown) > FEW else ""
    return ", ".join(shown[:FEW]) + more
