"""An engine's endpoints follow the answers: everything runs when the test says so."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from discovery_support import Clock, Script, addresses, by_name, config, group, picked

from meshcore import Engine
from meshcore.discovery import Answer
from meshcore.discovery.following import CONCURRENCY, Following
from meshcore.model import (
    Cluster,
    Config,
    Discovery,
    DnsSettings,
    Endpoint,
    EndpointHealthCheck,
    HealthCheck,
    HealthStatus,
    TcpHealthCheck,
)

LOGICAL = Discovery.LOGICAL_DNS
TTL = DnsSettings(respect_ttl=True)


class Follower:
    """A Following whose work is done at once, or, once ``later`` is set, when ``work`` is run."""

    def __init__(self, *clusters: Cluster, **answers: Any) -> None:
        self.clock = Clock()
        self.script = Script(**answers)
        self.engine = Engine(config(*clusters))
        self.later = False
        self.work: list[Callable[[], None]] = []
        self.following = Following(
            self.engine, resolver=self.script, clock=self.clock, random=lambda: 0.5, spawn=self._spawn
        )
        self.following.begin()

    def _spawn(self, work: Callable[[], None]) -> None:
        if self.later:
            self.work.append(work)
        else:
            work()

    def after(self, seconds: float) -> float | None:
        self.clock.now += seconds
        return self.following.pump()

    def has(self, name: str) -> list[str]:
        return addresses(self.engine, name)

    def swap(self, *clusters: Cluster, **options: Any) -> None:
        self.following.swap(config(*clusters), wait=0.0, **options)


def test_nothing_is_served_by_its_name_and_the_first_answer_is_put_in_force() -> None:
    follower = Follower(by_name("c", "a"), by_name("d", "10.0.0.9"), a=["10.0.0.1", "10.0.0.2"])
    assert follower.has("c") == []
    assert picked(follower.engine, "c") is None
    assert follower.after(0) == 5.0
    assert follower.has("c") == ["10.0.0.1:80", "10.0.0.2:80"]
    assert follower.has("d") == ["10.0.0.9:80"]


def test_answers_are_followed_at_their_times() -> None:
    follower = Follower(by_name("c", "a", dns=TTL), a=Answer(("10.0.0.1",), 30.0))
    follower.after(0)
    follower.script.answers["a"] = ["10.0.0.2"]
    assert follower.after(29) == 1.0
    assert follower.has("c") == ["10.0.0.1:80"]
    assert follower.after(1) == 5.0  # no TTL is known any longer
    assert follower.has("c") == ["10.0.0.2:80"]
    assert follower.script.asked == ["a", "a"]


def test_the_last_good_answer_stays_when_lookups_fail() -> None:
    follower = Follower(by_name("c", "a", dns=DnsSettings(failure_base=1.0)), a=["10.0.0.1"])
    follower.after(0)
    follower.script.answers["a"] = "refused"
    assert [follower.after(seconds) for seconds in (5, 0.5, 1, 2)] == [0.5, 1.0, 2.0, 4.0]
    assert follower.has("c") == ["10.0.0.1:80"]
    (said,) = follower.following.describe("c")["dns"]
    assert (said["failures"], said["last_error"], said["age"]) == (4, "refused", 8.5)


def test_a_name_without_addresses_is_told_once_until_it_has_some(caplog: pytest.LogCaptureFixture) -> None:
    none = Answer((), reason="no such name")
    follower = Follower(by_name("c", "a"), by_name("d", "a", discovery=LOGICAL), a=none)
    for _ in range(3):
        follower.after(5)
    assert caplog.messages == ["the DNS name a of c, d: it has no addresses: no such name"]
    (said,) = follower.following.describe("c")["dns"]
    assert (said["failures"], said["last_error"]) == (0, "it has no addresses: no such name")
    assert "none of 0 can be picked, no DNS name of it has an address" in str(
        follower.engine.explain("GET", "a", "/c")
    )
    follower.script.answers["a"] = ["10.0.0.1"]
    follower.after(5)
    assert follower.following.describe("c")["dns"][0]["last_error"] is None
    follower.script.answers["a"] = []
    follower.after(5)
    assert caplog.messages[1:] == ["the DNS name a of c, d: it has no addresses"]


def test_an_empty_answer_empties_strict_and_not_logical() -> None:
    follower = Follower(by_name("c", "a"), by_name("d", "a", discovery=LOGICAL), a=["10.0.0.1"])
    follower.after(0)
    assert (follower.has("c"), follower.has("d")) == (["10.0.0.1:80"], ["a:80"])
    follower.script.answers["a"] = []
    follower.after(5)
    assert (follower.has("c"), follower.has("d")) == ([], ["a:80"])
    assert follower.following.address("d", "a:80") == "10.0.0.1:80"
    assert follower.script.asked == ["a", "a"]  # one lookup for both


def test_logical_is_one_endpoint_whose_address_moves() -> None:
    follower = Follower(by_name("d", "a", discovery=LOGICAL), a=["10.0.0.1", "10.0.0.2"])
    assert follower.has("d") == []
    follower.after(0)
    with follower.engine.decide("GET", "a", "/d") as decision:
        assert decision.endpoint == "a:80"
        assert follower.following.address("d", "a:80") == "10.0.0.1:80"
        follower.script.answers["a"] = ["10.0.0.2", "10.0.0.1"]
        follower.after(5)
        assert follower.following.address("d", "a:80") == "10.0.0.2:80"
        (host,) = next(one for one in follower.engine.clusters() if one["name"] == "d")["endpoints"]
        assert (host["address"], host["active_requests"]) == ("a:80", 1)
    assert follower.following.address("elsewhere", "b:80") == "b:80"


def test_an_answer_that_says_the_same_changes_nothing() -> None:
    follower = Follower(by_name("c", "a"), a=["10.0.0.1", "10.0.0.2"])
    follower.after(0)
    before = follower.engine.config
    follower.script.answers["a"] = ["10.0.0.2", "10.0.0.1"]
    follower.after(5)
    assert follower.engine.config is before


def test_an_endpoint_that_goes_keeps_its_requests_until_they_end() -> None:
    follower = Follower(by_name("c", "a"), a=["10.0.0.1"])
    follower.after(0)
    decision = follower.engine.decide("GET", "a", "/c")
    follower.script.answers["a"] = ["10.0.0.2"]
    follower.after(5)
    assert decision.endpoint == "10.0.0.1:80"
    assert {picked(follower.engine, "c") for _ in range(9)} == {"10.0.0.2:80"}
    follower.script.answers["a"] = ["10.0.0.1", "10.0.0.2"]
    follower.after(5)  # it is back, and still has what it had
    assert active(follower.engine) == {"10.0.0.1:80": 1, "10.0.0.2:80": 0}
    decision.close()
    assert active(follower.engine) == {"10.0.0.1:80": 0, "10.0.0.2:80": 0}


def test_a_drained_address_stays_so_while_its_name_has_it() -> None:
    follower = Follower(by_name("c", "a"), a=["10.0.0.1", "10.0.0.2"])
    follower.after(0)
    follower.engine.drain("c", "10.0.0.1:80")
    follower.script.answers["a"] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    follower.after(5)
    assert {picked(follower.engine, "c") for _ in range(12)} == {"10.0.0.2:80", "10.0.0.3:80"}


def active(engine: Engine) -> dict[str, int]:
    (one,) = engine.clusters()
    return {host["address"]: host["active_requests"] for host in one["endpoints"]}


def test_a_swap_keeps_the_answers_of_kept_names() -> None:
    follower = Follower(by_name("c", "a"), a=["10.0.0.1"], b=["10.0.0.2"])
    follower.after(0)
    seen: list[list[str]] = []

    def put(made: Config) -> None:
        seen.extend([endpoint.authority for endpoint in one.endpoints] for one in made.clusters)
        follower.engine.swap(made)

    follower.swap(by_name("c", "a"), by_name("e", "b"), put=put)
    assert seen == [["10.0.0.1:80"], ["10.0.0.2:80"]]  # no request ever sees a name, or nothing
    assert follower.script.asked == ["a", "b"]


def test_a_swap_waits_no_longer_than_it_may() -> None:
    follower = Follower(by_name("c", "a"), a=["10.0.0.1"], b=["10.0.0.2"])
    follower.after(0)
    follower.later = True
    follower.swap(by_name("e", "b"))
    assert follower.has("e") == []
    follower.work.pop()()
    assert follower.has("e") == ["10.0.0.2:80"]


def test_a_swap_that_is_refused_changes_nothing() -> None:
    follower = Follower(by_name("c", "a"), a=["10.0.0.1"], b=["10.0.0.2"])
    follower.after(0)
    twice = (by_name("c", "b"), by_name("c", "b"))
    with pytest.raises(ValueError, match="two clusters have one name"):
        follower.swap(*twice)
    follower.script.asked.clear()
    follower.after(5)
    assert follower.script.asked == ["a"]
    assert follower.has("c") == ["10.0.0.1:80"]


def test_a_configuration_swapped_past_us_is_followed() -> None:
    follower = Follower(by_name("c", "a"), a=["10.0.0.1"], b=["10.0.0.2"])
    follower.after(0)
    follower.engine.swap(config(by_name("e", "b")))
    follower.after(0)
    assert follower.has("e") == ["10.0.0.2:80"]
    assert follower.after(99) == 5.0
    assert follower.script.asked == ["a", "b", "b"]


def test_a_configuration_made_of_the_engines_keeps_its_names() -> None:
    follower = Follower(by_name("c", "a"), a=["10.0.0.1"])
    follower.after(0)
    follower.engine.swap(replace(follower.engine.config, digest="another"))
    follower.script.answers["a"] = ["10.0.0.2"]
    follower.after(5)
    assert follower.has("c") == ["10.0.0.2:80"]


def test_other_clusters_may_be_updated_meanwhile() -> None:
    follower = Follower(by_name("c", "a"), by_name("d", "10.0.0.9"), a=["10.0.0.1"])
    follower.after(0)
    follower.engine.update_endpoints("d", ["10.0.0.8:80"])
    follower.script.answers["a"] = ["10.0.0.2"]
    follower.after(5)
    follower.script.answers["a"] = ["10.0.0.3"]
    follower.after(5)
    assert (follower.has("c"), follower.has("d")) == (["10.0.0.3:80"], ["10.0.0.8:80"])


def test_endpoints_that_somebody_gave_a_cluster_by_name_stay() -> None:
    follower = Follower(by_name("c", "a"), a=["10.0.0.1"])
    follower.after(0)
    follower.engine.update_endpoints("c", ["10.0.0.7:80"])
    follower.after(5)
    assert follower.has("c") == ["10.0.0.7:80"]
    assert follower.script.asked == ["a"]


def test_answers_that_cannot_be_served_are_told_and_change_nothing(caplog: pytest.LogCaptureFixture) -> None:
    heavy = by_name("c", group(Endpoint("a", 80, weight=2**31)))
    follower = Follower(heavy, a=["10.0.0.1"])
    follower.after(0)
    follower.script.answers["a"] = ["10.0.0.1", "10.0.0.2"]
    with caplog.at_level(logging.WARNING, "meshcore.discovery"):
        follower.after(5)
    assert follower.has("c") == ["10.0.0.1:80"]
    assert "add up to" in follower.following.describe("c")["dns_error"]
    assert "cluster 'c' stay as they are" in caplog.text
    follower.script.answers["a"] = ["10.0.0.2"]
    follower.after(5)
    assert follower.has("c") == ["10.0.0.2:80"]
    assert "dns_error" not in follower.following.describe("c")


def test_a_resolver_that_breaks_is_asked_again() -> None:
    follower = Follower(by_name("c", "a"), a=["10.0.0.1"])
    follower.after(0)
    follower.script.answers["a"] = ["no address"]
    follower.after(5)
    assert "no address" in follower.following.describe("c")["dns"][0]["last_error"]
    follower.script.answers["a"] = 7  # type: ignore[assignment]
    follower.after(5)
    assert "TypeError" in follower.following.describe("c")["dns"][0]["last_error"]
    follower.script.answers["a"] = ["10.0.0.2"]
    follower.after(5)
    assert follower.has("c") == ["10.0.0.2:80"]


def test_so_many_lookups_at_a_time() -> None:
    clusters = [by_name(f"c{number}", f"n{number}") for number in range(CONCURRENCY + 3)]
    follower = Follower(*clusters, **{f"n{number}": ["10.0.0.1"] for number in range(CONCURRENCY + 3)})
    follower.later = True
    assert follower.after(0) is None
    assert len(follower.work) == CONCURRENCY
    follower.work.pop(0)()
    assert follower.after(0) is None
    assert len(follower.work) == CONCURRENCY
    while follower.work:
        follower.work.pop(0)()
        follower.following.pump()
    assert len(set(follower.script.asked)) == CONCURRENCY + 3


def test_what_the_engine_says_of_clusters() -> None:
    follower = Follower(
        by_name("c", "a"), by_name("d", "a", discovery=LOGICAL), by_name("e", "10.0.0.9"), a=["10.0.0.1"]
    )
    follower.after(0)
    c, d, e = follower.engine.clusters()
    assert c["dns"][0]["addresses"] == ["10.0.0.1"]
    assert d["address"] == "10.0.0.1:80"
    assert not {"dns", "address"} & set(e)
    follower.following.close()
    assert "dns" not in follower.engine.clusters()[0]


def test_nothing_is_looked_up_after_the_end() -> None:
    follower = Follower(by_name("c", "a"), a=["10.0.0.1"])
    follower.later = True
    follower.after(0)
    follower.following.close()
    follower.work.pop()()
    assert follower.has("c") == []
    assert follower.after(99) is None
    assert follower.work == []
    assert follower.following.wait_warm(0)


CHECK = HealthCheck(TcpHealthCheck())
GONE, STAYS = "10.0.0.1:80", "10.0.0.2:80"


def checked(follower: Follower) -> Follower:
    """Somebody has checked both endpoints and found them healthy; then one of them loses its name."""
    follower.engine.begin_checks(lambda cluster, endpoint: None)
    follower.after(0)
    follower.engine.set_checked_health("c", dict.fromkeys([GONE, STAYS], HealthStatus.HEALTHY))
    follower.script.answers["a"] = ["10.0.0.2"]
    follower.after(5)
    return follower


def test_what_checks_call_healthy_outlives_its_name_until_they_fail() -> None:
    cluster = by_name("c", group("a", zone="z"), health_check=CHECK)
    follower = checked(Follower(cluster, a=["10.0.0.1", "10.0.0.2"]))
    assert follower.has("c") == [STAYS, GONE]
    assert follower.following.describe("c")["dns_kept"] == [GONE]
    (place,) = follower.engine.config.clusters[0].localities
    assert place.locality.zone == "z"
    follower.after(5)
    assert follower.has("c") == [STAYS, GONE]
    follower.engine.set_checked_health("c", {GONE: HealthStatus.UNHEALTHY})
    follower.after(5)
    assert follower.has("c") == [STAYS]
    assert "dns_kept" not in follower.following.describe("c")


def test_what_has_its_name_back_is_kept_no_longer() -> None:
    follower = checked(Follower(by_name("c", "a", health_check=CHECK), a=["10.0.0.1", "10.0.0.2"]))
    follower.script.answers["a"] = ["10.0.0.1"]
    follower.after(5)
    assert follower.following.describe("c")["dns_kept"] == [STAYS]


UNCHECKED = group(Endpoint("a", 80, health_check=EndpointHealthCheck(disabled=True)))


@pytest.mark.parametrize(
    ("names", "fields"),
    [
        ("a", {}),
        ("a", {"ignore_health_on_host_removal": True, "health_check": CHECK}),
        (UNCHECKED, {"health_check": CHECK}),
    ],
)
def test_what_is_not_kept(names: Any, fields: dict[str, Any]) -> None:
    follower = checked(Follower(by_name("c", names, **fields), a=["10.0.0.1", "10.0.0.2"]))
    assert follower.has("c") == [STAYS]


def test_where_nobody_checks_nothing_is_kept() -> None:
    follower = Follower(by_name("c", "a", health_check=CHECK), a=["10.0.0.1", "10.0.0.2"])
    follower.after(0)
    follower.script.answers["a"] = ["10.0.0.2"]
    follower.after(5)
    assert follower.has("c") == [STAYS]
