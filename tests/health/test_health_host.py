"""The thresholds, intervals and flags of one host's checks, by tables from Envoy's behaviour."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshcore.health.host import HostChecks, Transition
from meshcore.health.verdict import Failure, Verdict
from meshcore.model import HealthCheck, HealthStatus, TcpHealthCheck

CHECK = HealthCheck(TcpHealthCheck(), unhealthy_threshold=3, healthy_threshold=2)
LETTERS = {
    "+": Verdict(),
    "d": Verdict(degraded=True),
    "n": Verdict(Failure.NETWORK),
    "t": Verdict(Failure.NETWORK_TIMEOUT),
    "a": Verdict(Failure.ACTIVE),
    "r": Verdict(Failure.ACTIVE, retriable=True),
    "x": Verdict(Failure.ACTIVE, excluded=True),
}
HEALTH = {
    HealthStatus.HEALTHY: "H",
    HealthStatus.DEGRADED: "D",
    HealthStatus.UNHEALTHY: "U",
    HealthStatus.TIMEOUT: "T",
    HealthStatus.DRAINING: "X",
}


def no_chance() -> int:
    raise AssertionError("nothing here is drawn")


def history(host: HostChecks, verdicts: str) -> str:
    """The host's health after each verdict."""
    seen = ""
    for letter in verdicts:
        host.finish(LETTERS[letter])
        seen += HEALTH[host.health]
    return seen


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        # The first check decides alone; later ones need the thresholds.
        ("+", "H"),
        ("n", "U"),
        ("n+", "UU"),
        ("n++", "UUH"),
        ("n+n++", "UUUUH"),
        ("+nnn", "HHHU"),
        ("+nn+nn+nnn", "HHHHHHHHHU"),
        ("+nnn++", "HHHUUH"),
        # An answer that is wrong fails at once, a retriable one counts.
        ("+a", "HU"),
        ("+na", "HHU"),
        ("+rrr", "HHHU"),
        ("+rnt", "HHHT"),
        # Timeouts and other failures take turns in what a failed host is called.
        ("t", "T"),
        ("+ttt", "HHHT"),
        ("+tttn", "HHHTU"),
        ("+tttnt+", "HHHTUTT"),
        # Degraded is a word of successes; there is no threshold for it.
        ("d", "D"),
        ("+d+", "HDH"),
        ("dnn", "DDD"),
        ("dnnn", "DDDU"),
        ("+nnnd+", "HHHUUH"),
        ("+nnndd", "HHHUUD"),
        # Who asks to be left out stays so until it is healthy again.
        ("+x", "HX"),
        ("+xn+", "HXXX"),
        ("+xn++", "HXXXH"),
        ("+x++a", "HXXHU"),
    ],
)
def test_history(verdicts: str, expected: str) -> None:
    assert history(HostChecks(CHECK, no_chance), verdicts) == expected


@pytest.mark.parametrize(
    ("verdicts", "expected"), [("", "X"), ("n", "U"), ("+", "H"), ("+nnn", "U"), ("x", "X")]
)
def test_hosts_may_be_left_out_until_the_first_check(verdicts: str, expected: str) -> None:
    host = HostChecks(CHECK, no_chance, excluded=True)
    history(host, verdicts)
    assert HEALTH[host.health] == expected


def test_the_end_of_being_left_out_is_a_change() -> None:
    assert HostChecks(CHECK, no_chance, excluded=True).finish(LETTERS["n"]) is Transition.CHANGED
    assert HostChecks(CHECK, no_chance).finish(LETTERS["n"]) is Transition.UNCHANGED


@pytest.mark.parametrize(
    ("known", "verdicts", "expected"),
    [
        (HealthStatus.HEALTHY, "n", "H"),
        (HealthStatus.DEGRADED, "n", "D"),
        (HealthStatus.UNHEALTHY, "+", "U"),
        (HealthStatus.TIMEOUT, "+", "T"),
        (HealthStatus.DRAINING, "+", "X"),
        (HealthStatus.UNHEALTHY, "++", "H"),
    ],
)
def test_what_others_found_goes_on(known: HealthStatus, verdicts: str, expected: str) -> None:
    host = HostChecks(CHECK, no_chance, known=known)
    assert not host.first
    history(host, verdicts)
    assert HEALTH[host.health] == expected


def test_a_threshold_of_zero_is_never_met() -> None:
    host = HostChecks(replace(CHECK, unhealthy_threshold=0), no_chance)
    assert history(host, "+nnnnn") == "HHHHHH"


# ------------------------------------------------------------------ time

TIMES = replace(
    CHECK,
    interval=10,
    unhealthy_interval=20,
    unhealthy_edge_interval=30,
    healthy_edge_interval=40,
    no_traffic_interval=50,
    no_traffic_healthy_interval=60,
)


@pytest.mark.parametrize(
    ("passed", "transition", "traffic", "seconds"),
    [
        (True, Transition.UNCHANGED, True, 10),
        (True, Transition.CHANGED, True, 10),
        (True, Transition.PENDING, True, 40),
        (False, Transition.UNCHANGED, True, 20),
        (False, Transition.CHANGED, True, 20),
        (False, Transition.PENDING, True, 30),
        (True, Transition.UNCHANGED, False, 60),
        (True, Transition.CHANGED, False, 60),
        (True, Transition.PENDING, False, 50),
        (False, Transition.UNCHANGED, False, 50),
        (False, Transition.PENDING, False, 50),
    ],
)
def test_intervals(passed: bool, transition: Transition, traffic: bool, seconds: float) -> None:
    assert HostChecks(TIMES, no_chance).delay(passed, transition, traffic) == seconds


@pytest.mark.parametrize(
    ("given", "passed", "transition", "traffic", "seconds"),
    [
        ({}, True, Transition.PENDING, True, 10),
        ({}, False, Transition.UNCHANGED, True, 10),
        ({}, False, Transition.PENDING, True, 10),
        ({"unhealthy_interval": 7}, False, Transition.PENDING, True, 7),
        ({}, True, Transition.UNCHANGED, False, 60),
        ({"no_traffic_interval": 8}, True, Transition.UNCHANGED, False, 8),
        ({"interval": 0.0004}, True, Transition.UNCHANGED, True, 0.001),
    ],
)
def test_default_intervals(
    given: dict[str, float], passed: bool, transition: Transition, traffic: bool, seconds: float
) -> None:
    check = HealthCheck(TcpHealthCheck(), **given)  # type: ignore[arg-type]
    assert HostChecks(check, no_chance).delay(passed, transition, traffic) == seconds


def test_jitter_adds_up() -> None:
    check = HealthCheck(TcpHealthCheck(), interval=10, interval_jitter=0.5, interval_jitter_percent=10)
    numbers = iter([1999, 1499])
    delay = HostChecks(check, lambda: next(numbers)).delay(True, Transition.UNCHANGED, True)
    assert delay == pytest.approx(10 + 0.999 + 0.499)


def test_the_first_check_waits_for_initial_jitter_alone() -> None:
    check = HealthCheck(TcpHealthCheck(), initial_jitter=2, interval_jitter=5, interval_jitter_percent=50)
    assert HostChecks(check, lambda: 2 * 10**9 + 1234).initial_delay() == 1.234
    assert HostChecks(check, lambda: 0).initial_delay() == 0.001
    assert HostChecks(CHECK, no_chance).initial_delay() == 0


@given(
    bits=st.integers(0, 2**64 - 1),
    milliseconds=st.integers(1, 10**6),
    jitter=st.integers(0, 10**5),
    percent=st.integers(0, 200),
    traffic=st.booleans(),
    passed=st.booleans(),
)
def test_delays_keep_their_bounds(
    bits: int, milliseconds: int, jitter: int, percent: int, traffic: bool, passed: bool
) -> None:
    seconds = milliseconds / 1000
    check = HealthCheck(
        TcpHealthCheck(),
        interval=seconds,
        no_traffic_interval=seconds,
        interval_jitter=jitter / 1000,
        interval_jitter_percent=percent,
    )
    delay = HostChecks(check, lambda: bits).delay(passed, Transition.UNCHANGED, traffic)
    assert seconds <= delay <= seconds * (1 + percent / 100) + jitter / 1000


# ------------------------------------------------------------------ properties

verdict_letters = st.text(alphabet="+dntarx", max_size=40)


@given(verdict_letters, st.integers(1, 4), st.integers(1, 4))
def test_thresholds_hold_for_any_history(verdicts: str, healthy: int, unhealthy: int) -> None:
    """A slower model of the same: look back at the runs of equal ends."""
    check = replace(CHECK, healthy_threshold=healthy, unhealthy_threshold=unhealthy)
    host = HostChecks(check, no_chance)
    failing, run = True, 0  # of successes while it fails, of failures that count while it does not
    for number, letter in enumerate(verdicts):
        host.finish(LETTERS[letter])
        success = letter in "+d"
        if success is not failing:
            run = 0
        else:
            run += 1
            at_once = number == 0 if success else letter in "ax"
            if at_once or run == (healthy if success else unhealthy):
                failing, run = not success, 0
        assert (host.health in (HealthStatus.HEALTHY, HealthStatus.DEGRADED)) is not failing
