"""Envoy and our proxy limit the same requests adaptively, and their limits move alike.

Nothing here goes by how long anything takes, but for a request that takes far longer than others: a limit
moves once for a window that has an answer, whenever that is.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest
from live_concurrency import Limited, gradient, limited

pytestmark = pytest.mark.envoy

REFUSED = "reached concurrency limit"


@pytest.fixture(params=["envoy", "meshcore"])
def side(request: pytest.FixtureRequest, binary: str) -> str | None:
    return binary if request.param == "envoy" else None


def held(side: Limited, count: int) -> list[threading.Thread]:
    """Requests that are under way until the upstream is told to answer."""
    threads = []
    for number in range(count):
        threads.append(threading.Thread(target=side.ask, args=("/held",)))
        threads[-1].start()
        side.wait(lambda number=number: side.upstream.held == number + 1)  # type: ignore[misc]
    return threads


@pytest.mark.parametrize(
    ("own", "status"),
    [
        ({}, 503),
        ({"concurrency_limit_exceeded_status": {"code": 429}}, 429),
        ({"concurrency_limit_exceeded_status": {"code": 200}}, 503),
        ({"enabled": {"default_value": True, "runtime_key": "k"}}, 503),
    ],
)
def test_what_is_above_the_limit(side: str | None, own: dict[str, Any], status: int) -> None:
    with limited(side, gradient(rtt={"min_concurrency": 2}, **own)) as limit:
        threads = held(limit, 2)
        for path in ("/", "/direct"):
            answer = limit.ask(path)
            assert (answer.status, answer.body.decode()) == (status, REFUSED)
            assert answer.values("x-details") in ([], ["reached_concurrency_limit"])
            assert answer.values("x-envoy-overloaded") == []
        assert limit.standing()["rq_blocked"] == 2
        limit.upstream.release()
        for thread in threads:
            thread.join()
        limit.wait(lambda: limit.ask("/direct").status == 200)


def test_a_filter_that_is_not_enabled(side: str | None) -> None:
    own = {"enabled": {"default_value": False, "runtime_key": "k"}}
    with limited(side, gradient(rtt={"min_concurrency": 1}, **own)) as limit:
        threads = held(limit, 3)
        assert limit.ask("/").status == 200
        limit.upstream.release()
        for thread in threads:
            thread.join()


def test_the_min_rtt_is_measured_by_so_many_answers(side: str | None) -> None:
    with limited(side, gradient(rtt={"request_count": 5, "min_concurrency": 2})) as limit:
        assert limit.standing()["min_rtt_calculation_active"] == 1
        assert limit.standing()["concurrency_limit"] == 2
        for _ in range(4):
            assert limit.ask("/0.03").status == 200
        assert limit.standing()["min_rtt_calculation_active"] == 1
        limit.ask("/0.03")
        limit.wait(lambda: limit.standing()["min_rtt_calculation_active"] == 0)
        assert limit.standing()["min_rtt_msecs"] >= 30


def test_the_limit_moves_by_the_same_steps(side: str | None) -> None:
    """Gradients of two and of a half: latencies are far below, and far above the min RTT."""
    rtt = {"fixed_value": "1s", "min_concurrency": 3}
    with limited(side, gradient(limits={"max_concurrency_limit": 60}, rtt=rtt)) as limit:
        assert limit.standing()["concurrency_limit"] == 3
        assert limit.standing()["min_rtt_msecs"] == 1000
        # 6 and 2.45, 16 and 4, 40 and 6.3; then no more than the most
        assert [limit.after("/", "concurrency_limit") for _ in range(4)] == [8, 20, 46, 60]
        assert limit.standing()["gradient"] == 2000
        # 30 and 5.5, 17.5 and 4.2
        assert [limit.after("/2.6", "concurrency_limit") for _ in range(2)] == [35, 21]
        assert limit.standing()["gradient"] == 500
        assert limit.standing()["sample_rtt_msecs"] >= 2600


def measured(limit: Limited) -> int:
    """The limit once the min RTT, of one answer, has been measured."""
    assert limit.standing()["min_rtt_calculation_active"] == 1
    assert limit.ask("/").status == 200
    limit.wait(lambda: limit.standing()["min_rtt_calculation_active"] == 0)
    return limit.standing()["concurrency_limit"]


def test_a_least_limit_above_that_of_measuring(side: str | None) -> None:
    limits, rtt = {"min_concurrency_limit": 40}, {"min_concurrency": 2, "request_count": 1}
    with limited(side, gradient(limits=limits, rtt=rtt)) as limit:
        assert limit.standing()["concurrency_limit"] == 2
        assert measured(limit) == 2
        assert limit.after("/", "concurrency_limit") == 40


def test_a_least_limit_below_that_of_measuring(side: str | None) -> None:
    """Five windows at the least begin to measure anew, and let no more in for it."""
    limits, rtt = {"min_concurrency_limit": 2}, {"min_concurrency": 4, "request_count": 1}
    with limited(side, gradient(limits=limits, rtt=rtt)) as limit:
        assert limit.standing()["concurrency_limit"] == 4
        assert measured(limit) == 4
        assert [limit.after("/1.5", "concurrency_limit") for _ in range(2)] == [3, 2]
        for seconds in (1.0, 1.1, 1.2, 1.3, 1.4):
            assert limit.standing()["min_rtt_calculation_active"] == 0
            assert limit.after(f"/{seconds}", "sample_rtt_msecs") >= 1000 * seconds
        limit.wait(lambda: limit.standing()["min_rtt_calculation_active"] == 1)
        assert limit.standing()["concurrency_limit"] == 2
