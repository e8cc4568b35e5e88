"""The parts of an explanation: frozen, typed, and each one as a dictionary for JSON."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

from meshcore.explain.facts import SeenRequest
from meshcore.explain.quoting import quoted
from meshcore.model import FaultPolicy, Fraction, Origin, RetryPolicy, StringMatch

__all__ = [
    "Condition",
    "CorsJudged",
    "EndpointChosen",
    "Explain",
    "HeaderChange",
    "LimitAsked",
    "LimitTried",
    "ListenerChosen",
    "MirrorTried",
    "Overflow",
    "RouteTried",
    "SeenRequest",
    "SessionTried",
    "Share",
    "Split",
    "SubsetTried",
    "VirtualHostChosen",
]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that does not hold: ``str()`` gives 'header x-user: wanted exact "jason", got "eve"'."""

    kind: str  #: "path", "fraction", "grpc", "header", "query" or "cookie"
    name: str  #: of the header, parameter or cookie; "" for other kinds
    wanted: str  #: in words: 'exact "jason"', 'present', 'not prefix "a"'
    got: tuple[str, ...]  #: what the request has; (): nothing

    @property
    def subject(self) -> str:
        """What is compared: "header x-user", "path"; "method" for the pseudo header :method."""
        if self.kind == "header" and self.name.startswith(":"):
            return self.name[1:]
        return f"{self.kind} {self.name}".rstrip()

    @property
    def value(self) -> str:
        """What the request has, in words."""
        if self.kind == "fraction":
            return self.got[0]
        return " and ".join(quoted(value) for value in self.got) if self.got else "nothing"

    def __str__(self) -> str:
        return f"{self.subject}: wanted {self.wanted}, got {self.value}"


@dataclass(frozen=True, slots=True)
class RouteTried:
    """A route of the virtual host. ``failed`` is the first condition that does not hold, ``failures`` how
    many do not. Routes behind the winner are not tried by a decision; they are here to tell which of them
    would have matched (``failed`` None), so that a rule which never gets its turn is found."""

    number: int  #: its place in the virtual host, from 1
    name: str
    origin: Origin | None
    tried: bool
    winner: bool
    failed: Condition | None
    failures: int


@dataclass(frozen=True, slots=True)
class ListenerChosen:
    name: str
    port: int | None  #: None: any port that no other listener has
    tls: bool
    origin: Origin | None


@dataclass(frozen=True, slots=True)
class VirtualHostChosen:
    """The virtual host, the ``domain`` of it that matched ``host``, and how: "exact", "suffix" (``*x``),
    "prefix" (``x*``) or "any" (``*``). ``sends_to_https``: it has no plaintext, and ``https_origin`` is
    where that was written."""

    name: str
    domain: str
    how: str
    host: str
    origin: Origin | None
    sends_to_https: bool = False
    https_origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A destination of a split: it gets the places from ``start`` up to, not including, ``end``; or the keys
    for which its ``score`` is the highest (None: the choice was not by key)."""

    cluster: str
    weight: int
    start: int
    end: int
    chosen: bool
    origin: Origin | None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """How a split was decided: ``drawn`` modulo ``total`` is the ``place``, which lies in one share.

    ``by`` is "random" (the seed), "header" (a number in ``header``), "hash" (of the route's hash policy),
    "sticky" (the ``key`` of the request, found in ``key_in``) or "cookie" (the ``key`` of a cookie that the
    answer gives).
    By key the highest score wins, ``drawn`` is the key's hash, and there is no place.
    """

    by: str
    header: str
    drawn: int
    place: int
    total: int
    shares: tuple[Share, ...]
    key_in: str = ""  #: of a sticky split
    key: str | None = None


@dataclass(frozen=True, slots=True)
class SubsetTried:
    """A cluster's subset, where the cluster has any. Labels are (key, value), values as JSON where they are
    not texts.

    ``reason``: "matched" (the subset that the route ``asked`` for), "fewer keys" (a selector's KEYS_SUBSET),
    "selector" or "fallback" (what a selector or the cluster falls back to), "panic" (nor had that a host),
    "none".
    """

    asked: tuple[tuple[str, str], ...]  #: the route's metadata_match
    used: tuple[tuple[str, str], ...]  #: what the hosts have in common; (): all hosts
    reason: str


@dataclass(frozen=True, slots=True)
class SessionTried:
    """The session of a request, which its cookie or header of that name keeps.

    ``reason``: "kept" (the endpoint is the one that was ``asked`` for), "new" (the request asks for none, or
    its cookie is over), "unknown" (the cluster has none of that address), "unfit" (it has, but its health is
    none that sessions may use). ``strict``: no other endpoint will do.
    """

    kind: str  #: "cookie" or "header"
    name: str
    reason: str
    asked: str  #: an address, if the client is honest; "": nothing
    strict: bool


@dataclass(frozen=True, slots=True)
class EndpointChosen:
    """The endpoint that was picked; ``address`` None: there was none to pick."""

    address: str | None
    policy: str  #: that picked it, in words
    candidates: (
        int  #: how many endpoints the policy chose among: those of a priority, a locality, of good health
    )
    total: int  #: how many the cluster has
    priority: int | None  #: of the endpoint; 0 is used first
    #: Endpoints that are not healthy, by the documents or since they are ejected, and how they are.
    unwell: tuple[tuple[str, str], ...]
    origin: Origin | None
    subset: SubsetTried | None = None  #: None: the cluster has no subsets
    session: SessionTried | None = None  #: None: the request has no session
    dns: str = ""  #: the DNS name that the address is, or that it was looked up by


@dataclass(frozen=True, slots=True)
class Overflow:
    """The circuit breaker that refuses the request: so many are under way already as there may be."""

    priority: str  #: "default" or "high"
    max_requests: int
    adaptive: bool = False  #: it is the limit of adaptive concurrency as it stands now, for all priorities


@dataclass(frozen=True, slots=True)
class HeaderChange:
    """A header line before and after; ``before`` None: it is added, ``after`` None: it is removed."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class MirrorTried:
    """A copy of the request for ``cluster``, with the ``authority`` that it gets.

    ``sent`` False: a policy that makes no copy of this request; it takes a ``fraction`` of all requests
    (None: all of them, but this request or the cluster is none that copies are made for).
    """

    cluster: str
    authority: str | None
    sent: bool
    fraction: Fraction | None


@dataclass(frozen=True, slots=True)
class CorsJudged:
    """What the CORS policy makes of the request; ``origins`` are those that it allows.

    The ``verdict`` is "none" (no origin, or one that is not allowed), "allowed" (the answer gets CORS
    headers), "preflight" or "preflight_denied" (answered here).
    """

    verdict: str
    origins: tuple[StringMatch, ...]


@dataclass(frozen=True, slots=True)
class LimitTried:
    """What a local rate limit would make of the request now, by the bucket that decides; no token is taken.

    ``retry_after`` are the seconds until it would pass (None: never). ``enforced`` False, where it is not
    ``allowed``: it would be let through all the same.
    """

    filter: str
    rule: str
    descriptor: tuple[tuple[str, str], ...]
    allowed: bool
    enforced: bool
    limit: int
    remaining: int
    retry_after: float | None


@dataclass(frozen=True, slots=True)
class LimitAsked:
    """What a rate limit ``service`` (a cluster or an address) would be asked of the request."""

    filter: str
    service: str
    domain: str
    descriptors: tuple[tuple[tuple[str, str], ...], ...]


@dataclass(frozen=True, slots=True)
class Explain:
    """Why a request is decided as it is. ``print()`` it, or take it apart; ``to_dict()`` is for JSON.

    Of the decision itself: ``outcome`` ("forward", "redirect", "respond", "reject"), ``status``, ``flags``,
    ``details``, ``location``. ``seed`` repeats it: ``engine.decide(..., seed=explain.seed)``.
    """

    method: str
    target: str  #: path and query as they were given
    given_authority: str
    seed: int
    seen: SeenRequest | None  #: None: refused before any route was looked up
    outcome: str
    status: int | None
    flags: str
    details: str
    location: str | None
    listener: ListenerChosen | None
    virtual_host: VirtualHostChosen | None
    routes: tuple[RouteTried, ...]  #: of the virtual host, in order
    split: Split | None
    cluster: str | None
    cluster_origin: Origin | None
    endpoint: EndpointChosen | None
    overflow: Overflow | None
    path: str  #: path and query for the upstream
    authority: str  #: for the upstream
    timeout: float | None  #: seconds for the whole request; None: no limit
    retries: RetryPolicy | None
    fault: FaultPolicy | None
    delay: float  #: seconds that a fault makes it wait
    response_rate: int | None  #: bytes a second of the answer's body; None: no fault limits it
    mirrors: tuple[MirrorTried, ...]
    cors: CorsJudged | None
    limits: tuple[LimitTried, ...]  #: in the order of the filters
    rate_limits: tuple[LimitAsked, ...]
    request_changes: tuple[HeaderChange, ...]
    response_changes: tuple[HeaderChange, ...]
    nearest: tuple[str, ...]  #: where nothing matched: what came nearest, the nearest first

    @property
    def route(self) -> RouteTried | None:
        """The route that won, or None."""
        return next((route for route in self.routes if route.winner), None)

    @property
    def shadowed(self) -> tuple[RouteTried, ...]:
        """Routes behind the winner that match as well: this request never gets to them."""
        return tuple(route for route in self.routes if not route.tried and route.failed is None)

    def to_dict(self) -> dict[str, Any]:
        """All of it in dictionaries, lists, texts and numbers."""
        found: dict[str, Any] = _plain(self)
        route = self.route
        found["route"] = None if route is None else _plain(route)
        return found

    def __str__(self) -> str:
        from meshcore.explain.text import render

        return render(self)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value
