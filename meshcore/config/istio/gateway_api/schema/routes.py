"""``HTTPRoute`` and ``GRPCRoute``."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, ClassVar

from meshcore.config.istio.gateway_api.schema.common import BackendReference, ParentReference
from meshcore.config.istio.gateway_api.schema.filters import Filter
from meshcore.config.scalar_types import GoDuration, UInt32
from meshcore.config.schema import Meta, Partial, Record

__all__ = [
    "Backend",
    "Comparison",
    "GRPCMatch",
    "GRPCMethod",
    "GRPCRoute",
    "GRPCRule",
    "HTTPMatch",
    "HTTPRoute",
    "HTTPRule",
    "MatchType",
    "Method",
    "PathType",
    "Retry",
    "Route",
    "Rule",
    "Timeouts",
]

_NOT_BY_ISTIO = "Istio does not serve it on routes; a DestinationRule with consistentHash keeps sessions"


class MatchType(Enum):
    Exact = "exact"
    RegularExpression = "regex"


class PathType(Enum):
    Exact = "exact"
    PathPrefix = "prefix"
    RegularExpression = "regex"


class Method(Enum):
    GET = "GET"
    HEAD = "HEAD"
    POST = "POST"
    PUT = "PUT"
    DELETE = "DELETE"
    CONNECT = "CONNECT"
    OPTIONS = "OPTIONS"
    TRACE = "TRACE"
    PATCH = "PATCH"


class Path(Record):
    type: PathType = PathType.PathPrefix
    value: Annotated[str, Meta(max_length=1024)] = "/"


class Comparison(Record):
    """How a header or a query parameter is compared."""

    name: Annotated[str, Meta(min_length=1, max_length=256)]
    value: Annotated[str, Meta(min_length=1, max_length=4096)]
    type: MatchType = MatchType.Exact


class HTTPMatch(Record):
    path: Path | None = None
    headers: list[Comparison] = []
    query_params: list[Comparison] = []
    method: Method | None = None


class GRPCMethod(Record):
    type: MatchType = MatchType.Exact
    service: Annotated[str, Meta(max_length=1024)] | None = None
    method: Annotated[str, Meta(max_length=1024)] | None = None


class GRPCMatch(Record):
    method: GRPCMethod | None = None
    headers: list[Comparison] = []


class Backend(BackendReference):
    weight: Annotated[int, Meta(ge=0, le=1_000_000)] = 1
    filters: Annotated[list[Filter], Partial] = []


class Timeouts(Record):
    request: GoDuration | None = None
    backend_request: GoDuration | None = None


class Retry(Record):
    codes: list[UInt32] = []
    attempts: UInt32 | None = None
    backoff: GoDuration | None = None


class Rule(Record):
    """What the rules of both kinds of routes have."""

    __noted__: ClassVar[dict[str, str]] = {"session_persistence": _NOT_BY_ISTIO}

    name: str = ""
    filters: Annotated[list[Filter], Partial] = []
    backend_refs: Annotated[list[Backend], Partial] = []


class HTTPRule(Rule):
    matches: Annotated[list[HTTPMatch], Partial] = []
    timeouts: Timeouts | None = None
    retry: Retry | None = None


class GRPCRule(Rule):
    matches: Annotated[list[GRPCMatch], Partial] = []


class Route(Record):
    """What both kinds of routes have."""

    parent_refs: Annotated[list[ParentReference], Partial] = []
    hostnames: list[str] = []
    use_default_gateways: str = ""


class HTTPRoute(Route):
    rules: Annotated[list[HTTPRule], Partial] = []


class GRPCRoute(Route):
    rules: Annotated[list[GRPCRule], Partial] = []
