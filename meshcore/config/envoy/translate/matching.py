"""Matchers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from meshcore.config.envoy.schema import matching as schema
from meshcore.config.envoy.schema.base import NonEmpty
from meshcore.config.envoy.translate.context import Context
from meshcore.config.findings import quoted
from meshcore.config.patterns import regex_error, template_error
from meshcore.config.schema import Meta, Record, path_of
from meshcore.model import (
    CookieMatch,
    HeaderMatch,
    PathKind,
    PathMatch,
    QueryParameterMatch,
    RangeMatch,
    RegexRewrite,
    RouteMatch,
    StringKind,
    StringMatch,
)

__all__ = [
    "header_match",
    "header_matches",
    "query_match",
    "regex",
    "regex_rewrite",
    "route_match",
    "string_match",
]


class UriTemplateMatchConfig(Record):
    """``envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig``."""

    path_template: Annotated[NonEmpty, Meta(max_length=256)]


_PATH_POLICIES = {
    "envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig": UriTemplateMatchConfig,
}


def regex(context: Context, matcher: schema.RegexMatcher) -> str:
    """The pattern, reported if we cannot serve it."""
    problem = regex_error(matcher.regex)
    if problem:
        context.error(matcher, "regex", f"not a regex that RE2 and we accept: {problem}")
    return matcher.regex


def regex_rewrite(context: Context, rewrite: schema.RegexMatchAndSubstitute) -> RegexRewrite:
    return RegexRewrite(regex(context, rewrite.pattern), rewrite.substitution)


def string_match(context: Context, matcher: schema.StringMatcher) -> StringMatch:
    if matcher.safe_regex is not None:
        if matcher.ignore_case:
            context.error(matcher, "ignore_case", "has no effect on safe_regex; write (?i) in the regex")
        return StringMatch(StringKind.REGEX, regex(context, matcher.safe_regex))
    for kind, value in (
        (StringKind.EXACT, matcher.exact),
        (StringKind.PREFIX, matcher.prefix),
        (StringKind.SUFFIX, matcher.suffix),
        (StringKind.CONTAINS, matcher.contains),
    ):
        if value is not None:
            return StringMatch(kind, value, matcher.ignore_case)
    raise AssertionError("the schema requires one of them")


def header_match(context: Context, matcher: schema.HeaderMatcher) -> HeaderMatch:
    """A header matcher; without a specifier it asks for presence."""
    string: StringMatch | None = None
    interval: RangeMatch | None = None
    present: bool | None = None
    if matcher.string_match is not None:
        string = string_match(context, matcher.string_match)
    elif matcher.safe_regex_match is not None:
        string = StringMatch(StringKind.REGEX, regex(context, matcher.safe_regex_match))
    elif matcher.exact_match is not None:
        string = StringMatch(StringKind.EXACT, matcher.exact_match)
    elif matcher.prefix_match is not None:
        string = StringMatch(StringKind.PREFIX, matcher.prefix_match)
    elif matcher.suffix_match is not None:
        string = StringMatch(StringKind.SUFFIX, matcher.suffix_match)
    elif matcher.contains_match is not None:
        string = StringMatch(StringKind.CONTAINS, matcher.contains_match)
    elif matcher.range_match is not None:
        interval = RangeMatch(matcher.range_match.start, matcher.range_match.end)
    else:
        present = matcher.present_match is not False
    return HeaderMatch(
        matcher.name.lower(),
        string=string,
        range=interval,
        present=present,
        invert=matcher.invert_match,
        treat_missing_as_empty=matcher.treat_missing_header_as_empty,
    )


def header_matches(context: Context, matchers: Sequence[schema.HeaderMatcher]) -> tuple[HeaderMatch, ...]:
    return tuple(header_match(context, matcher) for matcher in matchers)


def query_match(context: Context, matcher: schema.QueryParameterMatcher) -> QueryParameterMatch:
    if matcher.string_match is not None:
        return QueryParameterMatch(matcher.name, string_match(context, matcher.string_match))
    return QueryParameterMatch(matcher.name, present=matcher.present_match is not False)


def _path(context: Context, match: schema.RouteMatch, plain: bool) -> PathMatch:
    sensitive = match.case_sensitive
    if match.prefix is not None:
        return PathMatch(PathKind.PREFIX, match.prefix, sensitive, plain)
    if match.path is not None:
        return PathMatch(PathKind.EXACT, match.path, sensitive, plain)
    if match.path_separated_prefix is not None:
        return PathMatch(PathKind.SEPARATED_PREFIX, match.path_separated_prefix, sensitive, plain)
    if match.safe_regex is not None:
        return PathMatch(PathKind.REGEX, regex(context, match.safe_regex), sensitive, plain)
    if match.path_match_policy is not None:
        policy = match.path_match_policy
        _, config = context.decode_typed(policy.typed_config, path_of(policy, "typed_config"), _PATH_POLICIES)
        if config is None:
            return PathMatch(PathKind.TEMPLATE, "/")
        problem = template_error(config.path_template)
        if problem:
            context.error(
                config, "path_template", f"not a path template: {problem}", found=quoted(config.path_template)
            )
        return PathMatch(PathKind.TEMPLATE, config.path_template, sensitive, plain)
    return PathMatch(PathKind.CONNECT, "", sensitive, plain)


def route_match(context: Context, match: schema.RouteMatch, ignore_parameters: bool) -> RouteMatch:
    """The conditions of a route; ``ignore_parameters``: those of the path's segments are not compared."""
    return RouteMatch(
        _path(context, match, ignore_parameters),
        headers=header_matches(context, match.headers),
        query_parameters=tuple(query_match(context, matcher) for matcher in match.query_parameters),
        cookies=tuple(
            CookieMatch(cookie.name, string_match(context, cookie.string_match), cookie.invert_match)
            for cookie in match.cookies
        ),
        fraction=(
            context.runtime.fraction(match.runtime_fraction) if match.runtime_fraction is not None else None
        ),
        grpc=match.grpc is not None,
    )
