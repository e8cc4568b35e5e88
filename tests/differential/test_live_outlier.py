"""Hosts that fail on a script: Envoy and our proxy send each request to the same host, and eject the same
hosts after the same request."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from live_envoy import PATIENCE
from live_outlier import Case, Served, envoy, ours

pytestmark = pytest.mark.envoy

ALL = {"interval": "100s", "base_ejection_time": "300s", "max_ejection_percent": 100}
ONE_IN_A_ROW = {**ALL, "consecutive_5xx": 1}

CASES = {
    "5xx in a row": Case({**ALL, "consecutive_5xx": 3}, [[500], [200], [503, 503, 200, 503], [200]]),
    "successes in between": Case(
        {**ALL, "consecutive_5xx": 3}, [[500, 500, 404], [200], [500, 501, 599], [200, 500, 200]]
    ),
    "gateway failures": Case(
        {
            **ALL,
            "consecutive_5xx": 6,
            "consecutive_gateway_failure": 2,
            "enforcing_consecutive_gateway_failure": 100,
        },
        [[503, 500, 503, 200], [502], [500], [504, 503, 200]],
    ),
    "resets": Case({**ALL, "consecutive_5xx": 2}, [["reset"], [200], [500, "reset", 200], [200]]),
    "answers that break off": Case({**ALL, "consecutive_5xx": 1}, [["half"], [200], [200, "half"]]),
    "split, answers that break off": Case(
        {**ALL, "split_external_local_origin_errors": True, "consecutive_local_origin_failure": 1},
        [["half"], [200], [200, 500, "half"]],
    ),
    "connections refused": Case({**ALL, "consecutive_5xx": 2}, [["refuse"], [200], [200]]),
    "split, connections refused": Case(
        {**ALL, "split_external_local_origin_errors": True, "consecutive_local_origin_failure": 3},
        [["refuse"], ["reset"], [500, 500, 200]],
    ),
    "split, answers": Case(
        {**ALL, "split_external_local_origin_errors": True, "consecutive_5xx": 2},
        [[500], ["reset", 500, "reset", 500, 200], [200]],
    ),
    "half of them at most": Case({**ONE_IN_A_ROW, "max_ejection_percent": 50}, [[500]] * 4),
    "one at least": Case(
        {**ONE_IN_A_ROW, "max_ejection_percent": 10, "always_eject_one_host": True}, [[500]] * 3
    ),
    "none by default": Case({"consecutive_5xx": 1, "interval": "100s"}, [[500]] * 4, requests=12),
    "all of them": Case(ONE_IN_A_ROW, [[500]] * 3, requests=12),
    "all of them, in panic": Case(
        ONE_IN_A_ROW, [[500]] * 3, common_lb_config={"healthy_panic_threshold": {"value": 50}}
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_same_hosts_after_the_same_request(binary: str, name: str) -> None:
    case = CASES[name]
    with envoy(binary, case) as theirs, ours(case) as own:
        for number in range(case.requests):
            key = f"key {number * number}"
            expected = theirs.ask(key), theirs.ejected()
            assert (own.ask(key), own.ejected()) == expected, f"request {number}"


def ask_until(served: Served, reached: Callable[[Served], bool]) -> None:
    """Send requests until that is so: ours does what is due when it is asked."""
    end = time.monotonic() + PATIENCE
    while not reached(served):
        assert time.monotonic() < end
        for number in range(30):
            served.ask(f"key {number * number}")


RATES = {
    **ALL,
    "interval": "2s",  # for more requests than a rate takes
    "consecutive_5xx": 0,
    "success_rate_minimum_hosts": 3,
    "success_rate_request_volume": 5,
    "failure_percentage_minimum_hosts": 3,
    "failure_percentage_request_volume": 5,
}


@pytest.mark.parametrize(
    ("detection", "ejected"),
    [
        ({**RATES, "success_rate_stdev_factor": 1000}, {1}),
        ({**RATES, "success_rate_stdev_factor": 1900}, set()),
        (
            {
                **RATES,
                "enforcing_success_rate": 0,
                "enforcing_failure_percentage": 100,
                "failure_percentage_threshold": 40,
            },
            {1},
        ),
    ],
)
def test_rates(binary: str, detection: dict[str, object], ejected: set[int]) -> None:
    case = Case(detection, [[200], [200, 500] * 200, [200], [200]])
    found = []
    with envoy(binary, case) as theirs, ours(case) as own:
        everybody = set(range(len(case.scripts)))
        for served in (theirs, own):
            # Where the rates of all are known, whoever is to be ejected by them has been.
            ask_until(served, lambda asked: bool(asked.ejected()) or asked.rated() == everybody)
            found.append(served.ejected())
    assert found == [ejected, ejected]


def test_hosts_come_back(binary: str) -> None:
    detection = {**ALL, "interval": "0.2s", "base_ejection_time": "1s", "consecutive_5xx": 2}
    case = Case(detection, [[500, 500, 200], [200], [200]])
    with envoy(binary, case) as theirs, ours(case) as own:
        for served in (theirs, own):
            ask_until(served, lambda asked: asked.ejections() > 0)
            ask_until(served, lambda asked: not asked.ejected())
            assert 0 in {host for number in range(30) for host in served.ask(f"key {number * number}")[1]}
            assert served.ejections() == 1
