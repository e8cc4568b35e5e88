"""What is decided without asking: it spares round trips, and never allows more than the buckets give."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis_model import ModelServer, check_windows

from meshcore.global_limit import GlobalLimitResult, Source
from meshcore.global_limit.redis.limiter import Asking, Limiter


class World:
    """Time in microseconds, and a server."""

    def __init__(self) -> None:
        self.now = 10**15
        self.server = ModelServer()


class ModelLimiter(Limiter[World]):
    """A process: asks the model, which takes as long as ``there`` and ``back`` say, and has a clock that is
    off by so many parts in a million."""

    def __init__(self, world: World, *bucket: Any, ppm: int = 0, **options: Any) -> None:
        self.world = world
        begin = world.now

        def clock() -> float:
            return (world.now - begin) * (1 + ppm / 1e6) / 1e6 + 5.0

        super().__init__("", *bucket, clock=clock, **options)

    def _client_of(self, remote: str | World, timeout: float) -> World:
        return self.world

    def drive(self, asking: Asking[Any], there: int = 0, back: int = 0) -> Any:
        try:
            questions = next(asking)
            self.world.now += there
            answers = [self.server_says(question) for question in questions]
            self.world.now += back
            asking.send(answers)
        except StopIteration as end:
            return end.value
        raise AssertionError("asked twice")

    def server_says(self, question: Any) -> Any:
        self.asked_at = self.world.now
        self.asked = getattr(self, "asked", 0) + 1
        return self.world.server.reply(question, self.world.now)

    def check(self, key: str = "k", cost: int = 1, there: int = 0, back: int = 0) -> GlobalLimitResult:
        [result] = self.drive(self._checking([key], cost), there, back)
        assert isinstance(result, GlobalLimitResult)
        return result


def test_a_refused_key_is_refused_here_until_a_token_is_there() -> None:
    world = World()
    limiter = ModelLimiter(world, 2, 1, 1.0)
    assert [limiter.check().source for _ in range(2)] == [Source.REMOTE] * 2
    refused = limiter.check()
    assert refused == (False, 0, 1.0)
    assert refused.source is Source.LOCAL
    assert refused.reset == 2.0
    world.now += 999_000
    assert limiter.check().source is Source.LOCAL
    assert limiter.check().retry_after == pytest.approx(0.001)
    world.now += 1_000
    assert limiter.check().allowed
    assert limiter.asked == 3
    assert limiter.stats().local_refused == 3


def test_a_smaller_cost_is_asked_for_where_it_may_pass() -> None:
    world = World()
    limiter = ModelLimiter(world, 10, 1, 1.0)
    assert limiter.check(cost=10).allowed
    world.now += 3_000_000
    assert limiter.check(cost=4).source is Source.LOCAL
    assert limiter.check(cost=11).retry_after == math.inf
    assert limiter.check(cost=3).allowed


def test_what_others_gave_back_is_seen_after_the_recheck() -> None:
    world = World()
    one, other = (ModelLimiter(world, 1, 1, 3600.0, recheck=5.0) for _ in range(2))
    one.check()
    assert not one.check().allowed
    other.drive(other._refunding("k", 1))
    world.now += 4_999_999
    assert not one.check().allowed
    world.now += 1
    assert one.check().allowed


def test_what_is_given_back_here_is_seen_at_once() -> None:
    limiter = ModelLimiter(World(), 1, 1, 3600.0)
    limiter.check()
    limiter.drive(limiter._refunding("k", 1))
    assert limiter.check().allowed


def test_without_a_recheck_every_call_asks() -> None:
    limiter = ModelLimiter(World(), 1, 1, 3600.0, recheck=0.0)
    assert [limiter.check().source for _ in range(5)] == [Source.REMOTE] * 5


def test_leases_spare_most_round_trips() -> None:
    world = World()
    limiter = ModelLimiter(world, 1000, 1000, 1.0, lease=50)
    for _ in range(10_000):
        assert limiter.check().allowed
        world.now += 1_100
    assert limiter.asked < 10_000 / 40
    assert limiter.stats().local_allowed == 10_000 - limiter.asked


def test_leases_shrink_where_calls_are_few() -> None:
    world = World()
    limiter = ModelLimiter(world, 1000, 1000, 1.0, lease=16)
    for _ in range(100):
        limiter.check()
    for _ in range(10):
        world.now += 60_000_000
        limiter.check()
    assert world.server.full_at.popitem()[1] - world.now == 1000, "one token, no lease"


def test_a_lease_lapses_as_its_tokens_flow_back() -> None:
    world = World()
    limiter = ModelLimiter(world, 1000, 1, 1.0, lease=8)
    for _ in range(8):
        limiter.check()
    asked = limiter.asked
    world.now += 60_000_000
    assert limiter.check().source is Source.REMOTE
    assert limiter.asked == asked + 1


def test_a_lease_leaves_as_much_for_others() -> None:
    world = World()
    limiter, other = (ModelLimiter(world, 64, 1, 3600.0, lease=64) for _ in range(2))
    for _ in range(20):
        limiter.check()
    assert other.check().allowed


def test_what_is_known_is_bounded() -> None:
    limiter = ModelLimiter(World(), 1, 1, 3600.0, local_keys=100)
    for number in range(1000):
        limiter.check(str(number))
    assert limiter.stats().local_keys == 100
    assert limiter.check("999").source is Source.LOCAL
    assert limiter.check("0").source is Source.REMOTE
    roomy = ModelLimiter(World(), 5, 1, 3600.0)
    for number in range(1000):
        roomy.check(str(number))
    assert roomy.stats().local_keys == 0, "nothing to know of a key that has tokens left"


@pytest.mark.parametrize(
    ("moment", "ppm"), [(1_990_000, 0), (2_001_000, -900), (2_500_000, 0), (2_900_000, 0)]
)
def test_a_leased_token_is_gone_when_the_bucket_begins_to_have_it_back(moment: int, ppm: int) -> None:
    """The third of three tokens is leased: it is the process's own for 2 seconds, by whatever clock."""
    world = World()
    begin = world.now
    limiter, other = ModelLimiter(world, 10, 1, 1.0, lease=2, ppm=ppm), ModelLimiter(world, 10, 1, 1.0)
    assert [limiter.check().source for _ in range(2)] == [Source.REMOTE] * 2
    admitted = [(Fraction(begin), 1)] * 2

    def ask(one: ModelLimiter) -> bool:
        allowed = one.check().allowed
        admitted.extend([(Fraction(world.now), 1)] * allowed)
        return allowed

    world.now = begin + moment
    while ask(other):
        pass
    assert ask(limiter) == (moment < 2_000_000)
    world.now = begin + 3_000_000
    ask(other)
    check_windows(admitted, 10, Fraction(1, 10**6))


Step = tuple[int, int, int, int, int]


@settings(max_examples=150, deadline=None)
@given(
    bucket=st.sampled_from([(1, 1, 1.0), (5, 3, 0.01), (20, 1, 0.001), (64, 1000, 1.0), (7, 7, 0.013)]),
    lease=st.integers(1, 64),
    paces=st.lists(st.integers(-900, 900), min_size=1, max_size=3),
    steps=st.lists(
        st.tuples(
            st.integers(0, 2),
            st.sampled_from([1, 1, 1, 2, 5]),
            st.sampled_from([0, 0, 1, 40, 500, 1000, 3000, 20_000, 1_000_000]),
            st.integers(0, 2000),
            st.integers(0, 2000),
        ),
        max_size=120,
    ),
)
def test_in_no_window_more_than_the_limit(
    bucket: tuple[int, int, float], lease: int, paces: list[int], steps: list[Step]
) -> None:
    """Several processes with clocks of their own, with leases, and with answers that take their time."""
    world = World()
    limiters = [ModelLimiter(world, *bucket, ppm=ppm, lease=min(lease, bucket[0])) for ppm in paces]
    admitted: list[tuple[Fraction, int]] = []
    for who, cost, pause, there, back in steps:
        limiter = limiters[who % len(limiters)]
        world.now += pause
        begun = world.now
        result = limiter.check("k", cost, there, back)
        if result.allowed:
            admitted.append((Fraction(begun if result.source is Source.LOCAL else limiter.asked_at), cost))
    rate = Fraction(bucket[1]) / Fraction(round(bucket[2] * 1e6))
    check_windows(admitted, bucket[0], rate)
