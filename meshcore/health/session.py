"""The life of one host's checks: wait, check, take in, tell; over asyncio, with the time handed in."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from meshcore.health.clock import Clock
from meshcore.health.connection import Connection, OutOfResources
from meshcore.health.host import HostChecks, Transition
from meshcore.health.plan import Job
from meshcore.health.probes import broken
from meshcore.health.verdict import Failure, Verdict
from meshcore.model import HealthStatus

__all__ = ["Result", "Session"]

_log = logging.getLogger("meshcore.health")

_UP = (HealthStatus.HEALTHY, HealthStatus.DEGRADED)


@dataclass(frozen=True, slots=True)
class Result:
    """What the checks of a host have come to. Times are the checker's clock's."""

    health: HealthStatus
    passed: bool | None = None  #: whether the last check did; None: none has ended yet
    reason: str = ""
    failure: str = ""
    checked_at: float = 0.0
    next_at: float = 0.0
    checks: int = 0
    failures: int = 0

    def described(self, now: float, by: str) -> dict[str, Any]:
        """For admin pages."""
        found: dict[str, Any] = {
            "health": self.health.value,
            "checks": self.checks,
            "failures": self.failures,
        }
        if self.passed is not None:
            found["last_result"] = "passed" if self.passed else self.failure
            found["reason"] = self.reason
            found["seconds_since"] = round(max(0.0, now - self.checked_at), 3)
        found["next_check_in_seconds"] = round(max(0.0, self.next_at - now), 3)
        found["by"] = by
        return found


class Session:
    """Checks one host until it is cancelled.

    Args:
        job: what to do.
        connection: how.
        clock: when.
        random: gives 64 random bits.
        traffic: whether the cluster has had requests.
        tell: called with each verdict, after the change of ``result``.
        known: what others have found before.
    """

    def __init__(
        self,
        job: Job,
        connection: Connection,
        clock: Clock,
        random: Callable[[], int],
        traffic: Callable[[str], bool],
        tell: Callable[[Session, Verdict], None],
        known: Result | None = None,
    ) -> None:
        self.job = job
        self._connection = connection
        self._clock = clock
        self._traffic = traffic
        self._tell = tell
        health = HealthStatus.UNKNOWN if known is None or known.passed is None else known.health
        self._host = HostChecks(job.check, random, excluded=job.excluded, known=health)
        self.result = Result(self._host.health) if known is None or self._host.first else known

    async def run(self) -> None:
        """Check again and again."""
        try:
            delay = (
                self._host.initial_delay() if self._host.first else self.result.next_at - self._clock.time()
            )
            # What others had planned may be long ago, or never have been.
            delay = min(max(0.0, delay), max(self.job.check.interval, self.job.check.no_traffic_interval))
            while True:
                verdict = await self._connection.rest(delay) if delay else None
                if verdict is None:
                    verdict = await self._check()
                transition = Transition.UNCHANGED if verdict is None else self._take(verdict)
                passed = verdict is not None and verdict.passed
                delay = self._host.delay(passed, transition, self._traffic(self.job.target.cluster))
                self._note(verdict, self._clock.time() + delay)
        finally:
            self._connection.close()

    async def _check(self) -> Verdict | None:
        try:
            return await self._connection.check()
        except OutOfResources as error:
            _log.error("%s could not be checked: %s", self._name, error)
        except Exception as error:
            _log.exception("checking %s failed", self._name)
            return broken(f"the check itself failed: {error}")
        return None

    def fail(self) -> None:
        """The host has said, in an answer to a request, that it fails."""
        verdict = Verdict(Failure.PASSIVE, "x-envoy-immediate-health-check-fail in an answer", excluded=True)
        self._take(verdict)
        self._note(verdict, self.result.next_at)

    def _take(self, verdict: Verdict) -> Transition:
        first, before = self._host.first, self._host.health
        transition = self._host.finish(verdict)
        self._log(verdict, first, before, self._host.health)
        return transition

    def _note(self, verdict: Verdict | None, next_at: float) -> None:
        old = self.result
        if verdict is None:
            self.result = replace(old, next_at=next_at)
            return
        self.result = Result(
            self._host.health,
            verdict.passed,
            verdict.reason,
            verdict.failure.value if verdict.failure is not None else "",
            self._clock.time(),
            next_at,
            old.checks + 1,
            old.failures + (not verdict.passed),
        )
        self._tell(self, verdict)

    @property
    def _name(self) -> str:
        return f"{self.job.target.endpoint} of {self.job.target.cluster}"

    def _log(self, verdict: Verdict, first: bool, before: HealthStatus, after: HealthStatus) -> None:
        check = self.job.check
        if (before in _UP) is not (after in _UP):
            level = logging.INFO if after in _UP else logging.WARNING
            _log.log(level, "%s is %s: %s", self._name, after.value.lower(), verdict.reason)
        elif after in _UP and before is not after:
            _log.info("%s is %s: %s", self._name, after.value.lower(), verdict.reason)
        elif not verdict.passed and (first or check.always_log_failures):
            _log.warning("a check of %s failed: %s", self._name, verdict.reason)
        elif verdict.passed and check.always_log_success:
            _log.info("a check of %s passed: %s", self._name, verdict.reason)
