"""Hints at what was meant by a name that there is not."""

from __future__ import annotations

from collections.abc import Collection

from meshcore.config.findings import did_you_mean

__all__ = ["Hints"]

#: How many names are compared in all. A search for a near name costs as much as there are names, and a mesh
#: with thousands of wrong names needs none of them explained.
BUDGET = 50_000


class Hints:
    """Searches for near names, as long as that stays cheap."""

    def __init__(self) -> None:
        self._left = BUDGET

    def near(self, wrong: str, known: Collection[str]) -> str:
        """``"; did you mean 'x'?"``, or "" where nothing is near or the search would cost too much."""
        if len(known) > self._left:
            return ""
        self._left -= len(known)
        return did_you_mean(wrong, known)
