"""What the conditions of routes ask for, in words."""

from __future__ import annotations

from meshcore.explain.facts import Failure
from meshcore.explain.quoting import quoted
from meshcore.explain.routing import Condition
from meshcore.model import (
    CookieMatch,
    HeaderMatch,
    PathKind,
    PathMatch,
    QueryParameterMatch,
    RouteMatch,
    StringMatch,
)

__all__ = ["condition_of"]

_PATHS = {
    PathKind.EXACT: "exact",
    PathKind.PREFIX: "prefix",
    PathKind.SEPARATED_PREFIX: "whole segments",
    PathKind.REGEX: "regex",
    PathKind.TEMPLATE: "template",
}


def condition_of(match: RouteMatch, failure: Failure, seed: int) -> Condition:
    """The condition that failed, with what it wanted and what the request has."""
    kind, got = failure.kind, failure.values
    if kind == "header":
        header = match.headers[failure.index]
        return Condition(kind, header.name, _header(header), got)
    if kind == "query":
        parameter = match.query_parameters[failure.index]
        return Condition(kind, parameter.name, _query(parameter), got)
    if kind == "cookie":
        cookie = match.cookies[failure.index]
        return Condition(kind, cookie.name, _cookie(cookie), got)
    if kind == "fraction" and match.fraction is not None:
        numerator, denominator = match.fraction.numerator, match.fraction.denominator
        return Condition(kind, "", f"a number below {numerator} of {denominator}", (str(seed % denominator),))
    if kind == "grpc":
        return Condition(kind, "content-type", 'exact "application/grpc" or prefix "application/grpc+"', got)
    return Condition("path", "", _path(match.path), got)


def _string(match: StringMatch) -> str:
    return f"{match.kind.value} {quoted(match.value)}{' in any case' if match.ignore_case else ''}"


def _negated(words: str, invert: bool) -> str:
    return f"not {words}" if invert else words


def _header(header: HeaderMatch) -> str:
    if header.string is not None:
        words = _negated(_string(header.string), header.invert)
    elif header.range is not None:
        words = _negated(f"a number from {header.range.start} to {header.range.end - 1}", header.invert)
    else:
        words = "present" if header.present != header.invert else "absent"
    return f'{words} (missing counts as "")' if header.treat_missing_as_empty else words


def _query(parameter: QueryParameterMatch) -> str:
    if parameter.string is not None:
        return _string(parameter.string)
    return "present" if parameter.present else "absent"


def _cookie(cookie: CookieMatch) -> str:
    return _negated(_string(cookie.string), cookie.invert)


def _path(path: PathMatch) -> str:
    if path.kind is PathKind.CONNECT:
        return "a CONNECT request"
    return f"{_PATHS[path.kind]} {quoted(path.value)}{'' if path.case_sensitive else ' in any case'}"
