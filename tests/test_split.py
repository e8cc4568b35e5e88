"""WeightedSplit: shares, stickiness, and how little moves."""

from __future__ import annotations

import copy
from collections import Counter
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshcore import WeightedSplit

pytestmark = pytest.mark.usefixtures("each_backend")

KEYS = [f"user-{number}" for number in range(4000)]
NAMES = "abcdefgh"

weights = st.integers(0, 1000)
several = st.lists(weights, min_size=2, max_size=8).filter(any)


def split(numbers: list[int]) -> WeightedSplit:
    return WeightedSplit(dict(zip(NAMES, numbers, strict=False)))


def picks(made: WeightedSplit) -> list[str]:
    return [made.pick(key) for key in KEYS]


def minimum(before: list[int], after: list[int]) -> float:
    """The share of keys that any scheme must move: half the distance between the shares."""
    return sum(abs(a / sum(before) - b / sum(after)) for a, b in zip(before, after, strict=True)) / 2


def moved(before: list[int], after: list[int]) -> float:
    return sum(a != b for a, b in zip(picks(split(before)), picks(split(after)), strict=True)) / len(KEYS)


def noise(share: float) -> float:
    """Five standard deviations of a share that is counted over the keys."""
    return 5 * sqrt(max(share * (1 - share), 0) / len(KEYS)) + 1 / len(KEYS)


@given(several)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_each_gets_its_share(numbers: list[int]) -> None:
    counts = Counter(picks(split(numbers)))
    for name, weight in zip(NAMES, numbers, strict=False):
        share = weight / sum(numbers)
        assert abs(counts[name] / len(KEYS) - share) <= noise(share)
        assert weight or not counts[name]


@given(several, st.data())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_weight_that_changes_moves_keys_only_to_or_from_it(numbers: list[int], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(numbers) - 1))
    after = list(numbers)
    after[place] = data.draw(weights)
    if not any(after):
        return
    raised = after[place] > numbers[place]
    for was, now in zip(picks(split(numbers)), picks(split(after)), strict=True):
        assert was == now or (now if raised else was) == NAMES[place]
    least = minimum(numbers, after)
    assert abs(moved(numbers, after) - least) <= noise(least)


@given(several, several)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_change_moves_more_than_the_bound(numbers: list[int], others: list[int]) -> None:
    """2 / (1 + minimum) times the minimum, which for changes of many weights no stateless scheme can undercut
    (M. Bavarian et al., "On the Optimality of Correlated Sampling Strategies", 2020)."""
    size = min(len(numbers), len(others))
    before, after = numbers[:size], others[:size]
    if not any(before) or not any(after):
        return
    least = minimum(before, after)
    most = 2 * least / (1 + least)
    assert least - noise(least) <= moved(before, after) <= most + noise(most)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([90, 10], [50, 50]),
        ([100, 0], [99, 1]),
        ([80, 10, 10], [70, 10, 20]),
        ([80, 10, 10], [60, 20, 20]),
        ([70, 20, 10], [40, 30, 30]),
        ([50, 30, 20], [25, 45, 30]),
        ([25, 25, 25, 25], [40, 20, 20, 20]),
    ],
)
def test_steps_of_a_rollout_move_hardly_more_than_they_must(before: list[int], after: list[int]) -> None:
    least = minimum(before, after)
    assert moved(before, after) <= 1.2 * least + noise(least)


def test_users_stay_on_a_canary_that_grows() -> None:
    before: set[str] = set()
    for canary in range(0, 101, 5):
        made = WeightedSplit({"v1": 100 - canary, "v2": canary})
        now = {key for key in KEYS if made.pick(key) == "v2"}
        assert before <= now
        before = now
    assert len(before) == len(KEYS)


def test_order_and_scale_do_not_matter() -> None:
    one = WeightedSplit({"a": 1, "b": 2, "c": 3})
    other = WeightedSplit({"c": 3000, "a": 1000, "b": 2000})
    assert picks(one) == picks(other)


def test_text_and_bytes_are_the_same_key() -> None:
    made = WeightedSplit({"a": 1, "b": 1})
    assert all(made.pick(f"ü{key}") == made.pick(f"ü{key}".encode()) for key in KEYS[:100])


def test_a_key_is_a_text() -> None:
    with pytest.raises(TypeError, match=r"expected str or bytes"):
        WeightedSplit({"a": 1}).pick(5)  # type: ignore[arg-type]


def test_the_same_on_every_machine() -> None:
    made = WeightedSplit({"v1": 60, "v2": 30, "v3": 10})
    assert (
        "".join(made.pick(f"user-{number}")[1] for number in range(32)) == "22111121132112131221331121111111"
    )


def test_without_a_key_it_is_by_chance() -> None:
    made = WeightedSplit({"a": 70, "none": 0, "b": 30}, seed=3)
    counts = Counter(made.pick() for _ in range(4000))
    assert abs(counts["a"] / 4000 - 0.7) < noise(0.7)
    assert not counts["none"]
    again = WeightedSplit({"a": 70, "none": 0, "b": 30}, seed=3)
    assert Counter(again.pick() for _ in range(4000)) == counts
    assert WeightedSplit({"a": 1}).pick() == "a"


@pytest.mark.parametrize(
    ("given_weights", "error", "message"),
    [
        ({}, ValueError, "add up to 0"),
        ({"a": 0, "b": 0}, ValueError, "add up to 0"),
        ({"a": -1}, ValueError, "'a' is -1; expected 0 or more"),
        ({"a": 2**32 - 1, "b": 1}, ValueError, "expected at most 4,294,967,295"),
        ({"a": 1.5}, TypeError, "expected an int"),
        ({"a": True}, TypeError, "expected an int"),
        ({3: 1}, TypeError, "a destination is a str"),
    ],
)
def test_what_is_no_split(given_weights: dict[str, int], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        WeightedSplit(given_weights)


def test_it_is_a_value() -> None:
    made = WeightedSplit({"a": 1, "b": 2})
    assert repr(made) == "WeightedSplit({'a': 1, 'b': 2})"
    made.weights["a"] = 9
    assert made.weights == {"a": 1, "b": 2}
    assert picks(copy.copy(made)) == picks(made)
    with pytest.raises(TypeError, match="make another one"):
        made.__init__({"a": 2})  # type: ignore[misc]
    with pytest.raises(TypeError):
        made.pick(3)  # type: ignore[arg-type]
