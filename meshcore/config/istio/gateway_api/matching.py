"""Matches of routes to match blocks of a VirtualService."""

from __future__ import annotations

from collections.abc import Iterable

from meshcore.config.istio.gateway_api.schema import routes as api
from meshcore.config.istio.schema.common import StringMatch
from meshcore.config.istio.schema.virtual_service import HTTPMatch
from meshcore.config.schema import Record

__all__ = ["grpc_match", "http_match", "precedence"]

_DEFAULT_PATH = api.Path()


def http_match(match: api.HTTPMatch) -> HTTPMatch:
    """Path, headers, query parameters and method; without a path everything below ``/``."""
    method = match.method
    return HTTPMatch(
        uri=_path(match, match.path or _DEFAULT_PATH),
        headers=_comparisons(match.headers),
        query_params=_comparisons(match.query_params),
        method=_string(match, "exact", method.value) if method else None,
        record_node=match.record_node,
        record_path=match.record_path,
    )


def _path(match: api.HTTPMatch, path: api.Path) -> StringMatch:
    value = path.value
    if path.type is api.PathType.PathPrefix and value != "/":
        # By segments: /foo/ and /foo mean the same.
        value = value.removesuffix("/")
    return _string(match if path is _DEFAULT_PATH else path, path.type.value, value)


def grpc_match(match: api.GRPCMatch) -> HTTPMatch:
    """A method is the path ``/service/method``."""
    return HTTPMatch(
        uri=_method(match.method) if match.method else None,
        headers=_comparisons(match.headers),
        record_node=match.record_node,
        record_path=match.record_path,
    )


def _method(given: api.GRPCMethod) -> StringMatch:
    exact = given.type is api.MatchType.Exact
    if given.method is None:
        prefix = f"/{given.service}/"
        return _string(given, "prefix", prefix) if exact else _string(given, "regex", f"{prefix}.+")
    if given.service is None:
        return _string(given, "regex", f"/[^/]+/{given.method}")
    return _string(given, "exact" if exact else "regex", f"/{given.service}/{given.method}")


def _comparisons(given: Iterable[api.Comparison]) -> dict[str, StringMatch]:
    return {it.name: _string(it, it.type.value, it.value) for it in given}


def _string(record: Record, kind: str, value: str) -> StringMatch:
    match = StringMatch(record_node=record.record_node, record_path=record.record_path)
    setattr(match, kind, value)
    return match


_RANKS = ("regex", "prefix", "exact")


def precedence(match: HTTPMatch | None) -> tuple[int, int, int, int, int, int]:
    """The order of matches of one host, smallest first; equals keep the order of their routes.

    An exact path comes before a prefix and a prefix before a regex, then a longer one, then one
    with a method, then more headers, then more query parameters; no match comes last
    (``HTTPRouteRule.matches`` in the Gateway API's specification, as Istio reads it).
    """
    if match is None:
        return (1, 0, 0, 0, 0, 0)
    rank, text = -1, ""
    for number, kind in enumerate(_RANKS):
        value = getattr(match.uri, kind) if match.uri is not None else None
        if value is not None:
            rank, text = number, value
    return (
        0,
        -rank,
        -len(text.encode()),
        match.method is None,
        -len(match.headers),
        -len(match.query_params),
    )
