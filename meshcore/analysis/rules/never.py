"""Routes whose own conditions no request can meet."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.patterns import compiled
from meshcore.analysis.rules.conditions import excluded
from meshcore.analysis.rules.cover import plain_path
from meshcore.model import PathKind, PathMatch, RouteMatch, StringKind

__all__ = ["analyze"]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
_LITERAL = (PathKind.EXACT, PathKind.PREFIX, PathKind.SEPARATED_PREFIX)


def analyze(ctx: Context) -> None:
    for table in ctx.tables:
        for route in table.routes:
            # What a rule and its delegate both say of a header, the delegate says alone.
            why = _path(route.match.path) or (excluded(route.match) if route.whole else "")
            if why:
                ctx.report("MC1103", route.origin, f"never matches: {why}")
                continue
            method = _method(route.match)
            if method:
                ctx.report("MC1103", route.origin, method)


def _path(given: PathMatch) -> str:
    path = plain_path(given)
    text = path.value
    if path.kind in _LITERAL:
        for mark, what in (("?", "the query"), ("#", "the fragment")):
            if mark in text:
                return f"{what} is no part of the path that {text!r} is compared with"
    elif path.kind is PathKind.REGEX:
        regex = compiled(text)
        prefix = regex.literal_prefix if regex is not None else ""
        assert isinstance(prefix, str)
        text = prefix
    else:
        return ""
    # "OPTIONS *" is the one request whose path does not begin with a slash.
    if text and not text.startswith(("/", "*")):
        return f"paths begin with a slash, {given.value!r} does not"
    return ""


def _method(match: RouteMatch) -> str:
    """What is wrong with the spelling of a method. A client may send any, so that is no proof."""
    for condition in match.headers:
        if condition.name == ":method" and condition.string is not None and not condition.invert:
            text = condition.string.value
            exact = condition.string.kind is StringKind.EXACT and not condition.string.ignore_case
            usual = text.upper()
            if exact and text != usual and usual in _METHODS:
                return f"{text!r} matches no {usual} request: methods are compared with their case"
    return ""
