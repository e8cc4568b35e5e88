"""The parts of an explanation that tell where a request goes: listener, virtual host, routes, split."""

from __future__ import annotations

from dataclasses import dataclass

from meshcore.explain.quoting import quoted
from meshcore.model import Origin

__all__ = [
    "Condition",
    "ListenerChosen",
    "RouteTried",
    "Share",
    "Split",
    "VirtualHostChosen",
    "is_of_unknown_hosts",
]

#: Istio's virtual hosts for hosts that nobody knows, by the mode of ``outboundTrafficPolicy``.
_UNKNOWN_HOSTS = ("allow_any", "block_all")


def is_of_unknown_hosts(name: str) -> bool:
    """Whether requests come to a virtual host because no document makes their host known."""
    return name in _UNKNOWN_HOSTS


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that does not hold: ``str()`` gives 'header x-user: wanted exact "jason", got "eve"'."""

    kind: str  #: "path", "fraction", "grpc", "header", "query" or "cookie"
    name: str  #: of the header, parameter or cookie; "" for other kinds
    wanted: str  #: in words: 'exact "jason"', 'present', 'not prefix "a"'
    got: tuple[str, ...]  #: what the request has; (): nothing
    but_case: bool = False  #: it would hold if case did not count

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
