"""What the core says of a request, in numbers and texts: the raw material of an explanation."""

from __future__ import annotations

from dataclasses import dataclass

from meshcore.model import VirtualHost

__all__ = ["CONDITIONS", "DOMAINS", "DRAWS", "SESSIONS", "SUBSETS", "Facts", "Failure", "SeenRequest"]

#: By the core's numbers: mc_condition_kind, mc_domain_kind, mc_draw_kind, mc_subset_reason,
#: mc_session_reason.
CONDITIONS = ("none", "path", "fraction", "grpc", "header", "query", "cookie")
DOMAINS = ("none", "exact", "suffix", "prefix", "any")
DRAWS = ("random", "header", "hash", "sticky", "cookie")
SUBSETS = ("none", "matched", "fewer keys", "selector", "fallback", "panic")
SESSIONS = ("new", "kept", "unknown", "unfit")


@dataclass(frozen=True, slots=True)
class Failure:
    """The first condition of a route that does not hold: the ``index``-th of its ``kind`` (CONDITIONS), the
    values that it compared (none where the request has none), and how many do not hold in all."""

    kind: str
    index: int
    count: int
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """The request as the matchers see it: normalised, and without the headers that are hidden from them."""

    method: str
    scheme: str
    authority: str
    path: str  #: without query
    query: str | None  #: without the question mark; None: there is none
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """The core's explanation. ``seen`` None: refused before any route was looked up.

    ``failures`` has an item for each of the virtual host's routes, those behind the winner included;
    None where every condition holds. ``route`` is the winner's place in it.
    """

    seen: SeenRequest | None
    host: str | None = None  #: what the virtual host was looked up by
    virtual_host: VirtualHost | None = None
    domain: str = "none"  #: one of DOMAINS
    domain_size: int = 0  #: of the domain that matched, without its star
    failures: tuple[Failure | None, ...] = ()
    route: int | None = None
    draw: str = "random"  #: one of DRAWS
    drawn: int = 0
    place: int = 0
    total: int = 0  #: of the weights; 0: there is no split
    choice: int | None = None
    key: str | None = None  #: of a sticky split: what was hashed
    scores: tuple[float, ...] = ()  #: of a sticky split's destinations; none where it has no key
