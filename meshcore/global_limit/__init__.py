"""Rate limits that hold across machines: the limiters ask a service that all of them share.

The limiters are imported when they are first asked for: each kind needs a client library of its own.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from meshcore.global_limit.guard import Failure, Guard, GuardStats, Unanswered
from meshcore.global_limit.result import GlobalLimitResult, Source

if TYPE_CHECKING:
    from meshcore.global_limit.redis import AsyncRedisRateLimiter, RedisLimiterStats, RedisRateLimiter

__all__ = [
    "AsyncRedisRateLimiter",
    "Failure",
    "GlobalLimitResult",
    "Guard",
    "GuardStats",
    "RedisLimiterStats",
    "RedisRateLimiter",
    "Source",
    "Unanswered",
]

_HOMES = {
    "AsyncRedisRateLimiter": "meshcore.global_limit.redis",
    "RedisLimiterStats": "meshcore.global_limit.redis",
    "RedisRateLimiter": "meshcore.global_limit.redis",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
