"""What was meant by a name that is wrong: of a field, a cluster, an argument."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["did_you_mean", "few", "mistaken_call", "similar"]

#: Names that are compared letter by letter, and names that are told.
_COMPARED = 1000
_SHOWN = 3


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """``"; did you mean 'timeout'?"`` where a known name is near, else ``""``."""
    names = list(known)
    near = difflib.get_close_matches(wrong, names, n=1, cutoff=0.6)
    if not near:
        folded = {name.replace("_", "").lower(): name for name in names}
        exact = folded.get(wrong.replace("_", "").replace("-", "").lower())
        near = [exact] if exact else []
    return f"; did you mean {near[0]!r}?" if near else ""


def similar(name: object, clusters: Sequence[str]) -> str:
    """Likewise of clusters: the one of whose name it is a part (the service, of Istio's), or near to one.

    Near to the whole of it counts, too.
    """
    if not isinstance(name, str):
        return ""
    by_part: dict[str, str] = {}
    for cluster in clusters:
        for part in re.split("[|.]", cluster):
            by_part.setdefault(part, cluster)
    meant = by_part.get(name)
    if meant is None and len(clusters) <= _COMPARED:
        near = difflib.get_close_matches(name, (*clusters, *by_part), n=1, cutoff=0.6)
        meant = by_part.get(near[0], near[0]) if near else None
    return "" if meant is None else f"; did you mean {meant!r}?"


def few(names: Sequence[str]) -> str:
    """Some of the names that there are: "'a', 'b', 'c' and 2 more", or "none"."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(map(repr, names[:_SHOWN])) or "none") + more


def mistaken_call(kind: type, given: tuple[Any, ...], named: dict[str, Any]) -> str:
    """What is wrong with the arguments of ``kind(*given, **named)``, in words; "": it takes such.

    Cython's own errors speak of ``__cinit__()``, of whatever class.
    """
    import inspect

    try:
        parameters = inspect.signature(kind).parameters
    except ValueError:  # it has no docstring
        return ""
    places = [it.name for it in parameters.values() if it.kind is not it.KEYWORD_ONLY]
    needed = [it.name for it in parameters.values() if it.default is it.empty]
    called = f"{kind.__name__}()"
    for name in named:
        if name not in parameters:
            near = did_you_mean(name, parameters) or f"; it takes {', '.join(parameters)}"
            return f"{called} got an unexpected keyword argument {name!r}{near}"
        if name in places[: len(given)]:
            return f"{called} got multiple values for argument {name!r}"
    if len(given) > len(places):
        were = "was" if len(given) == 1 else "were"
        return f"{called} takes {_arguments(len(places))} but {len(given)} {were} given"
    missing = [repr(name) for name in needed if name not in named and name not in places[: len(given)]]
    if missing:
        return f"{called} missing {_arguments(len(missing), 'required ')}: {' and '.join(missing)}"
    return ""


def _arguments(count: int, which: str = "") -> str:
    return f"{count} {which}positional argument{'' if count == 1 else 's'}"
