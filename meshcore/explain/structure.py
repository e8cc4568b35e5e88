"""An explanation: frozen, typed, and as a dictionary for JSON. Its parts are in routing.py and serving.py."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

from meshcore.explain.facts import SeenRequest
from meshcore.explain.routing import (
    Condition,
    ListenerChosen,
    RouteTried,
    Share,
    Split,
    VirtualHostChosen,
    is_of_unknown_hosts,
)
from meshcore.explain.serving import (
    CorsJudged,
    EndpointChosen,
    HeaderChange,
    LimitAsked,
    LimitTried,
    MirrorTried,
    Overflow,
    SessionTried,
    SubsetTried,
)
from meshcore.model import FaultPolicy, Origin, RetryPolicy

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

    @property
    def unknown_host(self) -> bool:
        """No document makes the host known at this port. What becomes of such requests is Istio's
        ``outboundTrafficPolicy``: they go past the mesh, or are answered by 502."""
        return self.virtual_host is not None and is_of_unknown_hosts(self.virtual_host.name)

    @property
    def answer(self) -> tuple[str, ...]:
        """What becomes of the request, in the words of the text."""
        from meshcore.explain.effects import answer
        from meshcore.ink import Ink

        return tuple(answer(self, Ink()))

    def to_dict(self) -> dict[str, Any]:
        """All of it in dictionaries, lists, texts and numbers."""
        found: dict[str, Any] = _plain(self)
        route = self.route
        found["route"] = None if route is None else _plain(route)
        found["unknown_host"] = self.unknown_host
        found["answer"] = list(self.answer)
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
