"""Envoy's rate limit service (``envoy.service.ratelimit.v3``): clients of it, and a server.

The clients and the server need grpcio, of the extra ``rls``.
"""

from meshcore.global_limit.rls.client import (
    AsyncRateLimitServiceClient,
    RateLimitAnswer,
    RateLimitServiceClient,
)
from meshcore.global_limit.rls.documents import load_limits
from meshcore.global_limit.rls.messages import (
    Code,
    Descriptor,
    DescriptorStatus,
    Limit,
    LimitOverride,
    RateLimitRequest,
    RateLimitResponse,
    Unit,
)
from meshcore.global_limit.rls.rules import RateLimitConfig, Rule
from meshcore.global_limit.rls.server import RateLimitServer
from meshcore.global_limit.rls.service import BadRequest, RateLimitService

__all__ = [
    "AsyncRateLimitServiceClient",
    "BadRequest",
    "Code",
    "Descriptor",
    "DescriptorStatus",
    "Limit",
    "LimitOverride",
    "RateLimitAnswer",
    "RateLimitConfig",
    "RateLimitRequest",
    "RateLimitResponse",
    "RateLimitServer",
    "RateLimitService",
    "RateLimitServiceClient",
    "Rule",
    "Unit",
    "load_limits",
]
