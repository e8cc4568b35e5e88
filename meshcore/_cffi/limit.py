"""Rate limits over cffi. The stub limit.pyi has the documentation."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, NoReturn, final

from meshcore._cffi._core import ffi, lib
from meshcore._cffi.text import raise_error, slice_of
from meshcore._limit import (
    NEVER,
    bucket_of,
    checked_capacity,
    checked_cost,
    checked_keys,
    nanoseconds,
    wait_of,
)
from meshcore.shared import SharedState

__all__ = ["LimitResult", "RateLimiter", "TokenBucket"]


@final
class LimitResult:
    __slots__ = ("_answer",)
    _answer: Any

    def __init__(self) -> None:
        raise TypeError("a LimitResult is what check() and peek() return")

    @property
    def allowed(self) -> bool:
        return bool(self._answer.allowed)

    @property
    def remaining(self) -> int:
        return int(self._answer.remaining)

    @property
    def retry_after(self) -> float:
        return _seconds(self._answer.retry_after_ns)

    @property
    def reset(self) -> float:
        return _seconds(self._answer.reset_ns)

    def _three(self) -> tuple[bool, int, float]:
        return self.allowed, self.remaining, self.retry_after

    def __bool__(self) -> bool:
        return self.allowed

    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Iterator[bool | int | float]:
        return iter(self._three())

    def __getitem__(self, index: int) -> bool | int | float:
        return self._three()[index]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (LimitResult, tuple)):
            return self._three() == tuple(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._three())

    def __repr__(self) -> str:
        return (
            f"LimitResult(allowed={self.allowed}, remaining={self.remaining}, "
            f"retry_after={self.retry_after}, reset={self.reset})"
        )


def _seconds(ns: int) -> float:
    return math.inf if ns == NEVER else ns / 1e9


def _result(answer: Any) -> LimitResult:
    result = LimitResult.__new__(LimitResult)
    result._answer = answer
    return result


def _wait(ns: int) -> float | None:
    return None if ns == NEVER else ns / 1e9


class _Limit:
    def __init__(
        self,
        max_tokens: int,
        tokens_per_fill: int,
        fill_interval: float | timedelta,
        clock: Callable[[], float] | None,
        shared_state: str | os.PathLike[str] | SharedState | None,
    ) -> None:
        self.max_tokens, self.tokens_per_fill, interval = bucket_of(
            max_tokens, tokens_per_fill, fill_interval
        )
        self.fill_interval = interval / 1e9
        self._clock = clock
        self._limit = ffi.new("mc_limit *")
        bucket, error = ffi.new("mc_token_bucket *"), ffi.new("mc_error *")
        bucket.max_tokens, bucket.tokens_per_fill = self.max_tokens, self.tokens_per_fill
        bucket.fill_interval_ns = interval
        if lib.mc_limit_make(bucket, self._limit, error):
            raise_error(error)
        self.shared_state = None if shared_state is None else SharedState.of(shared_state)

    def _found(self, kind: str, name: str | bytes, *arguments: Any) -> Any:
        """What the shared state has of the name and of these parameters; it is given back."""
        assert self.shared_state is not None
        shared, error = ffi.cast("mc_shared *", self.shared_state.address), ffi.new("mc_error *")
        text, _alive = _text(name)
        found = getattr(lib, f"mc_shared_{kind}")(shared, text, *arguments, error)
        if found == ffi.NULL:
            raise self.shared_state.error(ffi.string(error.message).decode())
        state = self.shared_state  # for as long as what is in it

        def release(data: Any) -> None:
            getattr(lib, f"mc_shared_release_{kind}")(ffi.cast("mc_shared *", state.address), data)

        return ffi.gc(found, release)

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled or copied; make another one")

    def _now(self) -> int:
        return int(lib.mc_platform_now_ns()) if self._clock is None else nanoseconds(self._clock())


@final
class TokenBucket(_Limit):
    """A token bucket, as Envoy has it."""

    def __init__(
        self,
        max_tokens: int,
        tokens_per_fill: int,
        fill_interval: float | timedelta,
        *,
        shared_state: str | os.PathLike[str] | SharedState | None = None,
        name: str | bytes = "",
        clock: Callable[[], float] | None = None,
    ) -> None:
        super().__init__(max_tokens, tokens_per_fill, fill_interval, clock, shared_state)
        if self.shared_state is not None:
            self._bucket = self._found("bucket", name, self._limit)
            return
        bucket = lib.mc_bucket_new()
        if bucket == ffi.NULL:
            raise MemoryError
        self._bucket = ffi.gc(bucket, lib.mc_bucket_free)

    def __repr__(self) -> str:
        return f"<TokenBucket {self.remaining} of {self.max_tokens}>"

    def allow(self, cost: int = 1) -> bool:
        return bool(lib.mc_bucket_allow(self._bucket, self._limit, checked_cost(cost), self._now()))

    def check(self, cost: int = 1) -> LimitResult:
        return _result(lib.mc_bucket_check(self._bucket, self._limit, checked_cost(cost), self._now()))

    def peek(self, cost: int = 1) -> LimitResult:
        return _result(lib.mc_bucket_peek(self._bucket, self._limit, checked_cost(cost), self._now()))

    @property
    def remaining(self) -> int:
        return self.peek().remaining

    def reserve(self, cost: int = 1, *, max_wait: float | timedelta | None = None) -> float | None:
        return _wait(
            lib.mc_bucket_reserve(
                self._bucket, self._limit, checked_cost(cost), wait_of(max_wait), self._now()
            )
        )

    def refund(self, cost: int = 1) -> None:
        lib.mc_bucket_refund(self._bucket, self._limit, checked_cost(cost), self._now())


@final
class RateLimiter(_Limit):
    """A token bucket for each key, in memory of a fixed size."""

    def __init__(
        self,
        max_tokens: int,
        tokens_per_fill: int,
        fill_interval: float | timedelta,
        *,
        capacity: int = 65536,
        shared_state: str | os.PathLike[str] | SharedState | None = None,
        name: str | bytes = "",
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.capacity = checked_capacity(capacity)
        self.nbytes = int(lib.mc_limiter_bytes(self.capacity))
        super().__init__(max_tokens, tokens_per_fill, fill_interval, clock, shared_state)
        secret = ffi.new("uint8_t[16]")
        if not lib.mc_platform_random(secret, 16):
            raise OSError("the system has no random numbers to give")
        if self.shared_state is not None:
            self._limiter = self._found("limiter", name, self.capacity, self._limit, secret)
            return
        limiter = lib.mc_limiter_new(self.capacity, self._limit, secret)
        if limiter == ffi.NULL:
            raise MemoryError(f"no memory for {self.capacity} keys")
        self._limiter = ffi.gc(limiter, lib.mc_limiter_free)

    def __repr__(self) -> str:
        return (
            f"<RateLimiter {self.tokens_per_fill} in {self.fill_interval:g} s, at most {self.max_tokens}, "
            f"for {self.capacity} keys>"
        )

    @property
    def forgotten(self) -> int:
        return int(lib.mc_limiter_forgotten(self._limiter))

    def allow(self, key: str | bytes, cost: int = 1) -> bool:
        return self._allow(key, checked_cost(cost), self._now())

    def allow_many(self, keys: Iterable[str | bytes], cost: int = 1) -> list[bool]:
        cost, now = checked_cost(cost), self._now()
        return [self._allow(key, cost, now) for key in checked_keys(keys)]

    def check(self, key: str | bytes, cost: int = 1) -> LimitResult:
        text, _alive = _text(key)
        return _result(lib.mc_limiter_check(self._limiter, text, checked_cost(cost), self._now()))

    def peek(self, key: str | bytes, cost: int = 1) -> LimitResult:
        text, _alive = _text(key)
        return _result(lib.mc_limiter_peek(self._limiter, text, checked_cost(cost), self._now()))

    def reserve(
        self, key: str | bytes, cost: int = 1, *, max_wait: float | timedelta | None = None
    ) -> float | None:
        text, _alive = _text(key)
        return _wait(
            lib.mc_limiter_reserve(self._limiter, text, checked_cost(cost), wait_of(max_wait), self._now())
        )

    def refund(self, key: str | bytes, cost: int = 1) -> None:
        text, _alive = _text(key)
        lib.mc_limiter_refund(self._limiter, text, checked_cost(cost), self._now())

    def _allow(self, key: str | bytes, cost: int, now: int) -> bool:
        text, _alive = _text(key)
        return bool(lib.mc_limiter_allow(self._limiter, text, cost, now))


def _text(key: str | bytes) -> tuple[Any, list[Any]]:
    """The key as a slice, and what must live as long as it."""
    slice, alive = ffi.new("mc_slice *"), []  # type: Any, list[Any]
    slice_of(slice, key, alive)
    return slice[0], [slice, alive]
