"""What a route asks of a request (Envoy v3 ``RouteMatch`` and its matchers)."""

from __future__ import annotations

from enum import Enum

from meshcore.model._dataclass import dataclass

__all__ = [
    "CookieMatch",
    "Fraction",
    "HeaderMatch",
    "PathKind",
    "PathMatch",
    "QueryParameterMatch",
    "RangeMatch",
    "RouteMatch",
    "StringKind",
    "StringMatch",
]


class StringKind(Enum):
    """How a pattern is compared with a value."""

    EXACT = "exact"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    CONTAINS = "contains"
    REGEX = "regex"


@dataclass(frozen=True, slots=True)
class StringMatch:
    """Envoy's ``StringMatcher``. A regex must match the whole value; ``ignore_case`` folds ASCII only."""

    kind: StringKind
    value: str
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class RangeMatch:
    """An integer in the half-open range [start, end)."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """Envoy's ``HeaderMatcher``; ``name`` is lower-case.

    Exactly one of ``string``, ``range`` and ``present`` is set; ``present`` says whether the
    header must be there (True) or absent (False). Repeated lines match one by one: any of them may
    match; ``invert`` negates that "any".
    """

    name: str
    string: StringMatch | None = None
    range: RangeMatch | None = None
    present: bool | None = None
    invert: bool = False
    treat_missing_as_empty: bool = False


@dataclass(frozen=True, slots=True)
class QueryParameterMatch:
    """Envoy's ``QueryParameterMatcher``: compares the first raw (undecoded) value.

    ``string`` None means that the parameter must be present (``present`` True) or absent (False).
    """

    name: str
    string: StringMatch | None = None
    present: bool = True


@dataclass(frozen=True, slots=True)
class CookieMatch:
    """Envoy's ``CookieMatcher``: compares the first cookie of that name, quotes stripped."""

    name: str
    string: StringMatch
    invert: bool = False


@dataclass(frozen=True, slots=True)
class Fraction:
    """``numerator`` of ``denominator`` (100, 10_000 or 1_000_000) requests; runtime keys are resolved."""

    numerator: int
    denominator: int = 100


class PathKind(Enum):
    """How the path (without query and fragment) is compared."""

    EXACT = "path"
    PREFIX = "prefix"
    SEPARATED_PREFIX = "path_separated_prefix"
    REGEX = "safe_regex"
    TEMPLATE = "path_template"
    CONNECT = "connect_matcher"


@dataclass(frozen=True, slots=True)
class PathMatch:
    """The path specifier of a route. ``case_sensitive`` has no effect on REGEX, TEMPLATE and CONNECT.

    ``ignore_parameters``: ";a=b" in a segment of the path is not compared, but with TEMPLATE. All routes of a
    table have the same.
    """

    kind: PathKind
    value: str = ""
    case_sensitive: bool = True
    ignore_parameters: bool = False


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """All conditions of a route; every one must hold."""

    path: PathMatch
    headers: tuple[HeaderMatch, ...] = ()
    query_parameters: tuple[QueryParameterMatch, ...] = ()
    cookies: tuple[CookieMatch, ...] = ()
    fraction: Fraction | None = None
    grpc: bool = False
