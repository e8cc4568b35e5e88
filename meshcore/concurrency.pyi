"""Adaptive concurrency by itself: a limit on the requests under way that moves with what comes of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import final

from meshcore._concurrency import Admission, ConcurrencyLimitReached
from meshcore.model import AimdController, GradientController

__all__ = ["Admission", "AimdLimiter", "ConcurrencyLimitReached", "GradientLimiter"]

class _Limiter:
    """What both limiters have.

        if limiter.acquire():
            began = time.monotonic()
            try:
                ...
            except OSError:
                limiter.release(failed=True)
                raise
            limiter.release(time.monotonic() - began)

    or, measured and released once whatever happens::

        with limiter.admit():
            ...

    Nothing waits, so that it serves threads and coroutines alike; no more than the limit are let in while
    it stands. Nothing runs by itself either: what a timer would do is done by the next call. One limiter
    takes some 4 KB, for as long as it is there.
    """

    def acquire(self) -> bool:
        """Begin a request. False: there is no room, and nothing is to be released."""

    def release(self, latency: float | timedelta | None = None, *, failed: bool = False) -> None:
        """End one: answered after ``latency`` (seconds, or a timedelta), or failed, or, with neither,
        given up, of which nothing is learned.

        TypeError, ValueError: the latency is no time, or no request is under way.
        """

    def admit(self) -> Admission:
        """Begin a request that is released once, by its end or by its block's.

        ConcurrencyLimitReached: there is no room.
        """

    @property
    def limit(self) -> int:
        """How many requests may be under way now."""

    @property
    def in_flight(self) -> int:
        """How many are: more than the limit, while those end that were let in before it fell."""

    @property
    def refused(self) -> int:
        """How many have been refused so far."""

    def _now(self) -> int: ...

@final
class GradientLimiter(_Limiter):
    """Envoy's gradient controller: the limit follows how far latencies are from what they are without load.

    At the end of each ``concurrency_update_interval``::

        gradient = (min RTT + buffer) / sampled RTT, at least 0.5 and at most 2
        limit    = limit * gradient + sqrt(limit * gradient), within its bounds

    The sampled RTT is a percentile of the window's latencies; the min RTT is the same of
    ``request_count`` requests that are let through ``min_concurrency`` at a time, now and then. Failures
    say nothing to it. Percentiles come of bins of two decimal digits, interpolated, as Envoy's do: they
    are wrong by less than a tenth of the latency.

    Source: Envoy's ``gradient_controller.cc``, after "Performance Under Load" (Netflix, 2018).
    """

    def __init__(
        self,
        *,
        max_concurrency_limit: int = 1000,
        min_concurrency_limit: int | None = None,
        concurrency_update_interval: float = 0.1,
        min_rtt_interval: float = 60.0,
        min_rtt: float | None = None,
        request_count: int = 50,
        jitter: float = 15.0,
        min_concurrency: int = 3,
        buffer: float = 25.0,
        sample_aggregate_percentile: float = 50.0,
        clock: Callable[[], float] | None = None,
        seed: int | None = None,
    ) -> None:
        """Durations are seconds, counted in whole milliseconds; percentages are of 100.

        ``min_rtt``: a fixed value; None: it is measured every ``min_rtt_interval`` and up to ``jitter``
        percent of it later, with ``min_concurrency`` as the limit. ``min_concurrency_limit``: the least
        limit while nothing is measured; None: ``min_concurrency``. ``buffer``: percent of
        the min RTT, added to it. ``clock``: in place of the monotonic clock, in seconds; it must not go
        back. ``seed``: of the jitter.

        TypeError, ValueError: for what has the wrong type, is out of its range or unknown.
        """

    @property
    def parameters(self) -> GradientController: ...
    @property
    def measuring(self) -> bool:
        """Whether the min RTT is being measured."""

    @property
    def min_rtt(self) -> float | None:
        """Seconds; None: it has not been measured yet."""

    @property
    def sample_rtt(self) -> float | None:
        """Of the last window that had samples, in seconds; None: there was none."""

    @property
    def gradient(self) -> float:
        """Of that window: below 1 latencies are too long, above 1 there is room. 1 at first."""

    @property
    def headroom(self) -> float:
        """What that window added to let bursts in, and the limit grow: Envoy's ``burst_queue_size``."""

@final
class AimdLimiter(_Limiter):
    """Additive increase, multiplicative decrease: the limit follows failures, and answers that come too
    late.

    A failure, or an answer after ``latency_threshold``, leaves ``backoff_ratio`` of the limit, and at
    least one less; an answer in time raises it, where half of it is in use at least. A round of as many
    answers as the limit raises it by ``increase``, and a round lowers it once: what began before it was
    lowered says nothing new.

    Sources: Netflix' concurrency-limits (AIMDLimit) for what counts; TCP's congestion avoidance (RFC
    5681, 3.1) for how often.
    """

    def __init__(
        self,
        *,
        initial_limit: int = 20,
        min_limit: int = 1,
        max_limit: int = 200,
        increase: float = 1.0,
        backoff_ratio: float = 0.9,
        latency_threshold: float | None = 5.0,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """``latency_threshold``: seconds; None: no answer is too late. ``clock``: as for GradientLimiter.

        TypeError, ValueError: for what has the wrong type, is out of its range or unknown.
        """

    @property
    def parameters(self) -> AimdController: ...
