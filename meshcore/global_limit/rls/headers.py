"""Header lines that tell a client of its limit: draft-ietf-httpapi-ratelimit-headers, and Retry-After."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass

from meshcore.global_limit.rls.buckets import Charge
from meshcore.global_limit.rls.messages import Limit

__all__ = ["HEADERS", "Closest", "response_headers"]

#: Those that can be asked for.
HEADERS = frozenset({"ratelimit", "retry-after"})

_NOT_IN_STRINGS = re.compile(r"[^ !#-\[\]-~]")


@dataclass(frozen=True, slots=True)
class Closest:
    """The limit that is nearest to refusing, or that refuses, and what came of its charge."""

    limit: Limit
    charge: Charge


def response_headers(
    wanted: Collection[str], closest: Closest | None, *, limited: bool
) -> tuple[tuple[str, str], ...]:
    """The lines for an answer; ``limited``: it refuses."""
    if closest is None or not wanted:
        return ()
    limit, charge = closest.limit, closest.charge
    lines = []
    wait = max(1, math.ceil(charge.retry_after)) if limited and math.isfinite(charge.retry_after) else 0
    if "ratelimit" in wanted:
        # A string of RFC 8941 holds printable ASCII.
        name = f'"{_NOT_IN_STRINGS.sub("?", limit.name) or "default"}"'
        lines.append(("ratelimit-policy", f"{name};q={limit.requests_per_unit};w={limit.unit.seconds}"))
        told = f"{name};r={charge.remaining}"
        if not limited or wait:  # what never passes has no time at which it would
            told += f";t={wait or charge.reset}"
        lines.append(("ratelimit", told))
    if "retry-after" in wanted and wait:
        lines.append(("retry-after", str(wait)))
    return tuple(lines)
