"""What a process knows of buckets without asking: which keys will be refused, and tokens that it has leased.

Both come from the server's answers, and both are judged by the local clock from the moment the question was
sent, which is before the server decided. So a refusal ends no later, and a lease ends earlier, than the
server's clock would have it.

**Refusals.** A bucket that had no token left owes so much; until enough of that is repaid, whoever asks for
it is refused here. Only a refund, or a key that was deleted, could make that wrong: after ``recheck`` seconds
the server is asked again in any case.

**Leases.** Tokens that were taken beyond a call's cost serve the next calls. By GCRA each token is paid for
in a time slot of its own, one after the other, and a leased token lapses when its slot begins: at any moment
all leases of a bucket together hold no more tokens than it owes. So what is in a bucket and
in leases is never more than ``max_tokens``, and in any stretch of time no more is admitted than that and what
came meanwhile, as without leases. What lapses is not lost: it has flowed back into the bucket, and nothing
needs to be handed back, even by processes that die. The price is that others may be refused while a lease
holds tokens that nobody needs.
"""

from __future__ import annotations

import math
import os
import threading
import weakref
from collections import OrderedDict
from dataclasses import dataclass, field

from meshcore.global_limit.redis.units import Units

__all__ = ["LocalView"]

#: By how much leases are shorter than they might be: so much may the clocks of a server and a client differ
#: in pace. NTP slews clocks by 500 parts in a million at most.
_PACE = 1 - 1 / 512
#: Sums of seconds as floats are that uncertain.
_EPSILON = 1e-9


@dataclass(slots=True)
class _Lease:
    end: float  # of the slot of its last token
    left: int


@dataclass(slots=True)
class _Key:
    full_at: float = 0.0
    ask_at: float = -math.inf  # until then full_at holds
    leases: list[_Lease] = field(default_factory=list)
    size: int = 1  # calls to lease for
    asked_at: float = -math.inf


class LocalView:
    """What is known of at most ``keys`` buckets; of more the eldest is forgotten, and asked for again."""

    def __init__(self, units: Units, *, keys: int, recheck: float, lease: int) -> None:
        self._units = units
        self._token = units.token_seconds
        self._burst = units.max_tokens * self._token
        self._capacity = keys
        self._recheck = recheck
        self._lease = lease
        self.allowed = 0
        self.refused = 0
        self.clear()
        _views.add(self)

    def clear(self) -> None:
        """Nothing is known any more."""
        self._keys: OrderedDict[bytes, _Key] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._keys)

    def take(self, name: bytes, cost: int, now: float) -> bool | None:
        """Allowed by a lease, or refused; None: the server has to say."""
        key = self._keys.get(name)
        if key is None:
            return None
        with self._lock:
            if key.leases and cost and self._spend(key, cost, now):
                self.allowed += 1
                return True
            if now < key.ask_at and key.full_at + cost * self._token > now + self._burst + _EPSILON:
                self.refused += 1
                return False
        return None

    def known(self, name: bytes, cost: int, allowed: bool, now: float) -> tuple[int, float, float]:
        """What is left, when to come again, and when the bucket is full, as far as is known."""
        key = self._keys.get(name) or _Key()
        with self._lock:
            if allowed and key.leases:
                left = sum(lease.left for lease in key.leases)
                return left, 0.0, max(0.0, key.leases[-1].end - now)
            debt = max(0.0, key.full_at - now)
            remaining = max(0, math.floor((self._burst - debt) / self._token))
            wait = max(0.0, debt + cost * self._token - self._burst)
            return remaining, wait if cost <= self._units.max_tokens else math.inf, debt

    def extra(self, name: bytes, cost: int, now: float) -> int:
        """How many tokens to lease beside a call of that cost.

        As long as calls come so fast that the longest lease would have served the next one, leases double;
        where it lies unused for as long again, they halve.
        """
        if self._lease <= 1 or not cost:
            return 0
        with self._lock:
            key = self._key(name)
            lives = (now - key.asked_at) / (self._lease * cost * self._token)
            if lives < 1:
                key.size = min(key.size * 2, self._lease)
            elif lives > 2:
                key.size = max(1, key.size // 2)
            key.asked_at = now
            return (key.size - 1) * cost

    def learn(self, name: bytes, leased: int, debt: int, sent: float) -> None:
        """The server said what a bucket owes, to a question sent then; so many of the tokens are a lease."""
        seconds = debt / self._units.scale / 1e6
        empty = debt + self._units.token > self._units.burst
        if not leased and not empty and name not in self._keys:
            return
        with self._lock:
            key = self._key(name)
            key.full_at = sent + seconds
            key.ask_at = sent + self._recheck if empty else -math.inf
            if leased:
                key.leases.append(_Lease(sent + seconds * _PACE, leased))

    def forget(self, name: bytes) -> None:
        """Tokens were given back: what refused calls is no longer so."""
        with self._lock:
            key = self._keys.get(name)
            if key is not None:
                key.ask_at = -math.inf

    def _key(self, name: bytes) -> _Key:
        key = self._keys.get(name)
        if key is None:
            key = self._keys[name] = _Key()
            if len(self._keys) > self._capacity:
                self._keys.popitem(last=False)
        return key

    def _spend(self, key: _Key, cost: int, now: float) -> bool:
        slot = self._token * _PACE
        for lease in key.leases:
            lease.left = min(lease.left, max(0, math.floor((lease.end - now) / slot)))
        key.leases = [lease for lease in key.leases if lease.left]
        if sum(lease.left for lease in key.leases) < cost:
            return False
        for lease in key.leases:
            part = min(cost, lease.left)
            lease.left -= part
            cost -= part
        return True


# A process that forks goes on with its leases; in the child they would serve a second time. A thread that is
# not there any more may have held the lock.
_views: weakref.WeakSet[LocalView] = weakref.WeakSet()


def _clear_all() -> None:
    for view in list(_views):
        view.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_clear_all)
