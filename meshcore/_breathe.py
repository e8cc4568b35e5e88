"""A breath for other threads."""

from __future__ import annotations

__all__ = ["breathe"]


def breathe() -> None:
    """To be called now and then by compiled loops: where Python code begins, a thread that has waited for
    its turn gets it. (Giving up the interpreter for a moment would not do: the thread that wakes up comes
    too late to take it, and its time of waiting begins anew.)
    """
