"""Texts of requests as they may be shown: they come from whoever sent the request."""

from __future__ import annotations

from meshcore.model.printable import printable

__all__ = ["quoted"]


def quoted(text: str) -> str:
    """The text in quotes, on one line, with nothing in it that a terminal would act upon."""
    return f'"{printable(text)}"'
