"""meshcore._given: numbers out of range are refused by the argument's name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

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


@pytest.mark.parametrize("now", ["now", 1.5, b"1"])
@pytest.mark.parametrize("use", USES)
def test_times_of_another_kind(engine: Engine, use: str, now: Any) -> None:
    with pytest.raises(TypeError, match=f"^now_ns is {re.escape(repr(now))}; expected an int$"):
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
    for served in (-5, 1.5, 2**34, 2**63):
        assert engine.decide("GET", "a", "/", unix_time=served).cluster == "c"


LINES = "a dict, or a list of pairs of name and value"
PAIR = "a pair of name and value, such as ('accept', '*/*')"
OWN_LINE = "str or bytes; each of several values has a line of its own"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"method": None}, "method is None; expected str or bytes"),
        ({"authority": 5}, "authority is 5; expected str, bytes or None"),
        ({"path": None}, "path is None; expected str or bytes"),
        ({"headers": None}, f"headers is None; expected {LINES}"),
        ({"headers": 5}, f"headers is 5; expected {LINES}"),
        ({"headers": "x: y"}, f"headers is 'x: y'; expected {LINES}"),
        ({"headers": ["x: y"]}, f"a header line is 'x: y'; expected {PAIR}"),
        ({"headers": [5]}, f"a header line is 5; expected {PAIR}"),
        ({"headers": {"x": 1}}, "the value of header 'x' is 1; expected str or bytes"),
        ({"headers": [("x", None)]}, "the value of header 'x' is None; expected str or bytes"),
        ({"headers": {"x": ["1", "2"]}}, f"the value of header 'x' is ['1', '2']; expected {OWN_LINE}"),
        ({"headers": {1: "x"}}, "the name of a header line is 1; expected str or bytes"),
        ({"scheme": None}, "scheme is None; expected str or bytes"),
        ({"source": 5}, "source is 5; expected str, bytes or None"),
        ({"local": 5}, "local is 5; expected str, bytes or None"),
        ({"protocol": 2}, "protocol is 2; expected str or bytes"),
        ({"port": "80"}, "port is '80'; expected an int"),
        ({"source_port": "80"}, "source_port is '80'; expected an int"),
        ({"source_port": None}, "source_port is None; expected an int"),
        ({"seed": "x"}, "seed is 'x'; expected an int"),
        ({"seed": 1.5}, "seed is 1.5; expected an int"),
        ({"unix_time": "x"}, "unix_time is 'x'; expected seconds since 1970"),
    ],
)
def test_what_a_request_is_told_of_by_its_name(engine: Engine, given: dict[str, Any], told: str) -> None:
    request: dict[str, Any] = {"method": "GET", "authority": "a", "path": "/", "headers": (), **given}
    by_place = [request.pop(name) for name in ("method", "authority", "path", "headers")]
    for use in (engine.decide, engine.explain):
        with pytest.raises(TypeError) as error:
            use(*by_place, **request)
        assert str(error.value) == told


HAS = "it has '10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'"


@pytest.mark.parametrize(
    ("use", "error", "told"),
    [
        (
            lambda it: Engine(it.config, clock=7),
            TypeError,
            "clock is 7; expected a function that returns seconds",
        ),
        (
            lambda it: it.swap("istio/"),
            TypeError,
            "config is 'istio/'; expected what meshcore.load() returns, a meshcore.model.Config",
        ),
        (
            lambda it: it.update_endpoints("c", HOST),
            TypeError,
            f"endpoints is '{HOST}'; expected an iterable of endpoints, such as ['10.0.0.1:80']",
        ),
        (lambda it: it.update_endpoints("c-", []), KeyError, "there is no cluster 'c-'; did you mean 'c'?"),
        (lambda it: it.pick("d"), KeyError, "there is no cluster 'd'"),
        (
            lambda it: it.set_health("c", "10.0.0.9:80", True),
            KeyError,
            f"cluster 'c' has no endpoint '10.0.0.9:80'; {HAS}",
        ),
        (
            lambda it: it.report_load("c", "10.0.0.9:80", qps=1, utilization=1),
            ValueError,
            f"cluster 'c' has no endpoint '10.0.0.9:80'; {HAS}",
        ),
        (lambda it: it.set_health("c", HOST, "no"), TypeError, "healthy is 'no'; expected True or False"),
        (lambda it: it.drain("c", HOST, "no"), TypeError, "draining is 'no'; expected True or False"),
        (lambda it: it.watch(5), TypeError, "callback is 5; expected a function without arguments"),
        (lambda it: it.pick("c", seed="x"), TypeError, "seed is 'x'; expected an int"),
    ],
)
def test_what_an_engine_is_told(
    engine: Engine, use: Callable[[Engine], object], error: type[Exception], told: str
) -> None:
    with pytest.raises(error) as raised:
        use(engine)
    assert raised.value.args[0] == told


def test_an_answer_or_an_error(engine: Engine) -> None:
    with engine.decide("GET", "a", "/") as decision:
        with pytest.raises(ValueError, match="by an answer or by an error, not by 503 and 'reset'"):
            decision.report(status=503, error="reset")
        assert not decision.done
    with pytest.raises(ValueError, match="not by 504 and 'timeout'"):
        engine.pick("c").report(status=504, error="timeout")
