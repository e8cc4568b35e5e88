"""Decisions: what the engine decided for one request, and its life until it is closed."""

from collections.abc import Iterable
from enum import Enum
from types import TracebackType
from typing import Any, Literal

from meshcore._mirror import Mirror
from meshcore._types import Headers
from meshcore.explain import Explain
from meshcore.model import Route
from meshcore.rate_limits import AppliedLimit, RateLimitQuestion, ServiceLimit

__all__ = ["Attempt", "Decision", "Outcome"]

class Outcome(Enum):
    """What to do with the request."""

    FORWARD = "forward"  #: send it to ``Decision.endpoint``
    REDIRECT = "redirect"  #: answer ``status`` with ``location``
    RESPOND = "respond"  #: answer ``status`` with ``body``: the route says so, or CORS does
    REJECT = "reject"  #: answer ``status`` with ``body``: it cannot be served; see ``flags``, ``details``

class Decision:
    """What the engine decided for one request. Close it (or use ``with``) when the request is over.

    Where the outcome is FORWARD, its life goes on: the attempts that there are (``attempts``, as a rule one)
    are sent, what comes of each is told by ``report()``, and what that returns is sent next. Once ``done``,
    the answer that was reported last is for the client where ``answered``; else the decision itself has
    become an answer, as one that was rejected at once: ``status``, ``body``, ``flags``, ``details``,
    ``response_headers()``. Cancelling is closing: all attempts give up their endpoints, each once, whatever
    has been reported. A decision belongs to one thread at a time.
    """

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
    def name_cluster(self, name: str) -> None:
        """Have ``cluster`` say this from now on; once. For what is answered by somebody else than an endpoint
        of the cluster: what a middleware is around."""
    @property
    def endpoint(self) -> str | None:
        """``address:port`` to send to, of the latest attempt; once done, of the one that is answered. None
        where there never was one."""
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
        """Envoy's response flags ("NR", "UH", "URX,UF", ...), comma-separated; "" where there is none."""
    @property
    def details(self) -> str:
        """Envoy's response code details, e.g. "route_not_found"; "" while forwarding, "via_upstream" once an
        attempt is answered."""
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
        """Seconds for the whole request, with all its attempts and the waits between them; None: no limit.

        The route's, ``x-envoy-upstream-rq-timeout-ms`` of internal clients, or ``grpc-timeout``.
        """
    @property
    def per_try_timeout(self) -> float | None:
        """Seconds for one attempt, until its answer begins; None: no limit of its own. Then
        ``on_timeout()``."""
    @property
    def per_try_idle_timeout(self) -> float | None:
        """Seconds in which nothing may happen on an attempt; None: no limit. Then
        ``report(error="per-try-idle-timeout")``."""
    @property
    def idle_timeout(self) -> float | None:
        """Seconds in which nothing may happen between client and upstream, up to the end of the answer's
        body;
        None: no limit. Then ``report(error="idle-timeout")``."""
    @property
    def max_stream_duration(self) -> float | None:
        """Seconds from the request's first byte to the answer's last, by the route, the listener or
        ``grpc-timeout``; None: no limit."""
    @property
    def upstream_max_stream_duration(self) -> float | None:
        """The same of each attempt, as internal clients ask for by ``x-envoy-upstream-stream-duration-ms``.
        Then ``report(error="upstream-max-stream-duration")``."""
    @property
    def deadline(self) -> float | None:
        """When the request has to be answered, in seconds of the engine's clock: the earlier of ``timeout``
        and ``max_stream_duration``; None: never. Then ``on_deadline()``. Counted from ``decide()`` where the
        time is known from then (``now_ns``, or a policy that needs it), else from when this is first asked
        for.
        """
    @property
    def hedges(self) -> bool:
        """Whether an attempt that takes longer than ``per_try_timeout`` goes on beside the next one."""
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

        ``headers`` are the upstream's (None for our own answer) and ``status`` its status code. The shape is
        theirs. A dict joins repeated lines by commas, which browsers do not undo for ``set-cookie``: where
        there may be several, give pairs or a multi-value mapping.
        """
    @property
    def limits(self) -> tuple[AppliedLimit, ...]:
        """What each local rate limit made of the request, in the order of the filters."""
    @property
    def retry_after(self) -> float | None:
        """Seconds until the same request would pass, where a local rate limit refused it (``math.inf``: it
        never will); otherwise None."""
    @property
    def rate_limits(self) -> tuple[RateLimitQuestion, ...]:
        """What rate limit services are to be asked, and have not answered yet, before anything else is done,
        in this order; () as a rule."""
    def answer_rate_limit(
        self,
        question: RateLimitQuestion,
        verdict: Literal["ok", "over_limit", "error"],
        *,
        request_headers: Headers = (),
        response_headers: Headers = (),
        limits: Iterable[ServiceLimit | None] = (),
        body: bytes = b"",
    ) -> None:
        """Tell what a rate limit service says; "error": it failed, or took longer than the filter's
        ``timeout``.

        Where that refuses the request, the decision becomes an answer (REJECT), as one that was rejected at
        once, and gives its endpoint up: ask nothing more. A failure refuses it by ``deny_on_failure``.

        Args:
            question: one of ``rate_limits``; what is told of it once more changes nothing.
            request_headers: to add to the request, where it goes on.
            response_headers: to add to the answer, whoever makes it.
            limits: what the service tells of the limits, by descriptor, for ``x-ratelimit-*``.
            body: of a refusal.

        Raises:
            ValueError: for another verdict.
        """
    @property
    def request_id(self) -> str | None:
        """What ``x-request-id`` says, or what was made where the listener generates ids (Envoy's default)."""
    @property
    def traced(self) -> bool:
        """Whether the listener's ``tracing`` samples this request. A trace that it is part of already keeps
        its own decision, which goes upstream."""
    @property
    def trace_reason(self) -> str:
        """``"sampling"``, ``"service forced"`` (x-envoy-force-trace) or ``"client forced"``
        (x-client-trace-id); empty where it is not traced."""
    @property
    def trace_format(self) -> str | None:
        """The format in which the listener's tracer writes what goes upstream, by :class:`SpanContext`'s name
        of it: ``"b3multi"`` (Zipkin), ``"tracecontext"`` (OpenTelemetry); None: it has no tracer."""
    @property
    def buffer_limit(self) -> int:
        """Bytes of the request's body to keep, so that it can be sent again. A longer body is sent as it
        comes, and what fails then is reported with ``replayable=False``. 0: it is never sent again."""
    @property
    def mirror_buffer_limit(self) -> int:
        """Bytes of the request's body to keep for ``mirrors``, where they get it as a whole: a longer one is
        not copied. As the route says of further attempts, whether or not there are any; 1 MiB by default."""
    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """All attempts so far, in the order in which they were made; () where nothing is forwarded.

        After ``decide()`` that is the first one, and beside it those that a hedge policy asks for from the
        start (``initial_requests``).
        """
    @property
    def done(self) -> bool:
        """Whether it is settled what the client gets: no further attempt is made."""
    @property
    def answered(self) -> bool:
        """Whether that is the answer of the attempt that was reported last; False also while not ``done``."""
    def report(
        self,
        *,
        status: int | None = None,
        headers: Headers | None = None,
        error: str | None = None,
        attempt: Attempt | int | None = None,
        latency: float | None = None,
        replayable: bool = True,
        now_ns: int | None = None,
    ) -> Attempt | None:
        """Tell what came of an attempt, as soon as the head of its answer is there or it has failed.

        Returns the attempt to make next, after its ``backoff``, at an endpoint that the cluster has by now.
        None where none follows: then either ``done``, or other attempts are under way whose outcome counts.
        What is reported of an attempt that does not run any more, or once done, changes nothing, but for an
        answer that breaks off on its way to the client: report that, before ``close()``, by an error that can
        end one ("reset", "remote-reset", "protocol-error", "per-try-idle-timeout", "timeout"). Then ``flags``
        tells it, and outlier detection hears of it as it does in Envoy: not of "timeout".

        The endpoint of an attempt that failed, or was given up for another one, is free again at once. That
        of the answer that goes to the client is held until ``close()``, as long as its body takes.

        Args:
            status: of the answer.
            headers: of the answer. Conditions on headers and on gRPC statuses, rate limited waits
                (``rate_limited_retry_back_off``), outlier detection (of gRPC) and client-side weighted round
                robin read them.
            error: how it failed, in place of an answer: "connect-failure" (refused, unreachable, no such
                name), "connect-timeout", "reset-before-request" (nothing of the request was sent), "reset"
                (the connection ended), "remote-reset" (of an HTTP/2 stream), "refused-stream" (HTTP/2
                REFUSED_STREAM), "protocol-error" (what came is no HTTP), "per-try-timeout",
                "per-try-idle-timeout", "upstream-max-stream-duration", "overflow" (of a connection pool:
                never retried). Those of the whole request end all attempts: "timeout", "idle-timeout",
                "max-stream-duration".
            attempt: which one, by itself or its number; None: the latest that runs.
            latency: seconds from the request to the head of the answer, for peak EWMA.
            replayable: False: the request cannot be sent again, since its body was not kept: no retry.
            now_ns: stands for the engine's clock.

        Without ``status`` and ``error`` the attempt goes on, and only ``latency`` and ``headers`` are learned
        from.

        Raises:
            ValueError: for another error, a status that is not from 100 to 999, both at once, an attempt
                below 1 or of another decision, ``now_ns`` that is not from 0 to 2**64 - 1.
        """
    def on_timeout(
        self, attempt: Attempt | int | None = None, *, replayable: bool = True, now_ns: int | None = None
    ) -> Attempt | None:
        """The ``per_try_timeout`` of an attempt has passed before its answer began.

        The attempt ends, as if reported with "per-try-timeout": abandon it. Unless ``hedges``: then it goes
        on (``attempt.running`` tells), and what is returned is sent beside it.
        """
    def on_deadline(self) -> None:
        """The ``deadline`` has passed: all attempts end, and the decision answers 504."""
    def explain(self) -> Explain:
        """Why it was decided so; the same as ``Engine.explain`` for this request and its seed, at any time
        and whatever has been swapped since."""
    def close(self) -> None:
        """Release the leases on all endpoints. May be called again, and at any time; only the first call
        counts. It happens by itself when the decision is collected."""
    def finish(self, *, complete: bool = True, now_ns: int | None = None) -> None:
        """Close, and say what the client got, for adaptive concurrency of the listener.

        ``complete``: its answer to the end, which close() says, too: the limit learns how long it took, until
        now (``now_ns`` stands for the engine's clock). From what was given up, as what a ``with`` block
        leaves by an exception, and from what is collected, it learns nothing.
        """
    def __enter__(self) -> Decision: ...
    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

class Attempt:
    """One attempt of a decision at an endpoint, which counts it as under way until it is reported or given
    up."""

    @property
    def number(self) -> int:
        """1 for the first; what ``x-envoy-attempt-count`` says where the virtual host has it sent."""
    @property
    def endpoint(self) -> str:
        """``address:port`` to send to."""
    @property
    def backoff(self) -> float:
        """Seconds to wait before it is sent; 0 for those to send at once."""
    @property
    def per_try_timeout(self) -> float | None:
        """Seconds, from its sending, after which ``Decision.on_timeout()`` is to be called; None: never."""
    @property
    def running(self) -> bool:
        """Whether its outcome is still of interest. False: abandon it."""
    @property
    def path(self) -> str:
        """Path and query that the upstream must see."""
    @property
    def authority(self) -> str:
        """The authority that the upstream must see: with ``auto_host_rewrite``, each endpoint has its own."""
    def request_headers(self) -> Any:
        """The header lines to send, as ``Decision.request_headers()``: with what is left of the timeout and
        the number of the attempt as they are for this one."""
