"""When a name is looked up again.

The intervals are those of Envoy's strict_dns_cluster.cc and logical_dns_cluster.cc: the rate or the
answer's TTL with jitter on top, and after a failure its fully jittered exponential backoff.
"""

from __future__ import annotations

from collections.abc import Callable

from meshcore.discovery.answer import Answer
from meshcore.model import DnsSettings

__all__ = ["Refresh"]

#: Nobody is asked again at once, however short the backoff came out.
SHORTEST = 0.001
#: The longest backoff, where only the shortest is given, in shortest ones.
SPAN = 10


class Refresh:
    """The intervals between lookups by one cluster's settings.

    ``logical``: an answer without addresses is a failure, as it is to LOGICAL_DNS.
    """

    def __init__(self, settings: DnsSettings, *, logical: bool) -> None:
        self._settings = settings
        self._logical = logical
        self._backoff = settings.failure_base

    def after(self, answer: Answer | None, random: Callable[[], float]) -> float:
        """Seconds until the next lookup, after an answer or (None) a failure.

        ``random`` gives numbers from 0 to 1, without 1.
        """
        settings = self._settings
        if answer is None or (self._logical and not answer.addresses):
            return self._after_failure(random)
        self._backoff = settings.failure_base
        delay = settings.refresh_rate
        if settings.respect_ttl and answer.addresses and answer.ttl:
            delay = answer.ttl
        return delay + settings.jitter * random()

    def _after_failure(self, random: Callable[[], float]) -> float:
        base, backoff = self._settings.failure_base, self._backoff
        if base is None or backoff is None:
            return self._settings.refresh_rate
        longest = self._settings.failure_max or base * SPAN
        self._backoff = min(backoff * 2, longest)
        return max(backoff * random(), SHORTEST)
