"""What happens to header lines, told by comparing those before with those after."""

from __future__ import annotations

from collections.abc import Iterable

from meshcore.explain.serving import HeaderChange
from meshcore.model import AppendAction, HeaderEdits

__all__ = ["UPSTREAM", "header_changes", "sample_response"]

Lines = Iterable[tuple[str, str]]

#: Stands for a value that the upstream's answer would have.
UPSTREAM = "(the upstream's)"


def header_changes(before: Lines, after: Lines) -> tuple[HeaderChange, ...]:
    """Lines that were added, removed or got another value, by name; ``host`` is not a header here."""
    old, new = _by_name(before), _by_name(after)
    changes = []
    for name in {**old, **new}:
        gone, made = old.get(name, []), new.get(name, [])
        for value in list(gone):
            if value in made:
                gone.remove(value)
                made.remove(value)
        for at in range(max(len(gone), len(made))):
            changes.append(
                HeaderChange(name, gone[at] if at < len(gone) else None, made[at] if at < len(made) else None)
            )
    return tuple(changes)


def sample_response(edits: Iterable[HeaderEdits]) -> list[tuple[str, str]]:
    """An upstream's answer in which the edits find what they remove or overwrite: UPSTREAM for each."""
    overwriting = (AppendAction.OVERWRITE_IF_EXISTS, AppendAction.OVERWRITE_IF_EXISTS_OR_ADD)
    names: dict[str, str] = {}
    for level in edits:
        names.update((name.lower(), UPSTREAM) for name in level.response_remove)
        names.update((header.name, UPSTREAM) for header in level.response_add if header.action in overwriting)
    return list(names.items())


def _by_name(lines: Lines) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in lines:
        if name.lower() != "host":
            found.setdefault(name.lower(), []).append(value)
    return found
