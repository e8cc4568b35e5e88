"""meshcore: the traffic decisions of Envoy and Istio, inside the process.

The names below are imported when they are first asked for, so that a program which wants the engine
alone, or ``meshcore --help``, does not wait for the loaders. _backend.py says which binding serves them.
"""

from typing import TYPE_CHECKING

from meshcore._version import __version__

if TYPE_CHECKING:
    from meshcore.balance import LeastRequest, Maglev, PeakEwma, RandomChoice, RingHash, RoundRobin
    from meshcore.circuit import CircuitBreaker, CircuitBreakerOpen, RetryBudget
    from meshcore.concurrency import Admission, AimdLimiter, ConcurrencyLimitReached, GradientLimiter
    from meshcore.config import ConfigError, Finding, Node, load, load_text
    from meshcore.context import RequestContext, current
    from meshcore.engine import Attempt, Decision, Engine, Mirror, Outcome
    from meshcore.explain import Explain
    from meshcore.limit import LimitResult, RateLimiter, TokenBucket
    from meshcore.match import PathTemplate, PathTemplateError, Regex, RegexError, RouteTable
    from meshcore.mesh import Mesh
    from meshcore.outlier import EjectionStatus, OutlierDetector
    from meshcore.shared import SharedState, SharedStateError
    from meshcore.split import WeightedSplit
    from meshcore.trace import SpanContext, request_id, trace_counts

__all__ = [
    "Admission",
    "AimdLimiter",
    "Attempt",
    "CircuitBreaker",
    "CircuitBreakerOpen",
    "ConcurrencyLimitReached",
    "ConfigError",
    "Decision",
    "EjectionStatus",
    "Engine",
    "Explain",
    "Finding",
    "GradientLimiter",
    "LeastRequest",
    "LimitResult",
    "Maglev",
    "Mesh",
    "Mirror",
    "Node",
    "Outcome",
    "OutlierDetector",
    "PathTemplate",
    "PathTemplateError",
    "PeakEwma",
    "RandomChoice",
    "RateLimiter",
    "Regex",
    "RegexError",
    "RequestContext",
    "RetryBudget",
    "RingHash",
    "RoundRobin",
    "RouteTable",
    "SharedState",
    "SharedStateError",
    "SpanContext",
    "TokenBucket",
    "WeightedSplit",
    "__version__",
    "current",
    "load",
    "load_text",
    "request_id",
    "trace_counts",
]

_HOMES = {
    "meshcore._circuit": ("CircuitBreakerOpen",),
    "meshcore._concurrency": ("Admission", "ConcurrencyLimitReached"),
    "meshcore.balance": ("LeastRequest", "Maglev", "PeakEwma", "RandomChoice", "RingHash", "RoundRobin"),
    "meshcore.circuit": ("CircuitBreaker", "RetryBudget"),
    "meshcore.concurrency": ("AimdLimiter", "GradientLimiter"),
    "meshcore.config": ("ConfigError", "Finding", "Node", "load", "load_text"),
    "meshcore.context": ("RequestContext", "current"),
    "meshcore.engine": ("Attempt", "Decision", "Engine", "Mirror", "Outcome"),
    "meshcore.explain": ("Explain",),
    "meshcore.limit": ("LimitResult", "RateLimiter", "TokenBucket"),
    "meshcore.mesh": ("Mesh",),
    "meshcore.match": ("PathTemplate", "PathTemplateError", "Regex", "RegexError", "RouteTable"),
    "meshcore.outlier": ("EjectionStatus", "OutlierDetector"),
    "meshcore.shared": ("SharedState", "SharedStateError"),
    "meshcore.split": ("WeightedSplit",),
    "meshcore.trace": ("SpanContext", "request_id", "trace_counts"),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            from meshcore._backend import module_of

            value: object = getattr(module_of(home, name), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
