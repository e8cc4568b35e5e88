"""Match conditions: which of them hold for a client for good, and what is left to ask of each request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from meshcore.config.istio.names import MESH, gateway_name
from meshcore.config.istio.resources import same_labels
from meshcore.config.istio.schema.common import StringMatch
from meshcore.config.istio.schema.virtual_service import HTTPMatch
from meshcore.model import (
    HeaderMatch,
    PathKind,
    PathMatch,
    QueryParameterMatch,
    RouteMatch,
    StringKind,
)
from meshcore.model import StringMatch as Comparison

__all__ = ["Client", "comparison", "is_catch_all", "is_presence", "route_match"]

EVERYTHING = RouteMatch(PathMatch(PathKind.PREFIX, "/"))


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks: a sidecar's workload (``gateway`` is ``mesh``) or the workload of a gateway."""

    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)
    gateway: str = MESH

    def is_meant(self, match: HTTPMatch, namespace: str, port: int) -> bool:
        """Whether the conditions that no request can change hold.

        ``gateways`` decides alone where it is given; source labels and namespace count only without it.
        """
        if match.port and match.port != port:
            return False
        if match.gateways:
            return any(gateway_name(name, namespace) == self.gateway for name in match.gateways)
        if not same_labels(match.source_labels, self.labels):
            return False
        return not match.source_namespace or match.source_namespace == self.namespace


def is_presence(match: StringMatch) -> bool:
    """``{}`` and the special regex ``*``: the thing must be there, with any value."""
    return match.regex == "*" or (match.exact is None and match.prefix is None and match.regex is None)


def comparison(match: StringMatch) -> Comparison:
    """A comparison with a value; not for a presence test."""
    if match.exact is not None:
        return Comparison(StringKind.EXACT, match.exact)
    if match.prefix is not None:
        return Comparison(StringKind.PREFIX, match.prefix)
    return Comparison(StringKind.REGEX, match.regex or "")


def route_match(match: HTTPMatch | None, *, segments: bool = False) -> RouteMatch:
    """What is asked of each request; ``segments``: a prefix ends where a segment of the path does."""
    if match is None:
        return EVERYTHING
    headers = [_header(name, it) for name, it in match.headers.items()]
    headers += [_without(name, it) for name, it in match.without_headers.items()]
    headers.sort(key=lambda it: it.name)
    for name, it in ((":method", match.method), (":authority", match.authority), (":scheme", match.scheme)):
        if it is not None:
            headers.append(_header(name, it))
    return RouteMatch(
        _path(match, segments),
        headers=tuple(headers),
        query_parameters=tuple(_query(name, it) for name, it in match.query_params.items()),
    )


def is_catch_all(match: RouteMatch) -> bool:
    """Whether every request matches: nothing can come after it."""
    path = match.path
    everything = (path.kind is PathKind.PREFIX and path.value == "/") or (
        path.kind is PathKind.REGEX and path.value == ".*"
    )
    return everything and not match.headers and not match.query_parameters


def _path(match: HTTPMatch, segments: bool) -> PathMatch:
    uri, sensitive = match.uri, not match.ignore_uri_case
    if uri is None or (uri.exact is None and uri.prefix is None and uri.regex is None):
        return PathMatch(PathKind.PREFIX, "/", sensitive)
    if uri.exact is not None:
        return PathMatch(PathKind.EXACT, uri.exact, sensitive)
    if uri.prefix is not None:
        if segments and uri.prefix != "/":
            return PathMatch(PathKind.SEPARATED_PREFIX, uri.prefix.removesuffix("/"), sensitive)
        return PathMatch(PathKind.PREFIX, uri.prefix, sensitive)
    return PathMatch(PathKind.REGEX, uri.regex or "")


def _header(name: str, match: StringMatch) -> HeaderMatch:
    name = _header_name(name)
    if is_presence(match):
        return HeaderMatch(name, present=True)
    return HeaderMatch(name, comparison(match))


def _without(name: str, match: StringMatch) -> HeaderMatch:
    """The inverse: a missing header counts as an empty value, which then must not match."""
    name = _header_name(name)
    if is_presence(match):
        return HeaderMatch(name, present=True, invert=True)
    return HeaderMatch(name, comparison(match), invert=True, treat_missing_as_empty=True)


def _header_name(name: str) -> str:
    # A request carries its host in :authority, whatever the client called it.
    name = name.lower()
    return ":authority" if name == "host" else name


def _query(name: str, match: StringMatch) -> QueryParameterMatch:
    if is_presence(match):
        return QueryParameterMatch(name)
    return QueryParameterMatch(name, comparison(match))
