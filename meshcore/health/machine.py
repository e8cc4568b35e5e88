"""One checker for a machine: who of its processes checks which hosts, and what the others make of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from meshcore.health.board import Board, Entry, Page
from meshcore.health.clock import Clock
from meshcore.health.plan import Job, Key
from meshcore.health.session import Result
from meshcore.model import HealthStatus

__all__ = ["HEARTBEAT", "TICK", "Machine"]

#: Seconds between two looks at the folder.
TICK = 0.1
#: Seconds after which a leader writes again, even where nothing has changed.
HEARTBEAT = 1.0
#: Seconds after which a leader that has not written is taken for stuck.
STALE = 5.0
#: Seconds that a host which the leader does not have is left to it: it may be about to get it.
GRACE = 2.0

_log = logging.getLogger("meshcore.health")


class Machine:
    """What a process knows of the others, by the board."""

    def __init__(self, board: Board, clock: Clock) -> None:
        self._board = board
        self._clock = clock
        self._digests: dict[Key, tuple[Job, str]] = {}
        self._wanted: dict[Key, float] = {}  #: since when hosts that nobody checks are
        self._failed: dict[Key, float] = {}  #: hosts that this process knows to have failed, since when
        self._written_at = 0.0
        self._said = ""
        self.leading = False
        self.leader = 0  #: the process that checks for this one; 0: none does

    def look(self) -> None:
        """See who leads; it may be this process from now on."""
        page = self._fresh()
        led, self.leading = self.leading, self._board.lead()
        if self.leading and not led and page is None:
            self._board.clear()
        self.leader = page.pid if page is not None and not self.leading else 0
        if self.leading:
            self._say("this process checks endpoints for all of the machine's that share its folder")
        elif self.leader:
            self._say(f"process {self.leader} checks endpoints for this one")
        else:
            self._say("the process that should check endpoints for this one does not")

    def elsewhere(self, jobs: Mapping[Key, Job]) -> dict[Key, Result | None]:
        """The hosts that are not for this process to check, with what is known of them; None: nothing yet."""
        if self.leading:
            self._wanted.clear()
            return {}
        now = self._clock.time()
        page = self._fresh()
        entries = page.entries if page is not None else {}
        found: dict[Key, Result | None] = {}
        for key, job in jobs.items():
            entry = entries.get(self.digest(job))
            if entry is not None:
                self._wanted.pop(key, None)
                # Before its first check the leader knows less than this process may.
                found[key] = None if entry.passed is None else self._heeding_failure(key, _result(entry))
            elif now - self._wanted.setdefault(key, now) < GRACE:
                found[key] = None
        for key in self._wanted.keys() - jobs.keys():
            del self._wanted[key]
        return found

    def publish(self, results: Iterable[tuple[Job, Result]], news: bool) -> None:
        """As the leader: tell the others, where there is news or it is time again."""
        now = self._clock.time()
        if not self.leading or not (news or now - self._written_at >= HEARTBEAT):
            return
        try:
            self._board.publish({self.digest(job): _entry(result) for job, result in results}, now)
            self._written_at = now
        except OSError as error:
            self._say(f"results of health checks cannot be told to other processes: {error}")

    def digest(self, job: Job) -> str:
        known = self._digests.get(job.key)
        if known is None or known[0] is not job:
            known = self._digests[job.key] = job, job.digest()
        return known[1]

    # ------------------------------------------------------------------ what goes to the leader

    def fail(self, job: Job) -> None:
        """A host that another process checks has failed, as this one knows."""
        self._failed[job.key] = self._clock.time()
        self._board.mark_failed(self.digest(job))

    def failed(self, jobs: Mapping[Key, Job]) -> list[Key]:
        """As the leader: the hosts that others know to have failed."""
        digests = set(self._board.failed()) if self.leading else set()
        return [key for key, job in jobs.items() if self.digest(job) in digests] if digests else []

    def mark_traffic(self, cluster: str) -> None:
        self._board.mark_traffic(cluster)

    def has_traffic(self, cluster: str) -> bool:
        return self._board.has_traffic(cluster)

    def leave(self) -> None:
        """Let others check."""
        self._board.leave()
        self.leading = False

    # ------------------------------------------------------------------

    def _fresh(self) -> Page | None:
        page = self._board.read()
        return page if page is not None and 0 <= self._clock.time() - page.written_at <= STALE else None

    def _heeding_failure(self, key: Key, result: Result) -> Result:
        """What the leader has found, unless it is older than what this process knows."""
        since = self._failed.get(key)
        if since is None:
            return result
        if result.checked_at > since:
            del self._failed[key]
            return result
        return Result(HealthStatus.DRAINING, False, result.reason, "PASSIVE", since, result.next_at)

    def _say(self, what: str) -> None:
        if what != self._said:
            self._said = what
            _log.info("%s", what)


def _entry(result: Result) -> Entry:
    return Entry(
        result.health.value,
        result.passed,
        result.reason,
        result.failure,
        result.checked_at,
        result.next_at,
        result.checks,
        result.failures,
    )


def _result(entry: Entry) -> Result:
    # Written by a later version, perhaps: what it says is not understood then, and the host not trusted.
    known = entry.health in HealthStatus.__members__
    return Result(
        HealthStatus[entry.health] if known else HealthStatus.UNHEALTHY,
        entry.passed,
        entry.reason,
        entry.failure,
        entry.checked_at,
        entry.next_at,
        entry.checks,
        entry.failures,
    )
