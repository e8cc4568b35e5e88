"""What the service counts, under the names of https://github.com/envoyproxy/ratelimit."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator

from meshcore.global_limit.rls.buckets import Charge
from meshcore.global_limit.rls.messages import Code
from meshcore.global_limit.rls.rules import Match

__all__ = ["ServiceStats"]

#: So many names with values of requests are counted apart; the rest goes under the rule's own.
MAX_NAMES = 10_000
#: Of a limit's hits, those above this share of it are near the limit.
NEAR = 0.8

_SERVICE = "ratelimit.service"


class ServiceStats:
    """Counters of one service; any number of threads may add to them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._service: Counter[str] = Counter()
        self._limits: dict[tuple[str, str], Counter[str]] = {}

    def add(self, name: str, amount: int = 1) -> None:
        """Count something of the service itself."""
        with self._lock:
            self._service[name] += amount

    def answered(self, code: Code, *, shadowed: bool) -> None:
        """Count a request."""
        with self._lock:
            self._service["call.should_rate_limit.total"] += 1
            self._service[f"call.should_rate_limit.{'over_limit' if code is Code.OVER_LIMIT else 'ok'}"] += 1
            if shadowed:
                self._service["global_shadow_mode"] += 1

    def charged(
        self,
        domain: str,
        name: str,
        match: Match | None,
        hits: int,
        charge: Charge | None,
        *,
        refunded: bool = False,
    ) -> None:
        """Count what a descriptor was charged; ``charge`` None: it is not limited."""
        limit = match.rule.limit if match is not None else None
        over = charge.over if charge is not None and charge.limited else 0
        with self._lock:
            counts = self._counts(domain, name, match)
            if refunded:
                counts["refunded_hits"] += hits
                return
            counts["total_hits"] += hits
            counts["over_limit"] += over
            if charge is None or not charge.limited:
                counts["within_limit"] += hits
            if match is not None and match.rule.shadow_mode:
                counts["shadow_mode"] += over
            if charge is not None and limit is not None:
                counts["near_limit"] += _near(limit.requests_per_unit, hits - over, charge.remaining)

    def counters(self) -> dict[str, int]:
        """All of them by their full names."""
        limits = {f"rate_limit.{d}.{n}.{kind}": value for d, n, kind, value in self.limits()}
        with self._lock:
            service = dict(self._service)
        return {f"{_SERVICE}.{name}": value for name, value in sorted({**service, **limits}.items())}

    def service(self) -> dict[str, int]:
        """Those of the service itself."""
        with self._lock:
            return {f"{_SERVICE}.{name}": value for name, value in sorted(self._service.items())}

    def limits(self) -> Iterator[tuple[str, str, str, int]]:
        """Those of the limits: domain, descriptor, what, and how many."""
        with self._lock:
            copy = {key: dict(counts) for key, counts in self._limits.items()}
        for (domain, name), counts in sorted(copy.items()):
            for kind, value in sorted(counts.items()):
                yield domain, name, kind, value

    def _counts(self, domain: str, name: str, match: Match | None) -> Counter[str]:
        found = self._limits.get((domain, name))
        if found is None:
            if len(self._limits) >= MAX_NAMES:
                name = match.rule.name if match is not None else "others"
            found = self._limits.setdefault((domain, name), Counter())
        return found


def _near(limit: int, fitting: int, remaining: int) -> int:
    """How many of the hits that fitted were above the threshold."""
    after = limit - remaining
    return max(0, min(fitting, after - int(NEAR * limit)))
