"""The simulation of overload, on a small scale: what its picture claims holds, and it is the same every time.

Time is virtual and chance comes from a seed: nothing here depends on the machine.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benches"))

from overload_clients import Mesh, NoMesh, Retries
from overload_world import Health, Phase, Shape, spans
from sim_overload import Result, run

SMALL = Shape(
    workers=4,
    rate=900.0,
    pool=100,
    phases=(
        Phase("healthy", 3, Health.WELL),
        Phase("slow", 7, Health.SLOW),
        Phase("failing", 7, Health.FAILING),
        Phase("recovered", 7, Health.WELL),
    ),
)


@pytest.fixture(scope="module", params=[1, 2])
def ours(request: pytest.FixtureRequest) -> Result:
    return run(Mesh, SMALL, request.param)


def test_the_hosts_that_are_well_can_serve_all() -> None:
    """So that their share is the whole of the requests."""
    assert SMALL.capacity(SMALL.hosts - SMALL.sick) > SMALL.rate


def test_goodput_stays_above_95_percent_of_the_healthy_share(ours: Result) -> None:
    assert min(ours.by_second()) > 95


def test_the_extra_load_stays_within_the_retry_budget(ours: Result) -> None:
    assert 0 < ours.tally.most_retries <= 1
    assert max(ours.attempts(second, second + 1) for second in range(int(SMALL.seconds))) <= 1.2
    assert ours.attempts(0, SMALL.seconds) > 1


def test_without_a_mesh_callers_go_down_with_the_slow_third() -> None:
    """What the others are there to show: the trouble is real."""
    bare, retrying = run(NoMesh, SMALL, 1), run(Retries, SMALL, 1)
    (_, begin, end) = spans(SMALL.phases)[1]
    assert bare.share(begin, end) < 50
    assert retrying.share(begin, end) < 60
    (_, begin, end) = spans(SMALL.phases)[2]
    assert bare.share(begin + 2, end) == pytest.approx(67, abs=3)
    assert retrying.attempts(begin + 2, end) > 1.2


def test_the_same_seed_gives_the_same() -> None:
    short = Shape(workers=4, rate=300.0, phases=(Phase("a", 1, Health.WELL), Phase("b", 2, Health.SLOW)))
    assert run(Mesh, short, 7).tally == run(Mesh, short, 7).tally
    assert run(Mesh, short, 7).tally != run(Mesh, short, 8).tally
