"""When names are looked up again: the intervals of Envoy's DNS clusters, as tables."""

from __future__ import annotations

import pytest

from meshcore.discovery.answer import Answer, Question
from meshcore.discovery.lookup import Lookup
from meshcore.discovery.refresh import Refresh
from meshcore.model import DnsSettings

SOME = Answer(("10.0.0.1",), 30.0)
NOTHING = Answer((), 30.0)
UNTIMED = Answer(("10.0.0.1",))
NOT_KEPT = Answer(("10.0.0.1",), 0.0)
TTL = DnsSettings(respect_ttl=True)


def half() -> float:
    return 0.5


@pytest.mark.parametrize(
    ("settings", "logical", "answer", "seconds"),
    [
        (DnsSettings(), False, SOME, 5.0),
        (DnsSettings(refresh_rate=60.0), False, SOME, 60.0),
        (TTL, False, SOME, 30.0),
        (TTL, True, SOME, 30.0),
        (TTL, False, UNTIMED, 5.0),
        (TTL, False, NOT_KEPT, 5.0),
        (TTL, False, NOTHING, 5.0),
        (DnsSettings(jitter=4.0), False, SOME, 7.0),
        (DnsSettings(jitter=4.0, respect_ttl=True), False, SOME, 32.0),
        (DnsSettings(jitter=4.0), False, None, 5.0),
        (DnsSettings(), False, None, 5.0),
        (DnsSettings(failure_base=2.0), False, None, 1.0),
        (DnsSettings(failure_base=2.0), False, NOTHING, 5.0),
        (DnsSettings(failure_base=2.0), True, NOTHING, 1.0),
    ],
)
def test_the_interval_after(
    settings: DnsSettings, logical: bool, answer: Answer | None, seconds: float
) -> None:
    assert Refresh(settings, logical=logical).after(answer, half) == seconds


@pytest.mark.parametrize(
    ("settings", "bounds"),
    [
        (DnsSettings(failure_base=2.0), [2, 4, 8, 16, 20, 20]),
        (DnsSettings(failure_base=2.0, failure_max=5.0), [2, 4, 5, 5]),
        (DnsSettings(failure_base=2.0, failure_max=2.0), [2, 2]),
        (DnsSettings(refresh_rate=7.0), [14, 14, 14]),  # no backoff: the rate, not at random
    ],
)
def test_the_backoff_doubles_up_to_its_bound_and_begins_anew(
    settings: DnsSettings, bounds: list[float]
) -> None:
    refresh = Refresh(settings, logical=False)
    for _ in range(2):
        assert [refresh.after(None, half) for _ in bounds] == [bound / 2 for bound in bounds]
        refresh.after(SOME, half)


def test_a_backoff_of_nothing_is_not_at_once() -> None:
    assert Refresh(DnsSettings(failure_base=2.0), logical=False).after(None, lambda: 0.0) == 0.001


def test_the_backoff_stays_a_number_after_a_million_failures() -> None:
    refresh = Refresh(DnsSettings(failure_base=1e-3, failure_max=1e9), logical=False)
    assert max(refresh.after(None, half) for _ in range(100_000)) == 5e8


def test_the_shortest_interval_of_those_who_ask_counts() -> None:
    lookup = Lookup(Question("a"))
    lookup.wish([(DnsSettings(refresh_rate=60.0), False), (TTL, False)], 0.0)
    lookup.begin()
    lookup.answered(SOME, 100.0, half)
    assert lookup.due_at == 130.0


def test_who_joins_a_lookup_gets_an_answer_at_once_and_who_leaves_does_not_matter() -> None:
    slow, fast = (DnsSettings(refresh_rate=60.0), False), (TTL, False)
    lookup = Lookup(Question("a"))
    lookup.wish([slow], 0.0)
    lookup.begin()
    lookup.answered(SOME, 0.0, half)
    lookup.wish([slow, fast], 10.0)
    assert lookup.due_at == 10.0
    lookup.begin()
    lookup.answered(SOME, 10.0, half)
    lookup.wish([slow], 11.0)
    assert lookup.due_at == 40.0


def test_a_failure_keeps_the_answer_and_says_why() -> None:
    lookup = Lookup(Question("a"))
    lookup.wish([(DnsSettings(), False)], 0.0)
    assert not lookup.tried
    assert lookup.answered(SOME, 1.0, half)
    for _ in range(2):
        lookup.failed("refused", 2.0, half)
    assert (lookup.answer, lookup.answered_at, lookup.error, lookup.failures) == (SOME, 1.0, "refused", 2)
    assert not lookup.answered(SOME, 3.0, half)
    assert (lookup.error, lookup.failures) == ("", 0)


def test_an_empty_answer_is_news_and_the_last_addresses_are_remembered() -> None:
    lookup = Lookup(Question("a"))
    lookup.wish([(DnsSettings(), False)], 0.0)
    lookup.answered(SOME, 1.0, half)
    assert lookup.answered(NOTHING, 2.0, half)
    assert (lookup.answer, lookup.usable) == (NOTHING, SOME)
