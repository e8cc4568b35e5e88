"""The simulation of halved capacity, on a small scale: what docs/adaptive-concurrency.md claims holds.

Time is virtual and chance comes from a seed: nothing here depends on the machine.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benches"))

from overload_world import spans
from sim_concurrency import CONTENDERS, Halving, run, state

SMALL = Halving(
    rate=300.0,
    phases=(
        state("all well", 6, workers=8),
        state("half the workers", 12, workers=4),
        state("well again", 10, workers=8),
    ),
)


def shares(name: str, seed: int) -> list[float]:
    """Goodput of each phase, of what the service could have answered."""
    tally = run(CONTENDERS[name], SMALL, seed)
    return [tally.goodput(begin, end) / SMALL.able(phase) for phase, begin, end in spans(SMALL.phases)]


@pytest.mark.parametrize("seed", [1, 2])
def test_without_a_limit_hardly_anything_is_answered_in_time(seed: int) -> None:
    well, half, _ = shares("no limit", seed)
    assert well > 0.95
    assert half < 0.6


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", ["gradient", "AIMD"])
def test_limits_that_move_serve_nearly_all_that_can_be_served(name: str, seed: int) -> None:
    assert min(shares(name, seed)) > 0.8


def test_it_is_the_same_every_time() -> None:
    one, other = (run(CONTENDERS["gradient"], SMALL, 3) for _ in range(2))
    assert (one.good, one.refused) == (other.good, other.refused)
