"""Rate limits by themselves: token buckets, one or one for each key."""

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import final

from meshcore.shared import SharedState

__all__ = ["LimitResult", "RateLimiter", "TokenBucket"]

@final
class LimitResult:
    """What ``check()`` and ``peek()`` say.

    It unpacks into ``allowed, remaining, retry_after``, equals the tuple of them, and is true where
    ``allowed`` is.
    """

    @property
    def allowed(self) -> bool: ...
    @property
    def remaining(self) -> int:
        """Whole tokens that are left now."""

    @property
    def retry_after(self) -> float:
        """Seconds after which the same would be allowed if nobody else came; 0.0 where it is, ``math.inf``
        where it costs more than ``max_tokens``."""

    @property
    def reset(self) -> float:
        """Seconds until the bucket is full again."""

    def __bool__(self) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[bool | int | float]: ...
    def __getitem__(self, index: int) -> bool | int | float: ...

class _Limit:
    @property
    def max_tokens(self) -> int: ...
    @property
    def tokens_per_fill(self) -> int: ...
    @property
    def fill_interval(self) -> float: ...
    @property
    def shared_state(self) -> SharedState | None:
        """Where it is; None: in this process, and no other one knows of it."""

@final
class TokenBucket(_Limit):
    """Holds at most ``max_tokens``, full to begin with, and gains ``tokens_per_fill`` in each
    ``fill_interval``, evenly: Envoy's TokenBucket, by GCRA (ITU-T I.371).

    In any stretch of time no more is allowed than ``max_tokens`` and what came meanwhile, exactly, whichever
    threads call. A clock that goes back gives no tokens. Nothing waits, so that it serves threads and
    coroutines alike. With a ``shared_state`` it is one bucket for all processes that name it so.

        bucket = TokenBucket(100, 10, 1.0)  # 10 a second, and up to 100 at once
        if not bucket.allow():
            ...

    A cost is a number of tokens. One of 0 takes nothing; one above ``max_tokens`` is never allowed. What is
    refused takes nothing. TypeError, ValueError: a cost that is no int of 0 or more.
    """

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
        """``max_tokens`` and ``tokens_per_fill`` are 1 to 2**53; ``fill_interval`` is in seconds, ``clock``
        gives seconds from anywhere, and is the machine's monotonic clock by default.

        ``shared_state``: a name, a path or a SharedState (docs/shared-state.md). Buckets in it with the same
        ``name`` and parameters are one. With a ``clock`` all processes must have the same.

        TypeError, ValueError: where one is out of range, or ``max_tokens`` would take more than 73 years to
        come. SharedStateError: the shared state cannot be used, or has no room.
        """

    @property
    def remaining(self) -> int:
        """Whole tokens that are left now."""

    def allow(self, cost: int = 1) -> bool:
        """Take so many tokens, if they are there."""

    def check(self, cost: int = 1) -> LimitResult:
        """As allow(); says what is left as well, and when to come again."""

    def peek(self, cost: int = 1) -> LimitResult:
        """What check() would say. Takes nothing."""

    def reserve(self, cost: int = 1, *, max_wait: float | timedelta | None = None) -> float | None:
        """Take tokens that may be still to come; returns how many seconds to wait for them (0.0: they are
        there).

        Those who reserve are served in the order in which they called. None, and nothing is taken: the wait
        would be longer than ``max_wait`` (or than 73 years), or the cost is above ``max_tokens``.
        """

    def refund(self, cost: int = 1) -> None:
        """Give tokens back that were taken and not used; the bucket gets no fuller than full."""

@final
class RateLimiter(_Limit):
    """A TokenBucket for each key, in memory of a fixed size.

    Keys are str or bytes (a str and its UTF-8 are the same key). What is allowed for a key is never more than
    its bucket gives, however many other keys there are: where more keys owe than there is room for, those
    nearest to full are forgotten, and come back owing no less. Then a new key may find its bucket less than
    full. ``forgotten`` counts how often that was so; docs/rate-limits.md says how much room there is.

        limiter = RateLimiter(100, 10, 1.0)
        allowed, remaining, retry_after = limiter.check(client_address)

    As for TokenBucket, for costs, clocks, threads and processes.
    """

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
        """``capacity``: how many keys may owe at once. 34 bytes are set aside for each; pages of memory that
        no key has come to take none. In a ``shared_state`` all of it is set aside at once; ``shared_state``
        and ``name`` are as for TokenBucket.

        TypeError, ValueError, SharedStateError: as for TokenBucket, or where ``capacity`` is no int of 1 to
        2**48. MemoryError.
        """

    @property
    def capacity(self) -> int: ...
    @property
    def nbytes(self) -> int:
        """How much memory it has, at most."""

    @property
    def forgotten(self) -> int:
        """How often a key was forgotten before its bucket was full again, or was new and refused for what
        others owe: the capacity is too small."""

    def allow(self, key: str | bytes, cost: int = 1) -> bool:
        """Take so many tokens of the key's bucket, if they are there."""

    def allow_many(self, keys: Iterable[str | bytes], cost: int = 1) -> list[bool]:
        """allow() for one key after another, at one reading of the clock."""

    def check(self, key: str | bytes, cost: int = 1) -> LimitResult:
        """As allow(); says what is left as well, and when to come again."""

    def peek(self, key: str | bytes, cost: int = 1) -> LimitResult:
        """What check() would say. Takes nothing."""

    def reserve(
        self, key: str | bytes, cost: int = 1, *, max_wait: float | timedelta | None = None
    ) -> float | None:
        """Take tokens that may be still to come; returns how many seconds to wait for them (0.0: they are
        there).

        None, and nothing is taken: the wait would be longer than ``max_wait`` (or than 73 years), or the cost
        is above ``max_tokens``.
        """

    def refund(self, key: str | bytes, cost: int = 1) -> None:
        """Give tokens back that were taken and not used; the bucket gets no fuller than full. A key that was
        forgotten gets none."""
