"""The files of Envoy's ``router_check_tool``.

After ``test/tools/router_check/validation.proto``: the fields have its names, and an empty text means that
there must be no such thing. As in the tool, headers are looked at after rewrites and header edits, and
``virtual_cluster_name`` is found from these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from meshcore.check.case import Case, Expectation
from meshcore.check.exchange import Request, Response
from meshcore.check.seen import Seen
from meshcore.config.envoy.schema.matching import HeaderMatcher
from meshcore.config.envoy.translate.context import Context
from meshcore.config.envoy.translate.matching import header_match
from meshcore.config.findings import Findings, quoted
from meshcore.config.scalar_types import UInt32, UInt64
from meshcore.config.schema import Meta, Record, decode, error_at, origin_of
from meshcore.config.tree import MappingNode
from meshcore.engine import Outcome
from meshcore.match import RouteTable
from meshcore.model import (
    DirectResponse,
    HeaderMatch,
    PathKind,
    PathMatch,
    Route,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)

__all__ = ["read_router_check"]

_Text = Annotated[str, Meta(min_length=1)]


class HeaderValue(Record):
    key: _Text
    value: str = ""


class Input(Record):
    """``ValidationInput``."""

    authority: _Text
    path: _Text
    method: Annotated[str, Meta(min_length=3)]
    random_value: UInt64 = 0
    ssl: bool = False
    internal: bool = False
    additional_request_headers: list[HeaderValue] = []
    additional_response_headers: list[HeaderValue] = []
    runtime: str = ""


class Assert(Record):
    """``ValidationAssert``."""

    cluster_name: str | None = None
    virtual_cluster_name: str | None = None
    virtual_host_name: str | None = None
    host_rewrite: str | None = None
    path_rewrite: str | None = None
    path_redirect: str | None = None
    code_redirect: UInt32 | None = None
    request_header_fields: list[HeaderValue] = []
    response_header_fields: list[HeaderValue] = []
    request_header_matches: list[HeaderMatcher] = []
    response_header_matches: list[HeaderMatcher] = []


class Item(Record):
    """``ValidationItem``."""

    test_name: _Text
    input: Input
    validate: Assert


class Validation(Record):
    """A file."""

    tests: Annotated[list[Item], Meta(min_length=1)]


def read_router_check(root: MappingNode, findings: Findings) -> list[Case] | None:
    """The tests of a file; None with findings."""
    file = decode(root, Validation, findings)
    return None if file is None else [_case(item, findings) for item in file.tests]


def _case(item: Item, findings: Findings) -> Case:
    given = item.input
    scheme = "https" if given.ssl else "http"
    headers = [("x-forwarded-proto", scheme)]
    if given.internal:
        headers.append(("x-envoy-internal", "true"))
    headers += [(header.key, header.value) for header in given.additional_request_headers]
    expectations = _expectations(item.validate, findings)
    if not expectations:
        error_at(findings, item, "validate", "nothing is expected, so the test could not fail")
    return Case(
        item.test_name,
        origin_of(item),
        (Request(given.path, given.authority, given.method, tuple(headers), scheme),),
        expectations,
        response=Response(
            headers=tuple((header.key, header.value) for header in given.additional_response_headers)
        ),
        seed=given.random_value,
        runtime=given.runtime,
    )


def _expectations(wanted: Assert, findings: Findings) -> tuple[Expectation, ...]:
    found: list[Expectation] = [
        Part(name, str(getattr(wanted, name)), read)
        for name, read in _PARTS.items()
        if getattr(wanted, name) is not None
    ]
    context = Context(findings)
    for request, fields, matches in (
        (True, wanted.request_header_fields, wanted.request_header_matches),
        (False, wanted.response_header_fields, wanted.response_header_matches),
    ):
        found += [FirstLine(request, header.key.lower(), header.value) for header in fields]
        found += [Matcher(request, header_match(context, matcher)) for matcher in matches]
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the route; "" means none."""

    name: str
    wanted: str
    reader: Callable[[Seen], str]

    def difference(self, seen: Seen) -> str | None:
        got = self.reader(seen)
        if got == self.wanted:
            return None
        return f"{self.name}: expected {quoted(self.wanted)}, got {quoted(got)}"


@dataclass(frozen=True, slots=True)
class FirstLine:
    """The first line of a header; "" means none."""

    request: bool
    name: str
    wanted: str

    def difference(self, seen: Seen) -> str | None:
        lines = seen.request_header(self.name) if self.request else seen.response_header(self.name)
        got = lines[0] if lines else ""
        if got == self.wanted:
            return None
        what = "request" if self.request else "response"
        return f"{what} header {self.name}: expected {quoted(self.wanted)}, got {quoted(got)}"


@dataclass(frozen=True, slots=True)
class Matcher:
    """A header matcher of Envoy's, asked of the edited headers."""

    request: bool
    match: HeaderMatch

    def difference(self, seen: Seen) -> str | None:
        lines = seen.request_lines() if self.request else seen.response_lines()
        if _first_match([("it", (self.match,))], seen, lines) is not None:
            return None
        name = self.match.name
        got = ", ".join(quoted(value) for key, value in lines if key == name) or "none"
        what = "request" if self.request else "response"
        return f"{what} header {name}: does not match, got {got}"


def _first_match(
    rules: list[tuple[str, tuple[HeaderMatch, ...]]], seen: Seen, lines: list[tuple[str, str]]
) -> str | None:
    """The name of the first rule whose matchers hold: a route table's matchers, so Envoy's."""
    any_path = PathMatch(PathKind.PREFIX, "")
    routes = tuple(
        Route(RouteMatch(any_path, headers=headers), DirectResponse(200), name=name)
        for name, headers in rules
    )
    table = RouteTable(RouteConfiguration(virtual_hosts=(VirtualHost("headers", ("*",), routes),)))
    decision = seen.decision
    return table.match(decision.method, decision.authority, decision.path, lines)


def _forwarded(name: str) -> Callable[[Seen], str]:
    """A part that only requests have which go on to a cluster."""
    return lambda seen: (seen.read(name) or "") if seen.decision.cluster is not None else ""


def _virtual_cluster(seen: Seen) -> str:
    host = seen.virtual_host if seen.decision.cluster is not None else None
    if host is None or not host.virtual_clusters:
        return ""
    rules = [(cluster.name, cluster.headers) for cluster in host.virtual_clusters]
    return _first_match(rules, seen, seen.request_lines()) or "other"


def _location(seen: Seen) -> str:
    """Where a redirect leads; as the tool sees it, a direct response leads to the request itself."""
    decision = seen.decision
    if decision.outcome is Outcome.RESPOND:
        return f"{seen.scheme}://{decision.authority}{decision.path}"
    return decision.location or ""


def _code(seen: Seen) -> str:
    answered = seen.decision.outcome in (Outcome.REDIRECT, Outcome.RESPOND)
    return str(seen.decision.status if answered else 0)


_PARTS: dict[str, Callable[[Seen], str]] = {
    "cluster_name": _forwarded("cluster"),
    "virtual_cluster_name": _virtual_cluster,
    "virtual_host_name": _forwarded("virtual_host"),
    "host_rewrite": _forwarded("authority"),
    "path_rewrite": _forwarded("path"),
    "path_redirect": _location,
    "code_redirect": _code,
}
