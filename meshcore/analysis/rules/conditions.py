"""Conditions on headers and parameters: when one follows from another, and when two exclude each other.

Everything here is proof: where it says no, the answer may still be yes.
"""

from __future__ import annotations

from dataclasses import replace

from meshcore.analysis.patterns import folded, full_match
from meshcore.model import HeaderMatch, QueryParameterMatch, RouteMatch, StringKind, StringMatch

__all__ = ["excluded", "follows"]

#: Headers of which a request has one line at most.
_SINGLE = frozenset({":method", ":authority", ":scheme", ":path"})


def follows(wider: RouteMatch, narrower: RouteMatch) -> bool:
    """Whether whatever meets the conditions of ``narrower`` (the path apart) meets those of ``wider``."""
    if wider.fraction is not None or (wider.grpc and not narrower.grpc):
        return False
    return (
        all(any(_header(it, wanted) for it in narrower.headers) for wanted in wider.headers)
        and all(
            any(_parameter(it, wanted) for it in narrower.query_parameters)
            for wanted in wider.query_parameters
        )
        and all(wanted in narrower.cookies for wanted in wider.cookies)
    )


def _header(given: HeaderMatch, wanted: HeaderMatch) -> bool:
    """Whether ``wanted`` holds wherever ``given`` does."""
    if given == wanted:
        return True
    if given.name != wanted.name or given.invert or wanted.invert:
        return False
    if wanted.present is True:
        return _must_be_there(given)
    if given.string is None or wanted.string is None:
        return False
    if given.treat_missing_as_empty and not wanted.treat_missing_as_empty:
        return False
    return _text(given.string, wanted.string)


def _must_be_there(match: HeaderMatch) -> bool:
    return not match.treat_missing_as_empty and (match.string is not None or match.range is not None)


def _parameter(given: QueryParameterMatch, wanted: QueryParameterMatch) -> bool:
    if given == wanted:
        return True
    if given.name != wanted.name or not wanted.present or not given.present:
        return False
    if wanted.string is None:
        return True
    return given.string is not None and _text(given.string, wanted.string)


def _text(given: StringMatch, wanted: StringMatch) -> bool:
    """Whether every text that ``given`` matches is one that ``wanted`` matches."""
    if given == wanted:
        return True
    known, asked = given.value, wanted.value
    if wanted.ignore_case:
        known, asked = folded(known), folded(asked)
    elif given.ignore_case:
        return False
    exact = given.kind is StringKind.EXACT
    match wanted.kind:
        case StringKind.EXACT:
            return exact and known == asked
        case StringKind.PREFIX:
            return (exact or given.kind is StringKind.PREFIX) and known.startswith(asked)
        case StringKind.SUFFIX:
            return (exact or given.kind is StringKind.SUFFIX) and known.endswith(asked)
        case StringKind.CONTAINS:
            return given.kind is not StringKind.REGEX and asked in known
        case StringKind.REGEX:
            return exact and not wanted.ignore_case and full_match(wanted.value, given.value)


def excluded(match: RouteMatch) -> str:
    """Why no request can meet all conditions on headers together; "" where one may."""
    by_name: dict[str, list[HeaderMatch]] = {}
    for condition in match.headers:
        by_name.setdefault(condition.name, []).append(condition)
    for name, conditions in by_name.items():
        wanted = [it for it in conditions if not it.invert]
        for unwanted in (replace(it, invert=False) for it in conditions if it.invert):
            if any(_header(it, _as_present(unwanted)) for it in wanted):
                return f"the header {name!r} must match, and must not"
        exact = [it.string for it in wanted if it.string and it.string.kind is StringKind.EXACT]
        ignore_case = any(it.ignore_case for it in exact)
        texts = {folded(it.value) if ignore_case else it.value for it in exact}
        if name in _SINGLE and len(texts) > 1:
            return f"{name!r} cannot be {' and '.join(repr(it) for it in sorted(texts))} at once"
    return ""


def _as_present(unwanted: HeaderMatch) -> HeaderMatch:
    """A condition that must not hold, as one that is there: missing headers are not the question."""
    return replace(unwanted, treat_missing_as_empty=False)
