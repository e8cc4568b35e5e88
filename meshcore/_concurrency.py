"""What both backends of the concurrency limiters share: parameters for the core, and admissions."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from types import TracebackType
from typing import Any, Protocol

from meshcore.model.concurrency import (
    AimdController,
    ConcurrencyController,
    GradientController,
    check_controller,
)

__all__ = ["Admission", "ConcurrencyLimitReached", "core_controller", "latency_ns", "made", "seconds_of"]

# Half the range is 292 years; now and a duration must add up.
_LONGEST = 9_000_000_000.0


class ConcurrencyLimitReached(Exception):
    """``admit()`` found no room: as many requests are under way as there may be now."""


class _Limiter(Protocol):
    def release(self, latency: float | None = None, *, failed: bool = False) -> None: ...
    def _now(self) -> int: ...


class Admission:
    """A request that was let in, until it is released: once, however often that is said.

    As a context manager it measures the time, and tells a failure where an Exception comes out of the
    block; of a request that is cancelled (asyncio.CancelledError, KeyboardInterrupt) nothing is learned.
    """

    __slots__ = ("_limiter", "_start")

    def __init__(self, limiter: _Limiter, start: int) -> None:
        self._limiter: _Limiter | None = limiter
        self._start = start

    def release(self, *, failed: bool = False) -> None:
        """The request has been answered, or has failed. Calls after the first do nothing."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            limiter.release(max(0, limiter._now() - self._start) / 1e9, failed=failed)

    def cancel(self) -> None:
        """The request was given up, which says nothing of how long it would have taken."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            limiter.release()

    def __enter__(self) -> Admission:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and not issubclass(kind, Exception):
            self.cancel()
        else:
            self.release(failed=kind is not None)


def made(kind: type[Any], parameters: dict[str, Any]) -> Any:
    """A controller of the model, of parameters by name.

    Raises:
        TypeError, ValueError: where one has the wrong type, is out of its range or unknown.
    """
    known = {one.name for one in fields(kind)}
    for name in parameters:
        if name not in known:
            limiter = kind.__name__.replace("Controller", "Limiter")
            raise TypeError(f"{limiter}() got an unexpected keyword argument {name!r}")
    controller = kind(**parameters)
    for one in fields(kind):
        value, whole = getattr(controller, one.name), one.metadata.get("whole", False)
        if value is None and one.metadata["optional"]:
            continue
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise TypeError(f"{one.name} is {value!r}; expected {'an int' if whole else 'a number'}")
    for problem in check_controller(controller):
        raise ValueError(problem)
    if isinstance(controller, GradientController):
        # Of documents this is a warning, as Envoy takes it.
        least, most = controller.min_concurrency_limit or 0, controller.max_concurrency_limit
        if least > most:
            expected = f"max_concurrency_limit ({most}) or less"
            raise ValueError(f"min_concurrency_limit: found {least}, expected {expected}")
    return controller


def core_controller(controller: ConcurrencyController) -> tuple[str, dict[str, Any]]:
    """Which field of an ``mc_concurrency_spec`` it is, and the fields of that.

    Raises:
        ValueError: for what is out of its range.
    """
    for problem in check_controller(controller):
        raise ValueError(f"{type(controller).__name__}.{problem}")
    if isinstance(controller, GradientController):
        return "gradient", _gradient(controller)
    return "aimd", _aimd(controller)


def _gradient(given: GradientController) -> dict[str, Any]:
    return {
        "percentile": given.sample_aggregate_percentile / 100,
        "jitter": given.jitter / 100,
        "buffer": given.buffer / 100,
        "max_limit": given.max_concurrency_limit,
        "min_limit": given.min_concurrency_limit or 0,
        "min_concurrency": given.min_concurrency,
        "request_count": given.request_count,
        "update_interval_ns": _milliseconds(given.concurrency_update_interval) * 1_000_000,
        "min_rtt_interval_ns": _milliseconds(given.min_rtt_interval) * 1_000_000,
        "fixed_min_rtt_us": 0 if given.min_rtt is None else _milliseconds(given.min_rtt) * 1_000,
    }


def _aimd(given: AimdController) -> dict[str, Any]:
    late = given.latency_threshold
    return {
        "initial_limit": given.initial_limit,
        "min_limit": given.min_limit,
        "max_limit": given.max_limit,
        "increase": given.increase,
        "backoff_ratio": given.backoff_ratio,
        "latency_threshold_ns": 0 if late is None else round(min(late, _LONGEST) * 1e9),
    }


def _milliseconds(seconds: float) -> int:
    """Whole ones, as Envoy counts them; the float may lie a hair below."""
    return round(min(seconds, _LONGEST) * 1_000_000_000) // 1_000_000


def latency_ns(latency: object) -> int:
    """How long an answer took.

    Raises:
        TypeError, ValueError: where it is no time.
    """
    if isinstance(latency, timedelta):
        latency = latency.total_seconds()
    if not isinstance(latency, (int, float)) or isinstance(latency, bool):
        raise TypeError(f"latency is {latency!r}; expected seconds or a timedelta")
    if not latency >= 0:
        raise ValueError(f"latency is {latency} s; expected 0 or more")
    return round(min(latency, _LONGEST) * 1e9)


def seconds_of(microseconds: int) -> float | None:
    """None: not known yet."""
    return microseconds / 1e6 if microseconds else None
