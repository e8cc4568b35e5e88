"""Limits on the requests under way that move with what comes of them: parameters, defaults and ranges.

Durations are seconds, percentages of 100. Envoy's controller counts in whole milliseconds, and so does ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Any, Optional, Union

from meshcore.model._dataclass import dataclass
from meshcore.model.balancing import Range, check_parameters

__all__ = [
    "AdaptiveConcurrency",
    "AimdController",
    "ConcurrencyController",
    "GradientController",
    "check_controller",
]

_MOST = 2**32 - 1
_MILLISECOND = 0.001


def _parameter(default: Any, *, optional: bool = False, **bounds: Any) -> Any:
    return field(default=default, metadata={"range": Range(**bounds), "optional": optional})


def _count(default: int | None, *, optional: bool = False) -> Any:
    found = {"range": Range(least=1, most=_MOST), "optional": optional, "whole": True}
    return field(default=default, metadata=found)


@dataclass(frozen=True, slots=True)
class GradientController:
    """Envoy's ``GradientControllerConfig``, its two messages of parameters in one.

    The min RTT is ``min_rtt`` where that is given (Envoy's ``fixed_value``), or else measured every
    ``min_rtt_interval`` (Envoy's ``interval``, which has no default there). The limit is no less than
    ``min_concurrency_limit`` (None: ``min_concurrency``), but that it is ``min_concurrency`` at most while
    the min RTT is measured.
    """

    max_concurrency_limit: int = _count(1000)
    min_concurrency_limit: Optional[int] = _count(None, optional=True)  # noqa: UP045
    concurrency_update_interval: float = _parameter(0.1, least=_MILLISECOND)
    min_rtt_interval: float = _parameter(60.0, least=_MILLISECOND)
    min_rtt: Optional[float] = _parameter(None, optional=True, least=_MILLISECOND)  # noqa: UP045
    request_count: int = _count(50)
    jitter: float = _parameter(15.0, least=0, most=100)
    min_concurrency: int = _count(3)
    buffer: float = _parameter(25.0, least=0, most=100)
    sample_aggregate_percentile: float = _parameter(50.0, least=0, most=100)


@dataclass(frozen=True, slots=True)
class AimdController:
    """Additive increase, multiplicative decrease, by the names of Netflix' ``AIMDLimit``.

    A round of as many answers in time as the limit raises it by ``increase``; a failure, or an answer after
    ``latency_threshold`` (None: none is too late), leaves ``backoff_ratio`` of it, once for each round.
    """

    initial_limit: int = _count(20)
    min_limit: int = _count(1)
    max_limit: int = _count(200)
    increase: float = _parameter(1.0, above=0, most=_MOST)
    backoff_ratio: float = _parameter(0.9, above=0, below=1)
    latency_threshold: Optional[float] = _parameter(5.0, optional=True, least=_MILLISECOND)  # noqa: UP045


# Not by "|", which PyPy 3.9 does not know.
ConcurrencyController = Union[GradientController, AimdController]  # noqa: UP007


@dataclass(frozen=True, slots=True)
class AdaptiveConcurrency:
    """Envoy's HTTP filter ``adaptive_concurrency``: ``status`` answers what is above the limit."""

    controller: GradientController
    status: int = 503


def check_controller(given: ConcurrencyController) -> Iterator[str]:
    """What is wrong with a controller's parameters: "buffer: found 101, expected 0 to 100"."""
    yield from check_parameters(given)
    if isinstance(given, AimdController):
        if given.min_limit > given.max_limit:
            yield f"min_limit: found {given.min_limit}, expected max_limit ({given.max_limit}) or less"
        elif not given.min_limit <= given.initial_limit <= given.max_limit:
            expected = f"{given.min_limit} to {given.max_limit}"
            yield f"initial_limit: found {given.initial_limit}, expected {expected}"
