"""meshcore.telemetry.tally: no count is lost, whoever counts."""

from __future__ import annotations

import threading

from meshcore.telemetry.tally import Tally


def test_a_cell_is_the_threads_own() -> None:
    tally: Tally[str] = Tally()
    cells = []
    tally.cell("a")[0] += 2
    tally.count("a")
    other = threading.Thread(target=lambda: cells.append(tally.cell("a")))
    other.start()
    other.join()
    assert tally.cell("a") is tally.cell("a") is not cells[0]
    cells[0][0] += 4
    assert tally.total() == {"a": 7}


def test_threads_count_side_by_side() -> None:
    tally: Tally[str] = Tally()

    def work() -> None:
        for _ in range(1000):
            tally.count("a")
        tally.count("b")

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        assert tally.total()["a"] <= 8000
    assert tally.total() == {"a": 8000, "b": 8}


def test_threads_that_have_ended_leave_their_counts_and_no_more() -> None:
    """Some servers have a thread for each request."""
    tally: Tally[str] = Tally()
    for _ in range(50):
        pair = [threading.Thread(target=tally.count, args=("a",)) for _ in range(2)]
        for thread in pair:
            thread.start()
        for thread in pair:
            thread.join()
    assert tally.total() == {"a": 100}
    assert len(tally._everyone) <= 3
