"""Matchers (``envoy.type.matcher.v3`` and those of ``envoy.config.route.v3``)."""

from __future__ import annotations

from typing import Annotated

from meshcore.config.envoy.schema.base import (
    Empty,
    HeaderName,
    HeaderText,
    NonEmpty,
    RuntimeFractionalPercent,
    TypedExtensionConfig,
)
from meshcore.config.scalar_types import Check, Int64, UInt32
from meshcore.config.schema import Meta, OneOf, Record

__all__ = [
    "CookieMatcher",
    "HeaderMatcher",
    "Int64Range",
    "QueryParameterMatcher",
    "RegexMatchAndSubstitute",
    "RegexMatcher",
    "RouteMatch",
    "StringMatcher",
]


class GoogleRe2(Record):
    max_program_size: UInt32 | None = None


class RegexMatcher(Record):
    regex: NonEmpty
    google_re2: GoogleRe2 | None = None


class RegexMatchAndSubstitute(Record):
    pattern: RegexMatcher
    substitution: HeaderText = ""


class StringMatcher(Record):
    __oneofs__ = (OneOf("match_pattern", ("exact", "prefix", "suffix", "safe_regex", "contains"), True),)
    __unsupported__ = {"custom": ""}

    exact: str | None = None
    prefix: NonEmpty | None = None
    suffix: NonEmpty | None = None
    safe_regex: RegexMatcher | None = None
    contains: NonEmpty | None = None
    ignore_case: bool = False


class Int64Range(Record):
    start: Int64 = 0
    end: Int64 = 0


class HeaderMatcher(Record):
    __oneofs__ = (
        OneOf(
            "header_match_specifier",
            (
                "exact_match",
                "safe_regex_match",
                "range_match",
                "present_match",
                "prefix_match",
                "suffix_match",
                "contains_match",
                "string_match",
            ),
        ),
    )

    name: HeaderName
    exact_match: str | None = None
    safe_regex_match: RegexMatcher | None = None
    range_match: Int64Range | None = None
    present_match: bool | None = None
    prefix_match: NonEmpty | None = None
    suffix_match: NonEmpty | None = None
    contains_match: NonEmpty | None = None
    string_match: StringMatcher | None = None
    invert_match: bool = False
    treat_missing_header_as_empty: bool = False


class QueryParameterMatcher(Record):
    __oneofs__ = (OneOf("query_parameter_match_specifier", ("string_match", "present_match")),)

    name: Annotated[NonEmpty, Meta(max_length=1024)]
    string_match: StringMatcher | None = None
    present_match: bool | None = None


class CookieMatcher(Record):
    name: Annotated[NonEmpty, Meta(max_length=1024)]
    string_match: StringMatcher
    invert_match: bool = False


def _is_separated_prefix(value: str) -> bool:
    return len(value) > 1 and not set("?#") & set(value) and not value.endswith("/")


class RouteMatch(Record):
    __oneofs__ = (
        OneOf(
            "path_specifier",
            ("prefix", "path", "safe_regex", "path_separated_prefix", "path_match_policy", "connect_matcher"),
            True,
        ),
    )
    __unsupported__ = {"tls_context": "", "dynamic_metadata": "", "filter_state": ""}

    prefix: str | None = None
    path: str | None = None
    safe_regex: RegexMatcher | None = None
    path_separated_prefix: (
        Annotated[str, Check(_is_separated_prefix, "a prefix without '?', '#' and a slash at its end")] | None
    ) = None
    path_match_policy: TypedExtensionConfig | None = None
    connect_matcher: Empty | None = None
    case_sensitive: bool = True
    runtime_fraction: RuntimeFractionalPercent | None = None
    headers: list[HeaderMatcher] = []
    query_parameters: list[QueryParameterMatcher] = []
    cookies: list[CookieMatcher] = []
    grpc: Empty | None = None
