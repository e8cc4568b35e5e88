"""Adaptive concurrency limits over cffi. The stub concurrency.pyi has the documentation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NoReturn, final

from meshcore._cffi._core import ffi, lib
from meshcore._cffi.draws import Draws
from meshcore._concurrency import (
    Admission,
    ConcurrencyLimitReached,
    core_controller,
    latency_ns,
    made,
    seconds_of,
)
from meshcore._hosts import checked_seed
from meshcore._options import checked_clock
from meshcore.model.concurrency import AimdController, ConcurrencyController, GradientController

__all__ = ["Admission", "AimdLimiter", "ConcurrencyLimitReached", "GradientLimiter"]


class _Limiter:
    def __init__(
        self, parameters: ConcurrencyController, clock: Callable[[], float] | None, seed: int | None
    ) -> None:
        self._parameters, self._clock = parameters, checked_clock(clock)
        which, fields = core_controller(parameters)
        spec = ffi.new("mc_concurrency_spec *")
        spec.kind = lib.MC_CONCURRENCY_GRADIENT if which == "gradient" else lib.MC_CONCURRENCY_AIMD
        setattr(spec, which, fields)
        limiter = lib.mc_concurrency_new(
            spec, self._now(), Draws(None).next() if seed is None else checked_seed(seed)
        )
        if limiter == ffi.NULL:
            raise MemoryError
        self._limiter = ffi.gc(limiter, lib.mc_concurrency_free)

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled or copied; make another one")

    def __repr__(self) -> str:
        status = self._status()
        return f"<{type(self).__name__} {status.in_flight} of {status.limit}>"

    def _now(self) -> int:
        if self._clock is None:
            return int(lib.mc_platform_now_ns())
        return int(min(max(self._clock(), 0.0), 9.0e9) * 1e9)

    def _status(self) -> Any:
        lib.mc_concurrency_sweep(self._limiter, self._now())
        return lib.mc_concurrency_read(self._limiter)

    def acquire(self) -> bool:
        return bool(lib.mc_concurrency_acquire(self._limiter, self._now()))

    def release(self, latency: float | timedelta | None = None, *, failed: bool = False) -> None:
        taken = 0 if latency is None else latency_ns(latency)
        sample = lib.MC_SAMPLE_NONE if latency is None else lib.MC_SAMPLE_ANSWERED
        if failed:
            sample = lib.MC_SAMPLE_FAILED
        now = self._now()
        if not lib.mc_concurrency_release(self._limiter, sample, max(0, now - taken), now):
            raise ValueError("no request is under way")

    def admit(self) -> Admission:
        now = self._now()
        if not lib.mc_concurrency_acquire(self._limiter, now):
            raise ConcurrencyLimitReached("as many requests are under way as there may be now")
        return Admission(self, now)

    @property
    def limit(self) -> int:
        return int(self._status().limit)

    @property
    def in_flight(self) -> int:
        return int(lib.mc_concurrency_read(self._limiter).in_flight)

    @property
    def refused(self) -> int:
        return int(lib.mc_concurrency_read(self._limiter).refused)


@final
class GradientLimiter(_Limiter):
    def __init__(
        self, *, clock: Callable[[], float] | None = None, seed: int | None = None, **parameters: Any
    ) -> None:
        super().__init__(made(GradientController, parameters), clock, seed)

    @property
    def parameters(self) -> GradientController:
        assert isinstance(self._parameters, GradientController)
        return self._parameters

    @property
    def measuring(self) -> bool:
        return bool(self._status().measuring)

    @property
    def min_rtt(self) -> float | None:
        return seconds_of(self._status().min_rtt_us)

    @property
    def sample_rtt(self) -> float | None:
        return seconds_of(self._status().sample_rtt_us)

    @property
    def gradient(self) -> float:
        return float(self._status().gradient)

    @property
    def headroom(self) -> float:
        return float(self._status().headroom)


@final
class AimdLimiter(_Limiter):
    def __init__(self, *, clock: Callable[[], float] | None = None, **parameters: Any) -> None:
        super().__init__(made(AimdController, parameters), clock, 0)

    @property
    def parameters(self) -> AimdController:
        assert isinstance(self._parameters, AimdController)
        return self._parameters
