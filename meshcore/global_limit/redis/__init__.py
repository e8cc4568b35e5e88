"""Limiters over Redis or Valkey, by redis-py (the extra ``redis``)."""

try:
    import redis as _client  # noqa: F401  (tells what is missing before anything else happens)
except ImportError as error:
    raise ModuleNotFoundError(
        "limits in Redis need its client: pip install 'meshcore-engine[redis]'", name="redis"
    ) from error

from meshcore.global_limit.redis.limiter import RedisLimiterStats
from meshcore.global_limit.redis.limiters import AsyncRedisRateLimiter, RedisRateLimiter

__all__ = ["AsyncRedisRateLimiter", "RedisLimiterStats", "RedisRateLimiter"]
