"""What the checks of one host add up to: sans I/O, with chance handed in.

The rules are those of Envoy's source/extensions/health_checkers/common/health_checker_base_impl.cc:

- A host that is checked begins unhealthy. Its first check decides alone, whatever the thresholds say.
- After that ``healthy_threshold`` successes in a row make it healthy, and ``unhealthy_threshold`` failures
  in a row make it unhealthy; an answer that is plainly wrong (``Failure.ACTIVE``, and not retriable) does so
  at once.
- How long to wait for the next check hangs on how the last one ended, on whether it brought a change or
  began one, and on whether the cluster has seen traffic.

Times are counted in whole milliseconds, as Envoy does.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from meshcore.health.verdict import Failure, Verdict
from meshcore.model import HealthCheck, HealthStatus

__all__ = ["HostChecks", "Transition"]


class Transition(Enum):
    """What one check did to the host's health."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    PENDING = "pending"  #: more of the same are needed


class HostChecks:
    """The state of one host.

    Args:
        check: what the cluster asks for.
        random: gives 64 random bits, for the jitter.
        excluded: leave the host out of all counts until its first check has ended.
        known: its health, where somebody has checked it already; UNKNOWN: nobody has.
    """

    __slots__ = (
        "_check",
        "_degraded",
        "_excluded",
        "_failing",
        "_failures",
        "_first",
        "_pending",
        "_random",
        "_successes",
        "_timed_out",
    )

    def __init__(
        self,
        check: HealthCheck,
        random: Callable[[], int],
        *,
        excluded: bool = False,
        known: HealthStatus = HealthStatus.UNKNOWN,
    ) -> None:
        self._check = check
        self._random = random
        self._first = known is HealthStatus.UNKNOWN
        self._pending = self._first and excluded
        self._failing = known not in (HealthStatus.HEALTHY, HealthStatus.DEGRADED)
        self._excluded = known is HealthStatus.DRAINING
        self._degraded = known is HealthStatus.DEGRADED
        self._timed_out = known is HealthStatus.TIMEOUT
        self._successes = self._failures = 0

    @property
    def first(self) -> bool:
        """No check has ended yet."""
        return self._first

    @property
    def health(self) -> HealthStatus:
        """DRAINING: unhealthy, and left out of all counts."""
        if self._failing:
            if self._pending or self._excluded:
                return HealthStatus.DRAINING
            return HealthStatus.TIMEOUT if self._timed_out else HealthStatus.UNHEALTHY
        return HealthStatus.DEGRADED if self._degraded else HealthStatus.HEALTHY

    def finish(self, verdict: Verdict) -> Transition:
        """Take in how a check ended."""
        transition = self._succeed(verdict) if verdict.failure is None else self._fail(verdict)
        self._first = False
        return transition

    def _succeed(self, verdict: Verdict) -> Transition:
        transition = Transition.UNCHANGED
        self._failures = 0
        if self._failing:
            self._successes += not self._first
            if self._first or self._successes == self._check.healthy_threshold:
                self._failing = self._excluded = self._timed_out = False
                transition = Transition.CHANGED
            else:
                transition = Transition.PENDING
        transition = self._settle(transition)
        if verdict.degraded != self._degraded:
            self._degraded = verdict.degraded
            if transition is Transition.UNCHANGED:
                transition = Transition.CHANGED
        return transition

    def _fail(self, verdict: Verdict) -> Transition:
        transition = Transition.UNCHANGED
        self._successes = 0
        self._excluded |= verdict.excluded
        if not self._failing:
            counted = verdict.retriable or verdict.failure in (Failure.NETWORK, Failure.NETWORK_TIMEOUT)
            self._failures += counted
            if not counted or self._failures == self._check.unhealthy_threshold:
                self._failing = True
                transition = Transition.CHANGED
            else:
                transition = Transition.PENDING
        self._timed_out = self._failing and verdict.failure is Failure.NETWORK_TIMEOUT
        return self._settle(transition)

    def _settle(self, transition: Transition) -> Transition:
        """After the first check a host that was left out counts, which is a change by itself."""
        if not self._pending:
            return transition
        self._pending = False
        return Transition.CHANGED

    # ------------------------------------------------------------------ time

    def initial_delay(self) -> float:
        """Seconds until the first check."""
        jitter = _milliseconds(self._check.initial_jitter)
        return max(1, self._random() % jitter) / 1000 if jitter else 0.0

    def delay(self, passed: bool, transition: Transition, traffic: bool) -> float:
        """Seconds until the next check, after one that ended so. ``traffic``: requests have come to it."""
        milliseconds = _milliseconds(self._base(passed, transition is Transition.PENDING, traffic))
        percent = self._check.interval_jitter_percent * milliseconds // 100
        if percent:
            milliseconds += self._random() % percent
        jitter = _milliseconds(self._check.interval_jitter)
        if jitter:
            milliseconds += self._random() % jitter
        return max(1, milliseconds) / 1000

    def _base(self, passed: bool, pending: bool, traffic: bool) -> float:
        check = self._check
        if not traffic:
            return _first_of(
                check.no_traffic_healthy_interval if passed and not pending else None,
                check.no_traffic_interval,
            )
        if passed:
            return _first_of(check.healthy_edge_interval if pending else None, check.interval)
        edge = check.unhealthy_edge_interval if pending else None
        return _first_of(edge, check.unhealthy_interval, check.interval)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1e9) // 1_000_000


def _first_of(*values: float | None) -> float:
    return next(value for value in values if value is not None)
