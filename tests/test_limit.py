"""TokenBucket and RateLimiter: exact in every window, whoever calls, whatever the clock does."""

from __future__ import annotations

import copy
import math
import pickle
import sys
import threading
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import meshcore
from meshcore import LimitResult, RateLimiter, TokenBucket

pytestmark = pytest.mark.usefixtures("each_backend")


class Clock:
    """Stands still unless it is moved."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("10/s",), "missing 2 required positional arguments: 'tokens_per_fill' and 'fill_interval'"),
        ((1, 1, 1.0, 1), "takes . positional arguments but . were given"),
    ],
)
@pytest.mark.parametrize("limit", ["RateLimiter", "TokenBucket"])
def test_what_it_takes_to_make_one(limit: str, given: Any, words: str) -> None:
    who = f"{limit}.*" if sys.implementation.name == "cpython" else "__init__"  # PyPy leaves the class out
    with pytest.raises(TypeError, match=rf"^{who}\(\) {words}$"):
        getattr(meshcore, limit)(*given)
    with pytest.raises(
        TypeError, match=rf"^{who}\(\) got an unexpected keyword argument 'rate'(; it takes .*)?$"
    ):
        getattr(meshcore, limit)(1, 1, 1.0, rate=1)


# ---------------------------------------------------------------------- one bucket


def test_a_bucket_is_full_and_fills_evenly() -> None:
    clock = Clock()
    bucket = TokenBucket(3, 3, 1.0, clock=clock)
    assert [bucket.allow() for _ in range(4)] == [True, True, True, False]
    clock.now += 0.5
    assert [bucket.allow() for _ in range(2)] == [True, False]
    clock.now += 3600
    assert [bucket.allow() for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize("rate", [1, 3, 7, 13, 60, 61, 64, 90, 1000])
def test_as_many_as_come_in_a_second_pass_after_a_second(rate: int) -> None:
    clock = Clock(0.0)
    bucket = TokenBucket(rate, rate, 1, clock=clock)
    for _ in range(4):
        assert sum(bucket.allow() for _ in range(rate + 5)) == rate
        clock.now += 1


def test_envoys_refill() -> None:
    """2 tokens each 500 ms, 4 at most: as in Envoy's recordings."""
    clock = Clock()
    bucket = TokenBucket(4, 2, timedelta(milliseconds=500), clock=clock)
    assert [bucket.allow() for _ in range(7)] == [True] * 4 + [False] * 3
    clock.now += 0.6
    assert [bucket.allow() for _ in range(3)] == [True, True, False]


def test_check_says_what_is_left() -> None:
    clock = Clock()
    bucket = TokenBucket(5, 2, 1.0, clock=clock)
    allowed, remaining, retry_after = bucket.check(4)
    assert (allowed, remaining, retry_after) == (True, 1, 0.0)
    refused = bucket.check(3)
    assert refused == (False, 1, 1.0)
    assert not refused
    assert (refused.allowed, refused.remaining, refused.retry_after, refused.reset) == (False, 1, 1.0, 2.0)
    assert (len(refused), refused[1], refused[-1]) == (3, 1, 1.0)
    clock.now += refused.retry_after
    assert bucket.peek(3)
    assert bucket.check(3) == (True, 0, 0.0)


def test_peek_takes_nothing() -> None:
    bucket = TokenBucket(2, 1, 1.0, clock=Clock())
    for _ in range(5):
        assert bucket.peek(2) == (True, 2, 0.0)
        assert bucket.peek(3) == (False, 2, math.inf)
    assert bucket.remaining == 2


def test_costs_at_the_edges() -> None:
    bucket = TokenBucket(2, 1, 1.0, clock=Clock())
    assert bucket.allow(0)
    assert bucket.remaining == 2
    for much in (3, 2**62, 2**64, 10**30):
        assert bucket.allow(much) is False
        assert bucket.check(much) == (False, 2, math.inf)
        assert bucket.reserve(much) is None
    assert bucket.allow(2)
    assert bucket.allow(0)
    for wrong in (-1, -(2**70)):
        for call in (bucket.allow, bucket.check, bucket.peek, bucket.reserve, bucket.refund):
            with pytest.raises(ValueError, match=r"cost is -\d+; expected 0 or more"):
                call(wrong)
    for other in (1.0, "1", None, True):
        with pytest.raises(TypeError, match=r"cost is .*expected an int"):
            bucket.allow(other)  # type: ignore[arg-type]
    assert bucket.remaining == 0


def test_refund() -> None:
    bucket = TokenBucket(3, 1, 1.0, clock=Clock())
    assert bucket.allow(3)
    bucket.refund(2)
    assert bucket.remaining == 2
    bucket.refund(10**30)
    bucket.refund()
    assert bucket.remaining == 3


def test_all_that_is_owed_can_be_given_back() -> None:
    bucket, limiter = TokenBucket(10, 1, 60.0, clock=Clock()), RateLimiter(10, 1, 60.0, clock=Clock())
    for cost in (10, 5):
        bucket.reserve(cost)
        limiter.reserve("a", cost)
    bucket.refund(12)
    limiter.refund("a", 12)
    assert (bucket.remaining, limiter.peek("a").remaining) == (7, 7)


def test_reserve_says_how_long_to_wait() -> None:
    clock = Clock()
    bucket = TokenBucket(2, 1, 1.0, clock=clock)
    assert bucket.reserve(2) == 0.0
    assert bucket.reserve() == 1.0
    assert bucket.reserve(2) == 3.0
    assert bucket.reserve(max_wait=3.5) is None
    assert bucket.reserve(max_wait=timedelta(seconds=4)) == 4.0
    assert bucket.remaining == 0
    bucket.refund()  # of the last
    clock.now += 4.0
    assert bucket.allow(1)
    assert not bucket.allow(1)
    with pytest.raises(ValueError, match="max_wait"):
        bucket.reserve(max_wait=-1)
    with pytest.raises(ValueError, match="max_wait"):
        bucket.reserve(max_wait=math.nan)
    with pytest.raises(TypeError, match="max_wait"):
        bucket.reserve(max_wait="1")  # type: ignore[arg-type]


@pytest.mark.parametrize("back", [1e-9, 1.0, 86400.0, 1000.0, 5000.0])
def test_a_clock_that_goes_back_gives_nothing(back: float) -> None:
    clock = Clock()
    bucket = TokenBucket(3, 3, 1.0, clock=clock)
    limiter = RateLimiter(3, 3, 1.0, clock=clock)
    assert bucket.allow(3)
    assert limiter.allow("a", 3)
    clock.now -= back
    assert not bucket.allow()
    assert not limiter.allow("a")
    assert bucket.check().retry_after >= back
    clock.now += back
    assert not bucket.allow()
    clock.now += 1.0
    assert [bucket.allow() for _ in range(4)] == [True, True, True, False]
    assert [limiter.allow("a") for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize("now", [math.nan, math.inf, -1e10, 1e10])
def test_a_clock_that_says_nonsense(now: float) -> None:
    with pytest.raises(ValueError, match="the clock says"):
        TokenBucket(1, 1, 1.0, clock=lambda: now).allow()


def test_the_clock_of_the_machine() -> None:
    bucket = TokenBucket(1, 1, 3600.0)
    assert bucket.allow()
    assert 3500 < bucket.check().retry_after <= 3600
    limiter = RateLimiter(1, 1, 3600.0)
    assert limiter.allow("a")
    assert 3500 < limiter.check("a").retry_after <= 3600


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ((0, 1, 1.0), "max_tokens is 0"),
        ((-1, 1, 1.0), "max_tokens is -1"),
        ((2**53 + 1, 1, 1.0), "max_tokens is"),
        ((1, 0, 1.0), "tokens_per_fill is 0; expected 1 to 9,007,199,254,740,992"),
        ((1, 1, 0.0), "fill_interval is 0.0 s"),
        ((1, 1, -1.0), "fill_interval is -1.0 s"),
        ((1, 1, math.inf), "fill_interval is inf s"),
        ((1, 1, math.nan), "fill_interval is no number"),
        ((1, 1, 1e10), "fill_interval is 10000000000.0 s"),
        ((1, 1, timedelta(0)), "fill_interval is 0.0 s"),
        ((10**12, 1, 1.0), "more than 73 years"),
    ],
)
def test_parameters_out_of_range(wrong: tuple[Any, Any, Any], message: str) -> None:
    for component in (TokenBucket, RateLimiter):
        with pytest.raises(ValueError, match=message.replace(".", r"\.")):
            component(*wrong)


@pytest.mark.parametrize("wrong", [(1.0, 1, 1.0), (1, True, 1.0), (1, 1, "1s"), (1, 1, None), (1, 1, False)])
def test_parameters_of_other_types(wrong: tuple[Any, Any, Any]) -> None:
    for component in (TokenBucket, RateLimiter):
        with pytest.raises(TypeError, match="expected"):
            component(*wrong)


def test_large_buckets_of_language_models() -> None:
    clock = Clock()
    month = timedelta(days=30)
    bucket = TokenBucket(10**12, 10**12, month, clock=clock)
    assert bucket.check(10**12 - 5) == (True, 5, 0.0)
    clock.now += month.total_seconds() / 2
    assert bucket.remaining == 5 * 10**11 + 5


def test_they_say_what_they_are() -> None:
    bucket = TokenBucket(5, 2, 0.5, clock=Clock())
    bucket.allow(2)
    assert repr(bucket) == "<TokenBucket 3 of 5>"
    assert (bucket.max_tokens, bucket.tokens_per_fill, bucket.fill_interval) == (5, 2, 0.5)
    assert repr(bucket.check(1)) == "LimitResult(allowed=True, remaining=2, retry_after=0.0, reset=0.75)"
    limiter = RateLimiter(5, 2, 0.5, capacity=100)
    assert repr(limiter) == "<RateLimiter 2 in 0.5 s, at most 5, for 100 keys>"
    assert (limiter.max_tokens, limiter.tokens_per_fill, limiter.fill_interval) == (5, 2, 0.5)
    for one in (bucket, limiter):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            pickle.dumps(one)
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            copy.copy(one)
    with pytest.raises(TypeError, match="check"):
        LimitResult()


def test_results_compare() -> None:
    bucket = TokenBucket(5, 2, 0.5, clock=Clock())
    assert bucket.peek() == bucket.peek()
    assert hash(bucket.peek()) == hash((True, 5, 0.0))
    assert bucket.peek() != bucket.peek(6)
    assert bucket.peek() != "yes"


# ---------------------------------------------------------------------- a bucket for each key


def test_each_key_has_its_own() -> None:
    limiter = RateLimiter(2, 1, 1.0, clock=Clock())
    assert [limiter.allow("a") for _ in range(3)] == [True, True, False]
    assert limiter.check("b") == (True, 1, 0.0)
    assert limiter.check("a") == (False, 0, 1.0)
    assert limiter.peek("c") == (True, 2, 0.0)


def test_keys_are_texts() -> None:
    limiter = RateLimiter(1, 1, 1.0, clock=Clock())
    for key in ("", "a", "é", "日本", "\udc80", "\ud800", b"\x00", b"\x00\x00", "x" * 100_000):
        assert limiter.allow(key)
        assert not limiter.allow(key)
    assert not limiter.allow("é".encode())  # the same key
    assert not limiter.allow(b"\x80")
    for wrong in (None, 1, 1.5, ["a"], bytearray(b"a")):
        for call in (limiter.allow, limiter.check, limiter.peek, limiter.reserve, limiter.refund):
            with pytest.raises(TypeError, match="expected str or bytes"):
                call(wrong)  # type: ignore[arg-type]


def test_many_at_once() -> None:
    limiter = RateLimiter(2, 1, 1.0, clock=Clock())
    assert limiter.allow_many(["a", "b", b"a", "a", "b"]) == [True, True, True, False, True]
    assert limiter.allow_many(iter("cd"), 2) == [True, True]
    assert limiter.allow_many([]) == []
    with pytest.raises(ValueError, match="cost"):
        limiter.allow_many(["a"], -1)
    for one in ("abc", b"abc"):
        with pytest.raises(TypeError, match="expected an iterable of keys"):
            limiter.allow_many(one)  # type: ignore[arg-type]


def test_refund_and_reserve_by_key() -> None:
    limiter = RateLimiter(2, 1, 1.0, clock=Clock())
    assert limiter.reserve("a", 2) == 0.0
    assert limiter.reserve("a") == 1.0
    assert limiter.reserve("a", max_wait=1.5) is None
    assert limiter.reserve("a", 3) is None
    limiter.refund("a", 2)
    assert limiter.check("a") == (True, 0, 0.0)
    limiter.refund("unknown")
    assert limiter.peek("unknown") == (True, 2, 0.0)
    with pytest.raises(ValueError, match="cost"):
        limiter.refund("a", -1)


@pytest.mark.parametrize("wrong", [0, -1, 2**48 + 1])
def test_capacities_out_of_range(wrong: int) -> None:
    with pytest.raises(ValueError, match="capacity is"):
        RateLimiter(1, 1, 1.0, capacity=wrong)


def test_a_capacity_that_no_memory_holds() -> None:
    with pytest.raises(MemoryError):
        RateLimiter(1, 1, 1.0, capacity=2**48)


def test_who_was_forgotten_gets_no_fresh_bucket() -> None:
    clock = Clock()
    limiter = RateLimiter(10, 1, 1.0, capacity=100, clock=clock)
    size = limiter.nbytes
    assert limiter.allow("attacker", 10)
    for step in range(20_000):
        limiter.allow(f"disguise {step}")
        assert not limiter.allow("attacker")
    assert limiter.forgotten > 0
    assert limiter.nbytes == size
    clock.now += 5.0
    assert sum(limiter.allow("attacker") for _ in range(20)) <= 5


def test_who_finds_no_room_is_counted() -> None:
    limiter = RateLimiter(10, 1, 60.0, capacity=100, clock=Clock())
    allowed = [limiter.allow(f"one of many {number}", 10) for number in range(1000)]
    assert allowed.count(False) > 700
    assert limiter.forgotten == allowed.count(False)


def test_a_flood_drives_out_nobody_who_owes_more() -> None:
    """Regular users of a table that is large enough keep their buckets, whatever comes by once."""
    clock = Clock()
    limiter = RateLimiter(10, 10, 1.0, capacity=10_000, clock=clock)
    users = [f"user {number}" for number in range(100)]
    for user in users:
        assert limiter.allow(user, 5)
    for step in range(20_000):  # of whom a thousand owe at a time
        clock.now += 1e-4
        limiter.allow(f"passer-by {step}")
    assert [limiter.peek(user).remaining for user in users] == [10] * len(users)
    assert limiter.forgotten == 0


def test_memory_is_what_it_says() -> None:
    assert 34 * 65536 < RateLimiter(1, 1, 1.0).nbytes < 36 * 65536


# ---------------------------------------------------------------------- in every window


def check_windows(admitted: list[tuple[Fraction, int]], burst: int, rate: Fraction) -> None:
    """In every window no more than the burst and what came meanwhile: the definition."""
    admitted.sort()
    for first in range(len(admitted)):
        tokens = 0
        for now, cost in admitted[first:]:
            tokens += cost
            assert tokens <= burst + rate * (now - admitted[first][0])


BUCKETS = st.tuples(st.integers(1, 9), st.integers(1, 200), st.integers(1, 5000))
STEPS = st.lists(
    st.tuples(st.integers(-300, 3000), st.integers(0, 11), st.sampled_from("abcdefghijklmnopqrstuvwxyz")),
    max_size=60,
)


@given(BUCKETS, STEPS)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_every_window_of_a_bucket(shape: tuple[int, int, int], steps: list[tuple[int, int, str]]) -> None:
    burst, tokens, interval = shape
    now = 10**9
    clock = Clock()
    bucket = TokenBucket(burst, tokens, interval * 1e-9, clock=clock)
    admitted: list[tuple[Fraction, int]] = []
    for step, cost, _ in steps:
        now += step
        clock.now = now / 1e9
        if bucket.allow(cost):
            admitted.append((Fraction(now), cost))
    check_windows(admitted, burst, Fraction(tokens, interval))


@given(st.integers(1, 9), st.integers(1, 64), STEPS)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_a_bucket_is_exact(burst: int, tokens: int, steps: list[tuple[int, int, str]]) -> None:
    """The model is a token bucket of rational numbers. The clock goes on."""
    interval, now, level = 997, 10**9, Fraction(burst)
    clock = Clock()
    bucket = TokenBucket(burst, tokens, interval * 1e-9, clock=clock)
    for step, cost, _ in steps:
        now += abs(step)
        clock.now = now / 1e9
        level = min(Fraction(burst), level + abs(step) * Fraction(tokens, interval))
        result = bucket.check(cost)
        assert result.allowed == (cost <= level)
        if result.allowed:
            level -= cost
        elif cost <= burst:
            assert round(result.retry_after * 1e9) == math.ceil((cost - level) * Fraction(interval, tokens))
        assert result.remaining == math.floor(level)
        assert round(result.reset * 1e9) == math.ceil((burst - level) * Fraction(interval, tokens))


@given(BUCKETS, STEPS)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_every_window_of_keys_that_are_forgotten(
    shape: tuple[int, int, int], steps: list[tuple[int, int, str]]
) -> None:
    burst, tokens, interval = shape
    now = 10**9
    clock = Clock()
    limiter = RateLimiter(burst, tokens, interval * 1e-9, capacity=1, clock=clock)
    admitted: dict[str, list[tuple[Fraction, int]]] = {}
    for step, cost, key in steps:
        now += step // 20
        clock.now = now / 1e9
        if limiter.allow(key, cost):
            admitted.setdefault(key, []).append((Fraction(now), cost))
    for one in admitted.values():
        check_windows(one, burst, Fraction(tokens, interval))


@given(STEPS)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_with_room_a_limiter_is_as_many_buckets(steps: list[tuple[int, int, str]]) -> None:
    clock = Clock()
    limiter = RateLimiter(5, 3, 1e-6, clock=clock)
    buckets = {key: TokenBucket(5, 3, 1e-6, clock=clock) for key in "abcdefghijklmnopqrstuvwxyz"}
    for step, cost, key in steps:
        clock.now += step / 1e9
        if cost == 11:
            limiter.refund(key, 2)
            buckets[key].refund(2)
        elif cost == 10:
            assert limiter.reserve(key, 2, max_wait=2e-6) == buckets[key].reserve(2, max_wait=2e-6)
        elif cost == 9:
            assert limiter.allow(key) == buckets[key].allow()
        else:
            assert limiter.check(key, cost) == buckets[key].check(cost)


def test_threads_share_a_bucket() -> None:
    clock = Clock()
    bucket, limiter, gate = TokenBucket(500, 1, 1.0, clock=clock), RateLimiter(500, 1, 1.0, clock=clock), 8
    barrier = threading.Barrier(gate)
    of_bucket: list[int] = []
    of_limiter: list[int] = []

    def work() -> None:
        barrier.wait()
        of_bucket.append(sum(bucket.allow() for _ in range(200)))
        of_limiter.append(sum(limiter.allow("a") for _ in range(200)))

    threads = [threading.Thread(target=work) for _ in range(gate)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(of_bucket), sum(of_limiter)) == (500, 500)
