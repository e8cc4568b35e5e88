"""The bands that judge a split."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest

from meshcore.demo.board import Board, Check, State, binomial_band


def probability(trials: int, share: Fraction, counts: range) -> Fraction:
    return sum(
        (comb(trials, count) * share**count * (1 - share) ** (trials - count) for count in counts),
        Fraction(0),
    )


@pytest.mark.parametrize("trials", [30, 137, 300])
@pytest.mark.parametrize("share", [Fraction(1, 10), Fraction(1, 2), Fraction(9, 10)])
def test_a_band_is_the_tightest_that_chance_leaves_so_rarely(trials: int, share: Fraction) -> None:
    tail = Fraction(1, 10**7)
    low, high = binomial_band(trials, float(share), float(tail))
    below, above = range(low), range(high + 1, trials + 1)
    assert probability(trials, share, below) < tail <= probability(trials, share, range(low + 1))
    assert probability(trials, share, above) < tail <= probability(trials, share, range(high, trials + 1))


def test_the_two_stages_of_the_demo_cannot_be_confused() -> None:
    assert binomial_band(300, 0.1)[1] < binomial_band(300, 0.5)[0]


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (1.0, 50)])
def test_a_share_of_all_or_nothing_leaves_no_room(share: float, count: int) -> None:
    assert binomial_band(50, share) == (count, count)


def test_a_board_is_ok_when_each_check_is_and_nothing_failed() -> None:
    board = Board([Check("a", "", ""), Check("b", "", "")], {})
    board.checks[0].close(True, "seen")
    assert not board.ok  # the other one was never tried
    board.checks[1].close(True, "seen")
    assert board.ok
    board.failures.append("GET /: 503")
    assert not board.ok
    board.failures.clear()
    board.checks[1].close(False, "seen")
    assert (board.checks[1].state, board.ok) == (State.FAILED, False)
