"""Decisions: what the engine decided for one request, and its life until it is closed."""

from enum import Enum
from types import TracebackType
from typing import Any, Literal

from meshcore._types import Headers
from meshcore.explain import Explain
from meshcore.model import Route

__all__ = ["Decision", "Mirror", "Outcome"]

class Outcome(Enum):
    """What to do with the request."""

    FORWARD = "forward"  #: send it to ``Decision.endpoint``
    REDIRECT = "redirect"  #: answer ``status`` with ``location``
    RESPOND = "respond"  #: answer ``status`` with ``body``: the route says so, or CORS does
    REJECT = "reject"  #: answer ``status`` with ``body``: it cannot be served; see ``flags``, ``details``

class Decision:
    """What the engine decided for one request. Close it (or use ``with``) when the request is over."""

    @property
    def outcome(self) -> Outcome: ...
    @property
    def listener(self) -> str | None:
        """Name of the listener whose route table was asked."""
    @property
    def virtual_host(self) -> str | None: ...
    @property
    def route(self) -> str | None:
        """Name of the matched route ("" where it has none); None where no route matched."""
    @property
    def route_entry(self) -> Route | None:
        """The matched route of the model, with its origin, timeout, retries, faults and mirrors."""
    @property
    def cluster(self) -> str | None: ...
    @property
    def endpoint(self) -> str | None:
        """``address:port`` to send to; None unless the outcome is FORWARD."""
    @property
    def status(self) -> int | None:
        """HTTP status of our own answer; None when forwarding."""
    @property
    def location(self) -> str | None: ...
    @property
    def body(self) -> bytes:
        """Body of our own answer."""
    @property
    def flags(self) -> str:
        """Envoy's response flags ("NR", "NC", "UH", ...), comma-separated; "" where there is none."""
    @property
    def details(self) -> str:
        """Envoy's response code details, e.g. "route_not_found"; "" when forwarding."""
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str:
        """Path and query that the upstream must see, after normalisation and rewrites."""
    @property
    def authority(self) -> str:
        """The authority (host header) that the upstream must see."""
    @property
    def timeout(self) -> float | None:
        """Seconds for the whole request; None: no limit."""
    @property
    def priority(self) -> Literal["default", "high"]:
        """The route's priority, by which the cluster's circuit breakers count the request."""
    @property
    def delay(self) -> float:
        """Seconds to wait before anything else is done, sending and answering alike; 0: none.

        An injected fault. What follows is decided already: whether the request is aborted, and its endpoint,
        which counts it as active from now on. docs/faults.md has the whole.
        """
    def end_delay(self) -> None:
        """Tell that the delay is over: one that was all that the fault did no longer counts for
        ``max_active_faults``. May be left out: ``close()`` does as much."""
    @property
    def response_rate(self) -> int | None:
        """Bytes of the answer's body to send in a second, at most; None: no limit. An injected fault."""
    @property
    def mirrors(self) -> tuple[Mirror, ...]:
        """The copies of the request to send to other clusters, in the order of the mirror policies.

        Each policy draws from the decision's seed by itself. Without a FORWARD there are none.
        """
    def request_headers(self, headers: Headers | None = None) -> Any:
        """The header lines to send upstream.

        Without an argument, the headers that ``decide()`` saw. Comes back in the shape that came in:
        a list of pairs (bytes or str, as given) for an iterable, the same type for a mapping.
        The ``host`` line is left out: send ``authority``. Other headers change nothing that is decided.

        Raises:
            ValueError: nothing goes upstream, or a request with other headers could not be sent.
        """
    def response_headers(self, headers: Headers | None = None, *, status: int | None = None) -> Any:
        """The header lines to answer with: the upstream's, edited, or those of our own answer.

        ``headers`` are the upstream's (None for our own answer) and ``status`` its status code.
        """
    def report(
        self,
        *,
        status: int | None = None,
        headers: Headers | None = None,
        error: str | None = None,
        latency: float | None = None,
        now_ns: int | None = None,
    ) -> None:
        """Tell how the attempt went. Retries are not decided yet: the answer is always None.

        ``latency`` is the seconds from the request to the head of the answer, for peak EWMA; ``headers``
        are the answer's, whose ``endpoint-load-metrics`` client-side weighted round robin reads. ``now_ns``
        stands for the engine's clock.
        """
    def explain(self) -> Explain:
        """Why it was decided so; the same as ``Engine.explain`` for this request and its seed, at any time
        and whatever has been swapped since."""
    def close(self) -> None:
        """Release the lease on the endpoint. May be called again; only the first call counts."""
    def __enter__(self) -> Decision: ...
    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

class Mirror:
    """A copy of a request, for another cluster: it has the method, ``path`` and body of its decision. The
    answer to it is to be ignored."""

    @property
    def cluster(self) -> str:
        """The cluster that the copy goes to."""
    @property
    def authority(self) -> str:
        """The copy's authority: with ``-shadow`` at the end of the host, unless that is turned off."""
    def request_headers(self) -> Any:
        """The copy's header lines, in the shape that the request's came in, without ``host``.

        Those of the request as the upstream gets it, edited as the mirror policy says, with the marks that
        Envoy gives a copy: ``x-envoy-internal`` and the own address in ``x-forwarded-for``.
        """
