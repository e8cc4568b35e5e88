"""The engine: one call decides, one call reports."""

from collections.abc import Callable, Iterable
from enum import Enum
from types import TracebackType
from typing import Any

from meshcore._types import Headers
from meshcore.explain import Explain
from meshcore.membership import GivenEndpoint
from meshcore.model import Config, Route

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
    def delay(self) -> float: ...
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

class Engine:
    """Decides by a configuration. Thread-safe; one engine serves a whole process."""

    def __init__(self, config: Config, *, clock: Callable[[], float] | None = None) -> None:
        """Compile ``config``. ``clock`` gives seconds and never goes back; None: the machine's.

        Raises:
            ValueError: for a model that cannot be served; what load() returns always can.
        """
    @property
    def config(self) -> Config:
        """The configuration in force."""
    def decide(
        self,
        method: str | bytes,
        authority: str | bytes | None,
        path: str | bytes,
        headers: Headers = (),
        *,
        scheme: str | bytes = "http",
        source: str | None = None,
        source_port: int = 0,
        local: str | None = None,
        port: int | None = None,
        protocol: str = "HTTP/1.1",
        now_ns: int | None = None,
        seed: int | None = None,
    ) -> Decision:
        """Decide one request.

        Args:
            method: as received; compared with case.
            authority: the request's authority; None: taken from a ``host`` header.
            path: the request target as received (query included; absolute form and ``*`` are understood).
            headers: all header lines. str is taken as UTF-8.
            scheme: of the connection, "http" or "https".
            source: IP address of the direct peer.
            local: IP address that the connection came to.
            port: port that the connection came to; chooses the listener.
            now_ns: the time, in nanoseconds of any monotonic clock; read once where not given.
            seed: 64 random bits that make every random choice of this decision; drawn where not given.

        Traffic outcomes (no route, no healthy upstream, a bad path) are values, never exceptions.
        """
    def explain(
        self,
        method: str | bytes,
        authority: str | bytes | None,
        path: str | bytes,
        headers: Headers = (),
        *,
        scheme: str | bytes = "http",
        source: str | None = None,
        source_port: int = 0,
        local: str | None = None,
        port: int | None = None,
        protocol: str = "HTTP/1.1",
        now_ns: int | None = None,
        seed: int | None = None,
    ) -> Explain:
        """Why ``decide()``, with the same arguments, decides as it does; ``print()`` the result.

        It only looks: no endpoint is leased, no turn of a load balancer moves on. It walks over all routes
        of the virtual host and is not for the hot path; deciding costs nothing more for its being there.
        """
    def swap(self, config: Config) -> None:
        """Serve ``config`` from now on; runtime state is kept.

        Decisions under way keep what they were made from. If ``config`` cannot be compiled, raises
        ValueError and goes on serving the old one.
        """
    def report_load(
        self,
        cluster: str,
        endpoint: str,
        *,
        qps: float,
        utilization: float,
        eps: float = 0.0,
        now_ns: int | None = None,
    ) -> None:
        """Tell the load of an endpoint, which client-side weighted round robin weighs it by: requests and
        errors a second, and how much of what it can bear it bears (1: all). Other policies ignore it.

        Raises:
            ValueError: for a cluster or an endpoint that is not in the configuration.
        """
    def update_endpoints(self, cluster: str, endpoints: Iterable[GivenEndpoint]) -> None:
        """Serve a cluster with these endpoints and no others from now on; from any thread.

        Routes and other clusters are not touched, no request waits, and what is known of an endpoint (its
        requests under way, its health) is kept by its address. Decisions under way keep their endpoints. An
        address that the cluster knows already keeps its locality, labels, health and weight.

        ``engine.config`` says what is served. A later ``swap(config)`` serves the endpoints that ``config``
        has: to keep these, swap a config made of ``engine.config``, or update again.

        Args:
            cluster: its name.
            endpoints: ``"10.0.0.7:9080"``, ``("10.0.0.7:9080", weight)``, ``meshcore.model.Endpoint`` or
                ``LocalityEndpoints``, in any mixture. Without any, requests get UH.

        Raises:
            KeyError: where there is no such cluster.
            TypeError, ValueError: for what is no endpoint, an address that is given twice, a weight that is
                not from 1 to 4,294,967,295. The endpoints stay as they were.
        """
    def set_health(self, cluster: str, endpoint: str, healthy: bool) -> None:
        """Say that an endpoint is not healthy, as a health check of one's own found; from any thread.

        It then counts as unhealthy whatever its configuration says, through swaps and updates that leave it
        in, until it is called healthy again: then the configuration's word holds. Nothing else changes.

        Raises:
            KeyError: where there is no such cluster or endpoint.
        """
    def clusters(self) -> list[dict[str, Any]]:
        """Name, endpoints and their active requests, for admin pages."""
