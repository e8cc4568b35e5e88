"""What local rate limits did, under Envoy's names, by their stat_prefix."""

from __future__ import annotations

from meshcore.engine import Engine

__all__ = ["limit_counters"]

_COUNTS = ("enabled", "ok", "rate_limited", "enforced")


def limit_counters(engine: Engine) -> dict[str, int]:
    sums: dict[str, int] = {}
    for limit in engine.limits():
        for name in _COUNTS:
            key = f"{limit['stat_prefix']}.http_local_rate_limit.{name}"
            sums[key] = sums.get(key, 0) + limit[name]
    return sums
