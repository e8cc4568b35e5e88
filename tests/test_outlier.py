"""OutlierDetector by itself, on both backends. tests/c has the rest of the arithmetic."""

from __future__ import annotations

import ast
import copy
import http
import inspect
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import meshcore
from meshcore import EjectionStatus, OutlierDetector
from meshcore.model import OutlierDetection, with_outlier_defaults

pytestmark = pytest.mark.usefixtures("each_backend")

HOSTS = ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"]
SECOND = 1_000_000_000


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def detector(hosts: Any = HOSTS, **parameters: Any) -> tuple[OutlierDetector, Clock]:
    clock = Clock()
    parameters.setdefault("max_ejection_percent", 100)
    return OutlierDetector(hosts, clock=clock, seed=1, **parameters), clock


def report(outliers: OutlierDetector, host: str, times: int, *what: Any, **more: Any) -> None:
    for _ in range(times):
        outliers.report(host, *what, **more)


def test_failures_in_a_row_eject() -> None:
    outliers, _ = detector()
    report(outliers, HOSTS[0], 4, 500)
    outliers.report(HOSTS[0], 200)
    report(outliers, HOSTS[0], 4, http.HTTPStatus.BAD_GATEWAY)
    assert not outliers.ejected(HOSTS[0])
    outliers.report(HOSTS[0], 503)
    assert [outliers.ejected(host) for host in HOSTS] == [True, False, False]
    first, second, _third = outliers.hosts()
    assert first == EjectionStatus(HOSTS[0], True, "consecutive_5xx", 30.0, 1, 1, None, None)
    assert second == EjectionStatus(HOSTS[1], False, None, 0.0, 0, 0, None, None)


@pytest.mark.parametrize(
    "error",
    [
        "connect-failure",
        "connect-timeout",
        "reset-before-request",
        "reset",
        "refused-stream",
        "protocol-error",
    ],
)
def test_errors_count_as_a_gateway_failure(error: str) -> None:
    outliers, _ = detector(consecutive_gateway_failure=2, enforcing_consecutive_gateway_failure=100)
    report(outliers, HOSTS[0], 2, error=error)
    assert outliers.hosts()[0].reason == "consecutive_gateway_failure"


def test_a_timeout_counts_as_what_it_was_answered_with() -> None:
    outliers, _ = detector()
    report(outliers, HOSTS[0], 5, error="timeout")
    report(outliers, HOSTS[1], 5, 204, "timeout")
    assert [outliers.ejected(host) for host in HOSTS] == [True, False, False]


def test_split_origins() -> None:
    outliers, _ = detector(split_external_local_origin_errors=True, consecutive_local_origin_failure=3)
    report(outliers, HOSTS[0], 3, error="connect-failure")
    report(outliers, HOSTS[1], 30, error="reset")  # each time a connection had been there
    assert outliers.hosts()[0].reason == "consecutive_local_origin_failure"
    assert not outliers.ejected(HOSTS[1])


def test_grpc_statuses_count_as_the_statuses_they_stand_for() -> None:
    outliers, _ = detector()
    report(outliers, HOSTS[0], 5, 200, grpc_status=14)
    report(outliers, HOSTS[1], 5, 503, grpc_status=5)
    assert [outliers.ejected(host) for host in HOSTS] == [True, False, False]


def test_error_codes() -> None:
    outliers, _ = detector(http_error_codes=((429, 430),))
    report(outliers, HOSTS[0], 5, 503)
    report(outliers, HOSTS[1], 5, 429)
    assert [outliers.ejected(host) for host in HOSTS] == [False, True, False]


# Seconds that the nth ejection in a row lasts: base times n, up to the maximum (Envoy's documentation of the
# ejection algorithm).
@pytest.mark.parametrize(
    ("parameters", "seconds"),
    [
        ({}, [30, 60, 90, 120]),
        ({"max_ejection_time": 60}, [30, 60, 60, 60]),
        ({"base_ejection_time": 10, "max_ejection_time": 35}, [10, 20, 30, 35, 35]),
        ({"base_ejection_time": 400}, [400, 400, 400]),
        ({"base_ejection_time": 120}, [120, 240, 300, 300]),
    ],
)
def test_ejection_times(parameters: dict[str, Any], seconds: list[float]) -> None:
    outliers, clock = detector(interval=1.0, **parameters)
    for expected in seconds:
        report(outliers, HOSTS[0], 5, 500)
        assert outliers.hosts()[0].time_left == expected
        clock.now += expected - 1
        assert outliers.ejected(HOSTS[0])
        clock.now += 1
        assert not outliers.ejected(HOSTS[0])


# Of Envoy's source and documentation: hosts' success rates, the factor, and whom the threshold makes an
# outlier: the mean less so many standard deviations.
@pytest.mark.parametrize(
    ("rates", "factor", "outliers"),
    [
        ([50, 100, 100, 100, 100], 1900, {0}),  # mean 90, deviation 20, threshold 52
        ([53, 100, 100, 100, 100], 1900, {0}),  # 90.6, 18.8, 54.88
        ([50, 100, 100, 100, 100], 2000, set()),  # 50: not below it
        ([90, 90, 90, 90, 90], 1900, set()),
        ([90, 90, 90, 90, 89], 1000, {4}),
        ([0, 0, 100, 100, 100], 1000, {0, 1}),
        ([0, 0, 100, 100, 100], 1900, set()),
    ],
)
def test_success_rates(rates: list[int], factor: int, outliers: set[int]) -> None:
    hosts = [f"10.0.0.{number}:80" for number in range(5)]
    found, clock = detector(hosts, consecutive_5xx=1000, success_rate_stdev_factor=factor)
    for host, rate in zip(hosts, rates, strict=True):
        report(found, host, rate, 200)
        report(found, host, 100 - rate, 500)
    assert not any(found.ejected(host) for host in hosts)
    clock.now += 10
    assert {number for number, host in enumerate(hosts) if found.ejected(host)} == outliers
    assert [status.success_rate for status in found.hosts()] == rates
    assert {status.reason for status in found.hosts()} <= {None, "success_rate"}


def test_failure_percentage() -> None:
    hosts = [f"10.0.0.{number}:80" for number in range(5)]
    found, clock = detector(
        hosts, consecutive_5xx=0, enforcing_success_rate=0, enforcing_failure_percentage=100
    )
    for number, host in enumerate(hosts):
        report(found, host, 20 if number else 7, 200)
        report(found, host, 30 if number else 43, 500)  # 86 % of the first one's
    clock.now += 10
    assert [status.reason for status in found.hosts()] == ["failure_percentage", None, None, None, None]


def test_sweeps_may_be_asked_for_and_may_be_late() -> None:
    outliers, clock = detector()
    report(outliers, HOSTS[0], 5, 500)
    outliers.sweep(now_ns=1029 * SECOND)
    assert outliers.ejected(HOSTS[0], now_ns=1029 * SECOND)
    assert outliers.hosts(now_ns=1029 * SECOND)[0].time_left == 1
    outliers.sweep(now_ns=1030 * SECOND)
    clock.now = 1031.0
    assert not outliers.ejected(HOSTS[0])
    assert outliers.hosts()[0].multiplier == 1
    clock.now = 10_000.0
    assert outliers.hosts()[0].multiplier == 0
    report(outliers, HOSTS[0], 5, 500, now_ns=10_000 * SECOND)
    assert outliers.hosts()[0].time_left == 30


def test_the_default_maximum_of_few_hosts_is_none() -> None:
    outliers = OutlierDetector(HOSTS)
    report(outliers, HOSTS[0], 5, 500)
    assert not outliers.ejected(HOSTS[0])
    outliers = OutlierDetector(HOSTS, always_eject_one_host=True)
    for host in HOSTS:
        report(outliers, host, 5, 500)
    assert [outliers.ejected(host) for host in HOSTS] == [True, False, False]


REPORTS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from([200, 404, 500, 502, 503]), st.integers(0, 8)), max_size=400
)


@given(REPORTS, st.integers(0, 100), st.booleans(), st.booleans())
def test_never_more_than_the_maximum(
    reports: list[tuple[int, int, int]], percent: int, always_one: bool, rates: bool
) -> None:
    hosts = [f"10.0.0.{number}:80" for number in range(10)]
    found, clock = detector(
        hosts,
        consecutive_5xx=2,
        interval=1.0,
        base_ejection_time=3.0,
        max_ejection_time=10.0,
        max_ejection_percent=percent,
        always_eject_one_host=always_one,
        success_rate_minimum_hosts=1,
        success_rate_request_volume=1 if rates else 1000,
    )
    most = max(percent // 10, int(always_one))
    for number, status, later in reports:
        report(found, hosts[number], 2, status)
        clock.now += later / 8
        seen = found.hosts()
        assert sum(one.ejected for one in seen) <= most
        for one in seen:
            assert one.time_left <= 11.0  # the maximum, and what is left of the interval
            assert 0 <= one.multiplier <= min(one.ejections, 4)  # one beyond the maximum
            assert one.ejected == found.ejected(one.host)
            assert one.ejected or one.reason is None


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"base_ejection_time": float("inf")}, "base_ejection_time: found inf, expected a finite number"),
        ({"interval": float("nan")}, "interval: found nan, expected a finite number"),
        ({"interval": 0}, "interval: found 0, expected more than 0"),
        ({"max_ejection_percent": 101}, "max_ejection_percent: found 101, expected 0 to 100"),
        ({"consecutive_5xx": -1}, "consecutive_5xx: found -1"),
        (
            {"max_ejection_time": 29},
            "max_ejection_time: found 29, expected base_ejection_time .30.0. or more",
        ),
        ({"http_error_codes": ((500, 500),)}, "http_error_codes: found .500, 500."),
    ],
)
def test_parameters_out_of_range(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OutlierDetector(HOSTS, **parameters)


def test_mistakes() -> None:
    with pytest.raises(ValueError, match="hosts is empty"):
        OutlierDetector([])
    with pytest.raises(ValueError, match="given twice"):
        OutlierDetector(["a:1", "a:1"])
    with pytest.raises(TypeError):
        OutlierDetector(HOSTS, consecutive_6xx=5)  # type: ignore[call-arg]
    outliers, _ = detector()
    with pytest.raises(ValueError, match="'x:1' is not one of the hosts"):
        outliers.report("x:1", 200)
    with pytest.raises(
        ValueError, match="not fail by 'oops', but by one of connect-failure, connect-timeout"
    ):
        outliers.report(HOSTS[0], error="oops")
    with pytest.raises(ValueError, match="status is 42"):
        outliers.report(HOSTS[0], 42)
    with pytest.raises(TypeError, match="a status is an int"):
        outliers.report(HOSTS[0], "503")  # type: ignore[arg-type]
    for answer in ({"status": 503}, {"grpc_status": 14}):
        with pytest.raises(ValueError, match="by an answer or by an error, not by"):
            outliers.report(HOSTS[0], error="reset", **answer)
    with pytest.raises(ValueError, match="not by 14 and 'timeout'"):
        outliers.report(HOSTS[0], 504, "timeout", grpc_status=14)
    with pytest.raises(ValueError, match="grpc_status is -1; expected 0 to 2147483647"):
        outliers.report(HOSTS[0], 200, grpc_status=-1)
    for now_ns in (-1, 2**64):
        for use in (outliers.ejected, outliers.report):
            with pytest.raises(ValueError, match=f"now_ns is {now_ns}; expected 0 to {2**64 - 1}"):
                use(HOSTS[0], now_ns=now_ns)
        for look in (outliers.sweep, outliers.hosts):
            with pytest.raises(ValueError, match=f"now_ns is {now_ns}"):
                look(now_ns=now_ns)
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        copy.copy(outliers)
    assert len(outliers) == 3
    assert repr(outliers) == "<OutlierDetector of 3 hosts>"
    assert outliers.parameters == OutlierDetection(max_ejection_percent=100)


def test_the_stub_says_the_defaults() -> None:
    tree = ast.parse(Path(meshcore.__file__).with_name("outlier.pyi").read_text())
    init = next(one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name == "__init__")
    said = {
        name.arg: ast.literal_eval(value)
        for name, value in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)
        if value is not None
    }
    full = with_outlier_defaults(OutlierDetection())
    for one in fields(full):
        if one.name != "max_ejection_time":
            assert said.pop(one.name) == getattr(full, one.name), one.name
    assert said == {"max_ejection_time": None, "clock": None, "seed": None}
    assert inspect.isclass(OutlierDetector)
