"""Finds an earlier route that takes every request which a later one asks for.

Paths are looked up rather than compared: each prefix of a path is one step, whatever the number of
routes. Among routes of the same path a bounded number is compared, so the cost stays linear; what is
not compared is not reported.
"""

from __future__ import annotations

from meshcore.analysis.asked import Asked
from meshcore.analysis.patterns import compiled, folded, full_match, plain_form
from meshcore.analysis.rules.conditions import follows
from meshcore.model import PathKind, PathMatch

__all__ = ["CoverIndex", "plain_path"]

#: So many routes of one path, and so many regexes, are compared with a later route.
MANY = 64


def plain_path(path: PathMatch) -> PathMatch:
    """The path match, as a prefix or an exact path where its regex comes down to one."""
    if path.kind is not PathKind.REGEX:
        return path
    form = plain_form(path.value)
    if form is None:
        return path
    text, more = form
    return PathMatch(PathKind.PREFIX if more else PathKind.EXACT, text)


class CoverIndex:
    """Routes in the order in which they are tried."""

    def __init__(self) -> None:
        self._exact: dict[tuple[str, bool], list[Asked]] = {}
        self._prefix: dict[tuple[str, bool], list[Asked]] = {}
        self._separated: dict[tuple[str, bool], list[Asked]] = {}
        self._same: dict[tuple[PathKind, str], list[Asked]] = {}
        self._regexes: list[Asked] = []
        self._tables = {
            PathKind.EXACT: self._exact,
            PathKind.PREFIX: self._prefix,
            PathKind.SEPARATED_PREFIX: self._separated,
        }

    def add(self, route: Asked) -> None:
        """Add the route that is tried after those before."""
        if route.match.fraction is not None or not route.whole:
            return  # a part of the requests goes on to the next route
        path = plain_path(route.match.path)
        table = self._tables.get(path.kind)
        if table is not None:
            table.setdefault(_key(path.value, path.case_sensitive), []).append(route)
            return
        self._same.setdefault((path.kind, path.value), []).append(route)
        if path.kind is PathKind.REGEX:
            self._regexes.append(route)

    def find(self, route: Asked) -> Asked | None:
        """A route that takes every request which this one asks for, if one is known."""
        path = plain_path(route.match.path)
        for candidates in self._candidates(path):
            for candidate in candidates[:MANY]:
                if candidate.fixed not in ((), route.fixed):
                    continue
                if follows(candidate.match, route.match):
                    return candidate
        return None

    def _candidates(self, path: PathMatch) -> list[list[Asked]]:
        """Routes whose path takes all of this path's requests, in groups."""
        text = path.value
        found: list[list[Asked]] = []
        if path.kind is PathKind.REGEX:
            regex = compiled(text)
            prefix = regex.literal_prefix if regex is not None else ""
            assert isinstance(prefix, str)
            text = prefix if prefix.startswith("/") else "/"  # as all paths begin
        elif path.kind is PathKind.TEMPLATE:
            text = "/"
        same = self._same.get((path.kind, path.value))
        if same:
            found.append(same)
        if path.kind is PathKind.CONNECT:
            return found
        modes = (True, False) if path.case_sensitive else (False,)
        for sensitive in modes:
            for end in range(len(text) + 1):
                self._collect(found, self._prefix, text[:end], sensitive)
                if end < len(text) and text[end] == "/":
                    self._collect(found, self._separated, text[:end], sensitive)
            if path.kind is PathKind.EXACT:
                self._collect(found, self._exact, text, sensitive)
            if path.kind in (PathKind.EXACT, PathKind.SEPARATED_PREFIX):
                self._collect(found, self._separated, text, sensitive)
        if path.kind is PathKind.EXACT and path.case_sensitive:
            found += [[it] for it in self._regexes[:MANY] if full_match(it.match.path.value, path.value)]
        return found

    @staticmethod
    def _collect(
        found: list[list[Asked]], table: dict[tuple[str, bool], list[Asked]], text: str, sensitive: bool
    ) -> None:
        routes = table.get(_key(text, sensitive))
        if routes:
            found.append(routes)


def _key(text: str, sensitive: bool) -> tuple[str, bool]:
    return (text if sensitive else folded(text), sensitive)
