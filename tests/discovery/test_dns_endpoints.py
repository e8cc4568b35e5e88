"""Which endpoints a cluster has by the answers to its names."""

from __future__ import annotations

from discovery_support import by_name, group

from meshcore.discovery.answer import Answer, Question
from meshcore.discovery.endpoints import current_address, questions_of, resolved
from meshcore.discovery.lookup import Lookup
from meshcore.model import Cluster, Discovery, DnsSettings, Endpoint, HealthStatus, Locality, LookupFamily

V4 = ("10.0.0.2", "10.0.0.1")
LOGICAL = Discovery.LOGICAL_DNS


class Known(dict[Question, Lookup]):
    """Lookups that have been answered."""

    def __init__(self, **answers: tuple[str, ...]) -> None:
        super().__init__()
        for name, found in answers.items():
            self.answer(name, *found)

    def answer(self, name: str, *addresses: str) -> None:
        lookup = self.setdefault(Question(name), Lookup(Question(name)))
        lookup.answered(Answer(addresses), 0.0, lambda: 0.0)


def served(cluster: Cluster, known: Known) -> list[tuple[str, int, str]]:
    """(endpoint, weight, zone) in their order."""
    return [
        (endpoint.authority, endpoint.weight, place.locality.zone)
        for place in resolved(cluster, known.get).localities
        for endpoint in place.endpoints
    ]


def test_each_address_is_an_endpoint_with_all_that_was_declared() -> None:
    declared = Endpoint("a", 80, weight=3, health=HealthStatus.DEGRADED, metadata=(("version", "v1"),))
    made = resolved(by_name("c", group(declared, zone="z")), Known(a=V4).get)
    (place,) = made.localities
    assert place.locality == Locality(zone="z")
    assert [
        (one.authority, one.hostname, one.weight, one.health, one.metadata) for one in place.endpoints
    ] == [
        ("10.0.0.1:80", "a", 3, HealthStatus.DEGRADED, (("version", "v1"),)),
        ("10.0.0.2:80", "a", 3, HealthStatus.DEGRADED, (("version", "v1"),)),
    ]


def test_a_hostname_of_its_own_stays() -> None:
    declared = group(Endpoint("a", 80, hostname="told"))
    assert [one.hostname for one in resolved(by_name("c", declared), Known(a=V4).get).endpoints] == [
        "told"
    ] * 2


def test_the_order_of_an_answer_changes_nothing() -> None:
    cluster = by_name("c", "a")
    assert resolved(cluster, Known(a=V4).get) == resolved(cluster, Known(a=V4[::-1]).get)


def test_addresses_need_no_answer_and_unknown_names_have_none() -> None:
    cluster = by_name("c", group("10.0.0.9", "a", "::1", Endpoint("/run/x", 0)))
    assert [one for one, _, _ in served(cluster, Known())] == ["10.0.0.9:80", "[::1]:80", "/run/x"]


def test_several_names_join_in_their_places() -> None:
    cluster = by_name("c", group("a", "b", zone="1"), group("c", zone="2", priority=1))
    known = Known(a=("10.0.0.1",), b=("10.0.0.2",), c=("10.0.0.3",))
    assert served(cluster, known) == [
        ("10.0.0.1:80", 1, "1"),
        ("10.0.0.2:80", 1, "1"),
        ("10.0.0.3:80", 1, "2"),
    ]


def test_an_address_of_two_names_is_one_endpoint_with_both_weights() -> None:
    cluster = by_name("c", group(Endpoint("a", 80, weight=2), Endpoint("b", 80, weight=5)))
    assert served(cluster, Known(a=("10.0.0.1",), b=V4)) == [("10.0.0.1:80", 7, ""), ("10.0.0.2:80", 5, "")]


def test_an_address_in_two_places_counts_in_the_first() -> None:
    cluster = by_name("c", group("a", zone="1"), group("b", zone="2"))
    assert served(cluster, Known(a=("10.0.0.1",), b=V4)) == [("10.0.0.1:80", 1, "1"), ("10.0.0.2:80", 1, "2")]


def test_ports_tell_endpoints_of_one_address_apart() -> None:
    cluster = by_name("c", group(Endpoint("a", 80), Endpoint("a", 81)))
    assert [one for one, _, _ in served(cluster, Known(a=("10.0.0.1",)))] == ["10.0.0.1:80", "10.0.0.1:81"]
    assert len(questions_of(cluster)) == 1


def test_strict_takes_an_empty_answer_at_its_word() -> None:
    known = Known(a=V4)
    known.answer("a")
    assert served(by_name("c", "a"), known) == []


def test_logical_is_one_endpoint_by_its_name_at_the_highest_priority() -> None:
    cluster = by_name("c", group(Endpoint("a", 80, weight=3), priority=2), discovery=LOGICAL)
    known = Known()
    assert served(cluster, known) == []
    assert current_address(resolved(cluster, known.get)) is None
    known.answer("a", *V4)
    assert served(cluster, known) == [("a:80", 3, "")]
    assert resolved(cluster, known.get).localities[0].priority == 0
    assert current_address(resolved(cluster, known.get)) == "10.0.0.2:80"


def test_other_clusters_have_no_current_address() -> None:
    cluster = by_name("c", "a")
    assert current_address(resolved(cluster, Known(a=V4).get)) is None


def test_logical_keeps_its_address_when_an_answer_is_empty() -> None:
    cluster, known = by_name("c", "a", discovery=LOGICAL), Known(a=("2001:db8::1",))
    known.answer("a")
    assert served(cluster, known) == [("a:80", 1, "")]
    assert current_address(resolved(cluster, known.get)) == "[2001:db8::1]:80"


def test_questions_differ_by_what_they_ask_alone() -> None:
    one = by_name("c", "a", dns=DnsSettings(refresh_rate=1.0, jitter=2.0, respect_ttl=True))
    other = by_name("d", "a", discovery=LOGICAL)
    assert questions_of(one) == questions_of(other) == (Question("a"),)
    v4 = by_name("c", "a", dns=DnsSettings(LookupFamily.V4_ONLY, servers=("10.0.0.53:53",), search=False))
    assert questions_of(v4) == (Question("a", LookupFamily.V4_ONLY, ("10.0.0.53:53",), False, False),)


def test_what_comes_by_name() -> None:
    assert by_name("c", "a").by_dns
    assert not by_name("c", group("10.0.0.1", "::1", Endpoint("/run/x", 0))).by_dns
    assert not by_name("c", "a", discovery=Discovery.STATIC).by_dns
