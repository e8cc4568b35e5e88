"""The buckets behind the rules: how much of a limit is taken, and what is left of it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from meshcore.global_limit.rls.messages import Descriptor, Limit
from meshcore.global_limit.rls.rules import Rule
from meshcore.limit import RateLimiter
from meshcore.shared import SharedState, SharedStateError

__all__ = ["Buckets", "Charge", "TooManyOverrides", "charge", "override_key", "refund"]

#: So many limits that came with requests are kept at once.
MAX_OVERRIDES = 1024


class TooManyOverrides(ValueError):
    """More different limits came with requests than are kept."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What came of a charge.

    ``reset``: seconds, rounded up, until the bucket is full again. ``retry_after``: seconds until the same
    would fit, exactly; infinite where it never does. ``over``: how many hits did not fit.
    """

    limited: bool
    remaining: int = 0
    reset: int = 0
    retry_after: float = 0.0
    over: int = 0


class Buckets:
    """A RateLimiter for each rule, and for each limit that comes with a request.

    Where they are in a ``shared_state``, all servers of the machine that use it count together.
    """

    def __init__(
        self,
        capacity: int,
        clock: Callable[[], float] | None = None,
        shared_state: SharedState | None = None,
    ) -> None:
        self._capacity = capacity
        self._clock = clock
        self._shared_state = shared_state
        self._now = clock or time.monotonic
        self._limiters: dict[tuple[object, ...], RateLimiter | None] = {}
        self._overrides: dict[Limit, tuple[RateLimiter | None, float]] = {}  # and when it was last used
        self._lock = threading.Lock()

    def keep(self, rules: Iterable[Rule]) -> dict[Rule, RateLimiter | None]:
        """The limiters of these rules. Those that were there before go on, those of other rules are let go.

        None: nothing is ever allowed.

        Raises:
            SharedStateError: there is no room for them; nothing has changed.
        """
        found = {rule: rule.identity for rule in rules if rule.limit is not None}
        before = self._limiters
        self._limiters = {
            identity: before[identity]
            if identity in before
            else self._new(rule.limit, self._room(rule), repr(identity))
            for rule, identity in found.items()
            if rule.limit is not None
        }
        return {rule: self._limiters[identity] for rule, identity in found.items()}

    def override(self, limit: Limit) -> RateLimiter | None:
        """The limiter of a limit that came with a request.

        Raises:
            TooManyOverrides: there are too many others, and none of them may be forgotten yet; or a shared
                state has no room for one more.
        """
        now = self._now()
        with self._lock:
            known = self._overrides.pop(limit, None)
            if known is None and len(self._overrides) >= MAX_OVERRIDES:
                self._forget(now)
            try:
                limiter = known[0] if known is not None else self._new(limit, self._capacity, "override")
            except SharedStateError as error:
                raise TooManyOverrides(str(error)) from error
            self._overrides[limit] = limiter, now
            return limiter

    @property
    def forgotten(self) -> int:
        """How often a key found no room, as ``RateLimiter.forgotten`` has it: the capacity is too small."""
        with self._lock:
            limiters = [*self._limiters.values(), *(limiter for limiter, _ in self._overrides.values())]
        return sum(limiter.forgotten for limiter in limiters if limiter is not None)

    def _room(self, rule: Rule) -> int:
        """A rule whose values are all written out has one bucket."""
        return 1 if all(value and "*" not in value for _, value in rule.path) else self._capacity

    def _new(self, limit: Limit, capacity: int, name: str) -> RateLimiter | None:
        tokens = limit.requests_per_unit
        if not tokens:
            return None
        return RateLimiter(
            tokens,
            tokens,
            limit.unit.seconds,
            capacity=capacity,
            shared_state=self._shared_state,
            name=f"ratelimit-server {name}",
            clock=self._clock,
        )

    def _forget(self, now: float) -> None:
        """Let go of those whose buckets are all full again: a unit after the last use they are."""
        # A bucket may owe as much again as it holds (see charge()).
        full = [limit for limit, (_, used) in self._overrides.items() if now - used > 2 * limit.unit.seconds]
        for limit in full:
            del self._overrides[limit]
        if not full:
            raise TooManyOverrides(f"more than {MAX_OVERRIDES} different limits came with requests")


def charge(limiter: RateLimiter | None, key: str, hits: int) -> Charge:
    """Take so many hits from a key's bucket.

    What does not fit is counted all the same, as far as a bucket goes, where there was anything left: who
    reports what was used (tokens of a language model, bytes) has used it. Who had nothing left takes nothing.
    """
    if limiter is None:
        return Charge(limited=hits > 0, retry_after=math.inf, over=hits)
    result = limiter.check(key, hits)
    if result.allowed:
        return Charge(False, result.remaining, math.ceil(result.reset))
    left = result.remaining
    if left:
        limiter.reserve(key, min(hits, limiter.max_tokens))
        result = limiter.peek(key, hits)
    return Charge(True, 0, math.ceil(result.reset), result.retry_after, over=hits - left)


def refund(limiter: RateLimiter | None, key: str, hits: int) -> Charge:
    """Give so many hits back."""
    if limiter is None:
        return Charge(limited=False)
    limiter.refund(key, hits)
    result = limiter.peek(key, 0)
    return Charge(not result.allowed, result.remaining, math.ceil(result.reset), result.retry_after)


def override_key(domain: str, descriptor: Descriptor) -> str:
    """What a descriptor with a limit of its own counts by."""
    texts = [domain, *(text for entry in descriptor.entries for text in entry)]
    return "".join(f"{len(text)}:{text}" for text in texts)
