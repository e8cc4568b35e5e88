"""What the conditions of routes ask for, in words."""

from __future__ import annotations

from meshcore.explain.facts import Failure
from meshcore.explain.quoting import quoted
from meshcore.explain.routing import Condition
from meshcore.match import Regex
from meshcore.model import (
    CookieMatch,
    HeaderMatch,
    PathKind,
    PathMatch,
    QueryParameterMatch,
    RouteMatch,
    StringKind,
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
#: How paths are compared as other texts are.
_COMPARED = {
    PathKind.EXACT: StringKind.EXACT,
    PathKind.PREFIX: StringKind.PREFIX,
    PathKind.REGEX: StringKind.REGEX,
}


def condition_of(match: RouteMatch, failure: Failure, seed: int) -> Condition:
    """The condition that failed, with what it wanted and what the request has."""
    kind, got = failure.kind, failure.values
    if kind == "header":
        header = match.headers[failure.index]
        but_case = not header.invert and _holds_but_case(header.string, got)
        return Condition(kind, header.name, _header(header), got, but_case)
    if kind == "query":
        parameter = match.query_parameters[failure.index]
        return Condition(kind, parameter.name, _query(parameter), got, _holds_but_case(parameter.string, got))
    if kind == "cookie":
        cookie = match.cookies[failure.index]
        but_case = not cookie.invert and _holds_but_case(cookie.string, got)
        return Condition(kind, cookie.name, _cookie(cookie), got, but_case)
    if kind == "fraction" and match.fraction is not None:
        numerator, denominator = match.fraction.numerator, match.fraction.denominator
        return Condition(kind, "", f"a number below {numerator} of {denominator}", (str(seed % denominator),))
    if kind == "grpc":
        return Condition(kind, "content-type", 'exact "application/grpc" or prefix "application/grpc+"', got)
    return Condition("path", "", _path(match.path), got, _path_holds_but_case(match.path, got))


def _path_holds_but_case(path: PathMatch, got: tuple[str, ...]) -> bool:
    """Whether a path that does not match would in another case."""
    if not got or not path.case_sensitive:
        return False
    if path.kind is PathKind.SEPARATED_PREFIX:
        given, prefix = got[0].lower(), path.value.lower()
        return given == prefix or given.startswith(f"{prefix}/")
    kind = _COMPARED.get(path.kind)
    return kind is not None and _holds_but_case(StringMatch(kind, path.value), got)


def _holds_but_case(match: StringMatch | None, got: tuple[str, ...]) -> bool:
    """Whether a text that does not match would in another case."""
    if match is None or match.ignore_case or len(got) != 1:
        return False
    if match.kind is StringKind.REGEX:
        return Regex(f"(?i:{match.value})").full_match(got[0])
    wanted, given = match.value.lower(), got[0].lower()
    if match.kind is StringKind.EXACT:
        return given == wanted
    if match.kind is StringKind.PREFIX:
        return given.startswith(wanted)
    return given.endswith(wanted) if match.kind is StringKind.SUFFIX else wanted in given


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
