"""Drive the engine through recorded requests: the part of a proxy that a replay needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from meshcore.engine import Decision, Engine, Outcome
from meshcore.replay.attempts import Forwarded, forward
from meshcore.replay.upstream import Pairs, Upstream, encode_headers

__all__ = ["LISTENER_PORT", "Client", "Clock", "Observation"]

#: The port that replayed connections come to; recordings name it only by a placeholder.
LISTENER_PORT = 10000
LOOPBACK = "127.0.0.1"

_KIND_BY_DETAILS = {
    "route_not_found": "no_route",
    "cluster_not_found": "cluster_not_found",
    "no_healthy_upstream": "no_healthy_upstream",
    "local_rate_limited": "rate_limited",
    "fault_filter_abort": "fault_abort",
}
#: Redirects that the connection manager makes by itself are told apart from those of a route.
_CODEC_DETAILS = frozenset({"path_normalization_failed"})
_NANOSECONDS = 1_000_000_000


@dataclass(slots=True)
class Observation:
    """What came of one request, in the vocabulary of the recordings."""

    kind: str
    status: int | None
    details: str
    route: str | None
    cluster: str | None
    endpoint: str | None = None
    path: str = ""
    authority: str = ""
    method: str = ""
    sent: Pairs = field(default_factory=list)
    received: Pairs = field(default_factory=list)
    response: Pairs = field(default_factory=list)
    location: str | None = None
    body: bytes = b""
    attempts: tuple[str, ...] = ()
    timeout: float | None = None
    seconds: float = 0.0

    @property
    def step(self) -> str:
        """How a recorded ``sequence`` names this request."""
        return self.endpoint if self.kind == "forward" and self.endpoint else self.kind


@dataclass(slots=True)
class Exchange:
    """A request whose decision is made and whose answer is still to come."""

    decision: Decision
    sent: Pairs
    head: bool


class Clock:
    """The time of a replay, which only sleeping moves on; in seconds, as an engine asks."""

    def __init__(self) -> None:
        self.now_ns = 1000 * _NANOSECONDS

    def __call__(self) -> float:
        return self.now_ns / _NANOSECONDS


class Client:
    """Sends recorded requests to one engine, on its clock and a source of chance of its own."""

    def __init__(self, engine: Engine, seed: str, clock: Clock, port: int = LISTENER_PORT) -> None:
        self._engine = engine
        self._random = Random(seed)
        self._clock = clock
        self._port = port

    def sleep(self, seconds: float) -> None:
        self._clock.now_ns += round(seconds * _NANOSECONDS)

    def send(self, request: Mapping[str, Any], upstream: Upstream) -> Observation:
        """One request from its decision to its answer; the clock advances by what it takes."""
        exchange = self.start(request)
        observed = self.finish(exchange, upstream)
        self.sleep(observed.seconds)
        return observed

    def start(self, request: Mapping[str, Any]) -> Exchange:
        """Decide a request and leave it open."""
        method = request.get("method", "GET")
        headers = encode_headers(request.get("headers") or ())
        body = request.get("body") or ""
        if body and not any(name.lower() == b"content-length" for name, _ in headers):
            headers.append((b"content-length", b"%d" % len(body.encode())))
        authority = request.get("authority")
        decision = self._engine.decide(
            method.encode(),
            None if authority is None else authority.encode(),
            request.get("path", "/").encode(),
            headers,
            scheme=request.get("scheme", "http"),
            source=request.get("source_ip") or LOOPBACK,
            source_port=40000,
            local=LOOPBACK,
            port=self._port,
            now_ns=self._clock.now_ns,
            seed=self._random.getrandbits(64),
        )
        return Exchange(decision, headers, head=method == "HEAD")

    def finish(self, exchange: Exchange, upstream: Upstream) -> Observation:
        """Let the upstream answer, and close the decision."""
        with exchange.decision as decision:
            observed = _observe(exchange)
            if decision.outcome is Outcome.FORWARD:
                _account(observed, decision, forward(decision, upstream, self._clock.now_ns))
            if decision.outcome is not Outcome.FORWARD:
                observed.response = list(decision.response_headers())
                observed.body = b"" if exchange.head else decision.body
        return observed


def _observe(exchange: Exchange) -> Observation:
    decision = exchange.decision
    return Observation(
        kind=_kind(decision),
        status=decision.status,
        details=decision.details,
        route=decision.route,
        cluster=decision.cluster,
        endpoint=decision.endpoint,
        path=decision.path or decision.authority,  # what stands in its place in a CONNECT
        authority=decision.authority,
        method=decision.method,
        sent=exchange.sent,
        location=decision.location,
        timeout=decision.timeout,
        seconds=decision.delay,
    )


def _kind(decision: Decision) -> str:
    if decision.outcome is Outcome.FORWARD:
        return "forward"
    if decision.outcome is Outcome.RESPOND and decision.details != "cors_response":
        return "redirect" if (decision.status or 0) // 100 == 3 else "direct_response"
    if decision.outcome is Outcome.REDIRECT and decision.details not in _CODEC_DETAILS:
        return "redirect"
    return _KIND_BY_DETAILS.get(decision.details, "local_reply")


def _account(observed: Observation, decision: Decision, came: Forwarded) -> None:
    """Account for what the attempts came to."""
    observed.seconds += came.seconds
    observed.received = came.received
    observed.attempts = tuple(attempt.endpoint for attempt in decision.attempts)
    observed.endpoint = decision.endpoint
    if came.answer is None:
        observed.kind = "local_reply"
        observed.status = decision.status
        observed.details = decision.details
        return
    observed.status = came.answer.status
    observed.response = list(decision.response_headers(came.answer.headers, status=came.answer.status))
