"""From the model's routes to the core's specs, as _spec.pyx has it for Cython."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from meshcore._cffi._core import ffi, lib
from meshcore._cffi.text import slice_of
from meshcore.model import (
    CookieMatch,
    HeaderMatch,
    PathKind,
    QueryParameterMatch,
    Route,
    RouteConfiguration,
    StringKind,
    StringMatch,
)

__all__ = ["Specs"]

STRINGS = {
    StringKind.EXACT: lib.MC_STRING_EXACT,
    StringKind.PREFIX: lib.MC_STRING_PREFIX,
    StringKind.SUFFIX: lib.MC_STRING_SUFFIX,
    StringKind.CONTAINS: lib.MC_STRING_CONTAINS,
    StringKind.REGEX: lib.MC_STRING_REGEX,
}
PATHS = {
    PathKind.EXACT: lib.MC_PATH_EXACT,
    PathKind.PREFIX: lib.MC_PATH_PREFIX,
    PathKind.SEPARATED_PREFIX: lib.MC_PATH_SEPARATED_PREFIX,
    PathKind.REGEX: lib.MC_PATH_REGEX,
    PathKind.TEMPLATE: lib.MC_PATH_TEMPLATE,
    PathKind.CONNECT: lib.MC_PATH_CONNECT,
}


class Specs:
    """Fills specs and owns all that they point to: it must live until the build is over."""

    def __init__(self) -> None:
        self._alive: list[Any] = []

    def array(self, kind: str, count: int) -> Any:
        """Zeros."""
        made = ffi.new(f"{kind}[]", count)
        self._alive.append(made)
        return made

    def text(self, out: Any, value: str) -> None:
        slice_of(out, value, self._alive)

    def routes(self, routes: Sequence[Route]) -> Any:
        out = self.array("mc_route_spec", len(routes))
        for i, route in enumerate(routes):
            self._route(out[i], route)
        return out

    def domains(self, table: RouteConfiguration, numbers: Mapping[int, int]) -> Any:
        """``numbers``: of the virtual hosts, by the object's id."""
        names = [(name, numbers[id(host)]) for host in table.virtual_hosts for name in host.domains]
        out = self.array("mc_domains_spec", 1)
        out[0].domains = specs = self.array("mc_domain_spec", len(names))
        for i, (name, number) in enumerate(names):
            self.text(specs[i].name, name)
            specs[i].virtual_host = number
        out[0].domain_count = len(names)
        out[0].ignore_port = table.ignore_port_in_host_matching
        if table.vhost_header:
            self.text(out[0].header, table.vhost_header.lower())
        return out

    def _route(self, out: Any, route: Route) -> None:
        match = route.match
        out.path_kind = PATHS[match.path.kind]
        out.case_sensitive = match.path.case_sensitive
        out.ignore_parameters = match.path.ignore_parameters
        self.text(out.path, match.path.value)
        out.grpc = match.grpc
        if match.fraction is not None:
            out.numerator, out.denominator = match.fraction.numerator, match.fraction.denominator
        out.headers = headers = self.array("mc_header_match_spec", len(match.headers))
        for i, header in enumerate(match.headers):
            self._header(headers[i], header)
        out.header_count = len(match.headers)
        out.queries = queries = self.array("mc_query_match_spec", len(match.query_parameters))
        for i, query in enumerate(match.query_parameters):
            self._query(queries[i], query)
        out.query_count = len(match.query_parameters)
        out.cookies = cookies = self.array("mc_cookie_match_spec", len(match.cookies))
        for i, cookie in enumerate(match.cookies):
            self._cookie(cookies[i], cookie)
        out.cookie_count = len(match.cookies)

    def _string(self, out: Any, match: StringMatch) -> None:
        out.kind = STRINGS[match.kind]
        out.ignore_case = match.ignore_case
        self.text(out.value, match.value)

    def _header(self, out: Any, match: HeaderMatch) -> None:
        self.text(out.name, match.name)
        if match.string is not None:
            out.test = lib.MC_TEST_STRING
            self._string(out.string, match.string)
        elif match.range is not None:
            out.test = lib.MC_TEST_RANGE
            out.start, out.end = match.range.start, match.range.end
        else:
            out.test = lib.MC_TEST_PRESENT
            out.present = match.present is not False
        out.invert = match.invert
        out.missing_as_empty = match.treat_missing_as_empty

    def _query(self, out: Any, match: QueryParameterMatch) -> None:
        self.text(out.name, match.name)
        out.test = lib.MC_TEST_PRESENT if match.string is None else lib.MC_TEST_STRING
        if match.string is not None:
            self._string(out.string, match.string)
        out.present = match.present

    def _cookie(self, out: Any, match: CookieMatch) -> None:
        self.text(out.name, match.name)
        self._string(out.string, match.string)
        out.invert = match.invert
