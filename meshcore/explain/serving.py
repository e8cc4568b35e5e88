"""The parts of an explanation that tell what becomes of a request: endpoint, copies, limits, headers."""

from __future__ import annotations

from dataclasses import dataclass

from meshcore.model import Fraction, Origin, StringMatch

__all__ = [
    "CorsJudged",
    "EndpointChosen",
    "HeaderChange",
    "LimitAsked",
    "LimitTried",
    "MirrorTried",
    "Overflow",
    "SessionTried",
    "SubsetTried",
]


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
    unresolved: bool = False  #: the cluster has none, since none of its DNS names has an address


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
