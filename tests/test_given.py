"""meshcore._given: numbers out of range are refused by the argument's name."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from exchange_support import engine_of

from meshcore import Engine

HOST = "10.0.0.1:80"
USES: dict[str, Callable[[Engine, int], object]] = {
    "decide": lambda engine, now: engine.decide("GET", "a", "/", now_ns=now),
    "explain": lambda engine, now: engine.explain("GET", "a", "/", now_ns=now),
    "pick": lambda engine, now: engine.pick("c", now_ns=now),
    "sweep": lambda engine, now: engine.sweep(now),
    "report_load": lambda engine, now: engine.report_load("c", HOST, qps=1, utilization=1, now_ns=now),
    "report": lambda engine, now: engine.decide("GET", "a", "/").report(error="reset", now_ns=now),
    "on_timeout": lambda engine, now: engine.decide("GET", "a", "/").on_timeout(now_ns=now),
    "report of a pick": lambda engine, now: engine.pick("c").report(status=200, now_ns=now),
}


@pytest.fixture
def engine() -> Engine:
    return engine_of({"retry_policy": {"retry_on": "5xx"}}, cluster={"outlier_detection": {}})


@pytest.mark.parametrize("now", [-1, 2**64])
@pytest.mark.parametrize("use", USES)
def test_times(engine: Engine, use: str, now: int) -> None:
    with pytest.raises(ValueError, match=f"^now_ns is {now}; expected 0 to 18446744073709551615$"):
        USES[use](engine, now)


@pytest.mark.parametrize("now", [0, 2**64 - 1])
@pytest.mark.parametrize("use", USES)
def test_times_at_the_ends(engine: Engine, use: str, now: int) -> None:
    USES[use](engine, now)


@pytest.mark.parametrize("name", ["port", "source_port"])
@pytest.mark.parametrize("port", [-1, 65536, 2**70])
def test_ports(engine: Engine, name: str, port: int) -> None:
    for use in (engine.decide, engine.explain):
        with pytest.raises(ValueError, match=f"^{name} is {port}; expected 0 to 65535$"):
            use("GET", "a", "/", **{name: port})


@pytest.mark.parametrize("unix_time", [float("inf"), float("nan"), 2.0**64, 2**64])
def test_times_of_day(engine: Engine, unix_time: float) -> None:
    message = f"unix_time is {unix_time}; expected seconds since 1970"
    with pytest.raises(ValueError, match=re.escape(message)):
        engine.decide("GET", "a", "/", unix_time=unix_time)
    for served in (-5, 1.5, 2**63):
        assert engine.decide("GET", "a", "/", unix_time=served).cluster == "c"


def test_an_answer_or_an_error(engine: Engine) -> None:
    with engine.decide("GET", "a", "/") as decision:
        with pytest.raises(ValueError, match="by an answer or by an error, not by 503 and 'reset'"):
            decision.report(status=503, error="reset")
        assert not decision.done
    with pytest.raises(ValueError, match="not by 504 and 'timeout'"):
        engine.pick("c").report(status=504, error="timeout")
