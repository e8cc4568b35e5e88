"""The balancers that stand alone."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshcore import LeastRequest, Maglev, PeakEwma, RandomChoice, RingHash, RoundRobin

RECORDINGS = Path(__file__).parent / "conformance" / "envoy"
HOSTS = [f"10.0.0.{i}:9080" for i in range(1, 11)]
KEYS = [f"user-{i}" for i in range(2000)]

Hashing = "type[RingHash] | type[Maglev]"
hashing = pytest.mark.parametrize("kind", ["RingHash", "Maglev"], indirect=True)
every = pytest.mark.parametrize(
    "kind", ["RingHash", "Maglev", "RoundRobin", "RandomChoice", "LeastRequest"], indirect=True
)

pytestmark = pytest.mark.usefixtures("each_backend")


@pytest.fixture(scope="module")
def kind(request: pytest.FixtureRequest, each_backend: str) -> Any:
    """The class of that name, of the backend whose turn it is."""
    return getattr(request.module, request.param)


def recorded(name: str) -> tuple[dict[str, Any], list[str], list[int], list[tuple[str, str]]]:
    """A recording's cluster, its hosts and weights, and the endpoint that Envoy gave each key."""
    document = json.loads((RECORDINGS / f"{name}.json").read_text())
    cluster = document["clusters"][0]
    endpoints = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    addresses = [endpoint["endpoint"]["address"]["socket_address"] for endpoint in endpoints]
    hosts = [f"{address['address']}:{address['port_value']}" for address in addresses]
    picks = [
        (headers["x-key"], case["expect"]["endpoint"])
        for case in document["cases"]
        if "x-key" in (headers := dict(case["request"]["headers"]))
    ]
    return cluster, hosts, [endpoint.get("load_balancing_weight", 1) for endpoint in endpoints], picks


# ---------------------------------------------------------------------- as Envoy


@pytest.mark.parametrize(
    "name",
    ["ring_xx_5hosts", "ring_xx_weights_1_5", "ring_murmur_5hosts", "ring_max3_5hosts", "ring_23hosts"],
)
def test_a_ring_picks_what_envoy_picked(name: str) -> None:
    cluster, hosts, weights, picks = recorded(name)
    config = cluster.get("ring_hash_lb_config", {})
    ring = RingHash(
        hosts,
        weights=weights,
        hash_function=config.get("hash_function", "XX_HASH").lower(),
        minimum_ring_size=config.get("minimum_ring_size", min(1024, config.get("maximum_ring_size", 1024))),
        maximum_ring_size=config.get("maximum_ring_size", 8388608),
    )
    assert picks
    assert [(key, ring.pick(key)) for key, _ in picks] == picks


@pytest.mark.parametrize(
    "name", ["maglev_5hosts", "maglev_weights_1_5", "maglev_t1009_weights", "maglev_23hosts"]
)
def test_maglev_picks_what_envoy_picked(name: str) -> None:
    cluster, hosts, weights, picks = recorded(name)
    size = cluster.get("maglev_lb_config", {}).get("table_size", 65537)
    maglev = Maglev(hosts, weights=dict(zip(hosts, weights, strict=True)), table_size=size)
    assert picks
    assert [(key, maglev.pick(key.encode())) for key, _ in picks] == picks


# ---------------------------------------------------------------------- consistent hashing


@hashing
def test_many_keys_at_once(kind: Hashing) -> None:
    balancer = kind(HOSTS)
    keys = [*KEYS, b"bytes", "ü", "\udcff", ""]
    assert balancer.pick_many(keys) == [balancer.pick(key) for key in keys]
    assert balancer.pick_many(iter(KEYS[:3])) == [balancer.pick(key) for key in KEYS[:3]]
    assert balancer.pick_many([]) == []


@hashing
def test_a_text_counts_as_its_utf8(kind: Hashing) -> None:
    balancer = kind(HOSTS)
    for key in ("user-1", "日本", "\udcff"):
        assert balancer.pick(key) == balancer.pick(key.encode("utf-8", "surrogateescape"))


@hashing
@pytest.mark.parametrize("key", [None, 5, ["x"]])
def test_other_keys_are_refused(kind: Hashing, key: Any) -> None:
    with pytest.raises(TypeError, match="expected str or bytes"):
        kind(HOSTS).pick(key)
    with pytest.raises(TypeError, match="expected str or bytes"):
        kind(HOSTS).pick_many(["x", key])


def test_removing_a_host_from_a_ring_moves_its_keys_alone() -> None:
    # As long as the others keep their hundred entries each: the ring's size is that of all together.
    before = RingHash(HOSTS, minimum_ring_size=1000)
    after = RingHash(HOSTS[:-1], minimum_ring_size=900)
    moved = {before.pick(key) for key in KEYS if before.pick(key) != after.pick(key)}
    assert moved == {HOSTS[-1]}


def test_removing_a_host_from_maglev_moves_few_others() -> None:
    before, after = Maglev(HOSTS), Maglev(HOSTS[:-1])
    moved = [key for key in KEYS if before.pick(key) != HOSTS[-1] and before.pick(key) != after.pick(key)]
    assert len(moved) < 0.06 * len(KEYS)


def test_the_order_of_hosts_does_not_matter_to_maglev() -> None:
    assert Maglev(HOSTS).pick_many(KEYS) == Maglev(HOSTS[::-1]).pick_many(KEYS)


@hashing
def test_weights_are_shares(kind: Hashing) -> None:
    counts = Counter(kind(HOSTS[:2], weights=[1, 3]).pick_many(f"{i}" for i in range(20_000)))
    assert counts[HOSTS[1]] == pytest.approx(15_000, rel=0.06)


@settings(max_examples=30, deadline=None)
@given(
    hosts=st.lists(st.text(min_size=1), min_size=1, max_size=20, unique=True),
    key=st.text() | st.binary(),
    data=st.data(),
)
def test_any_hosts_and_keys(hosts: list[str], key: str | bytes, data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.integers(1, 2**27), min_size=len(hosts), max_size=len(hosts)))
    assert RingHash(hosts, weights=weights, maximum_ring_size=5000).pick(key) in hosts
    assert Maglev(hosts, weights=weights, table_size=101).pick(key) in hosts


@hashing
def test_bounded_loads(kind: Hashing) -> None:
    balancer = kind(HOSTS[:4], hash_balance_factor=150)
    first = balancer.pick("k")
    picks = Counter([first, *(balancer.pick("k") for _ in range(39))])
    # No host has more than 1.5 times the average of 10, but for the one that is let through at the limit.
    assert max(picks.values()) <= 16
    assert len(picks) > 2
    for host, count in picks.items():
        for _ in range(count):
            balancer.done(host)
    assert balancer.pick("k") == first
    balancer.done(first)
    with pytest.raises(ValueError, match=r"no request to '10\.0\.0"):
        balancer.done(first)
    with pytest.raises(ValueError, match="'elsewhere' is not one of the hosts"):
        balancer.done("elsewhere")


@hashing
def test_bounded_loads_count_each_of_many_picks(kind: Hashing) -> None:
    balancer = kind(HOSTS[:4], hash_balance_factor=150)
    assert len(set(balancer.pick_many(["k"] * 40))) > 2


# ---------------------------------------------------------------------- rotation and chance


def test_round_robin_takes_every_host_in_turn() -> None:
    robin = RoundRobin(HOSTS, seed=3)
    assert Counter(robin.pick() for _ in range(50)) == dict.fromkeys(HOSTS, 5)
    assert robin.pick() != robin.pick()
    assert RoundRobin(HOSTS, seed=3).pick() == RoundRobin(HOSTS, seed=3).pick()


def test_round_robin_begins_anywhere() -> None:
    assert len({RoundRobin(HOSTS, seed=seed).pick() for seed in range(40)}) > 5


def test_random_choice() -> None:
    choice = RandomChoice(HOSTS, seed=7)
    counts = Counter(choice.pick() for _ in range(20_000))
    assert len(counts) == len(HOSTS)
    assert all(count == pytest.approx(2_000, rel=0.15) for count in counts.values())


@pytest.mark.parametrize("weights", [[1, 2, 3, 4], [1, 1, 1, 1000], [5, 5, 5, 5], [2**31, 2**30, 1, 1]])
def test_random_choice_by_weight(weights: list[int]) -> None:
    choice = RandomChoice(HOSTS[:4], weights=weights, seed=1)
    counts = Counter(choice.pick() for _ in range(40_000))
    for host, weight in zip(HOSTS, weights, strict=False):
        expected = 40_000 * weight / sum(weights)
        assert abs(counts[host] - expected) <= 5 * expected**0.5 + 3


def test_seeds() -> None:
    def draw(seed: int | None) -> list[str]:
        choice = RandomChoice(HOSTS, seed=seed)
        return [choice.pick() for _ in range(20)]

    assert draw(5) == draw(5) != draw(6)
    assert draw(None) != draw(None)
    assert draw(2**64 + 5) == draw(5)
    with pytest.raises(TypeError, match="seed is 'x'; expected an int"):
        RandomChoice(HOSTS, seed="x")  # type: ignore[arg-type]


# ---------------------------------------------------------------------- all of them


@every
def test_what_they_are_made_of(kind: Callable[..., Any]) -> None:
    balancer = kind(iter(HOSTS), weights=range(1, 11))
    assert balancer.hosts == tuple(HOSTS)
    assert balancer.weights == tuple(range(1, 11))
    assert kind(HOSTS).weights == (1,) * 10
    assert len(balancer) == 10
    assert repr(balancer) == f"<{kind.__name__} of 10 hosts>"
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        copy.copy(balancer)


@every
@pytest.mark.parametrize(
    ("hosts", "weights", "message"),
    [
        ([], None, "hosts is empty; expected at least one address"),
        (["a", "b", "a"], None, "host 'a' is given twice"),
        (["a", "b"], [1], "1 weights for 2 hosts"),
        (["a", "b"], [1, 0], "the weight of 'b' is 0; expected at least 1"),
        (["a", "b"], [1, 2**32 - 1], "the weights add up to 4,294,967,296; expected at most 4,294,967,295"),
        (["a", "b"], {"a": 1}, "weights: host 'b' has no weight"),
        (["a", "b"], {"a": 1, "b": 1, "c": 1}, "weights: 'c' is not a host"),
    ],
)
def test_bad_hosts_and_weights(
    kind: Callable[..., Any], hosts: Iterable[str], weights: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        kind(hosts, weights=weights)


@every
@pytest.mark.parametrize(
    ("hosts", "weights", "message"),
    [
        ("a", None, "hosts is 'a'; expected a list of addresses"),
        ([1], None, "a host is a str, not 1"),
        (["a"], [1.5], "the weight of 'a' is 1.5; expected an int"),
    ],
)
def test_bad_types(kind: Callable[..., Any], hosts: Any, weights: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        kind(hosts, weights=weights)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Maglev(HOSTS, table_size=65536),
            "table size is 65536; expected a prime number up to 5000011",
        ),
        (lambda: Maglev(HOSTS, table_size=-1), "table_size is -1; expected 0 to"),
        (lambda: RingHash(HOSTS, minimum_ring_size=0), "minimum_ring_size is 0; expected 1 to"),
        (
            lambda: RingHash(HOSTS, maximum_ring_size=2**40),
            "maximum_ring_size is 1099511627776; expected 1 to",
        ),
        (
            lambda: RingHash(HOSTS, maximum_ring_size=8388609),
            "maximum ring size is 8388609; expected at most",
        ),
        (
            lambda: RingHash(HOSTS, maximum_ring_size=9),
            "minimum ring size is 1024; expected at most the maximum, 9",
        ),
        (
            lambda: RingHash(HOSTS, hash_function="md5"),
            "hash_function is 'md5'; expected one of xx_hash, murmur",
        ),
        (lambda: Maglev(HOSTS, hash_balance_factor=99), "hash_balance_factor is 99; expected 100 to"),
    ],
)
def test_bad_sizes(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


# ---------------------------------------------------------------------- by load


def test_least_request_goes_by_what_is_under_way() -> None:
    balancer = LeastRequest(HOSTS[:4], choice_count=64, seed=1)
    picked = [balancer.pick() for _ in range(8)]
    assert Counter(picked) == dict.fromkeys(HOSTS[:4], 2)
    balancer.done(HOSTS[2])
    assert [balancer.active(host) for host in HOSTS[:4]] == [2, 2, 1, 2]
    assert balancer.pick() == HOSTS[2]


def test_least_request_of_all_hosts() -> None:
    balancer = LeastRequest(HOSTS, full_scan=True)
    assert {balancer.pick() for _ in HOSTS} == set(HOSTS)


def test_least_request_by_weight() -> None:
    balancer = LeastRequest(HOSTS[:2], weights=[1, 3])
    picks = []
    for _ in range(400):
        picks.append(balancer.pick())
        balancer.done(picks[-1])
    assert Counter(picks) == {HOSTS[0]: 100, HOSTS[1]: 300}


def test_least_request_counts_no_further_down_than_0() -> None:
    balancer = LeastRequest(HOSTS)
    with pytest.raises(ValueError, match=r"no request to '10\.0\.0\.1:9080' is under way"):
        balancer.done(HOSTS[0])
    with pytest.raises(ValueError, match="'x' is not one of the hosts"):
        balancer.active("x")


def test_peak_ewma_goes_by_latency() -> None:
    now = [100.0]
    balancer = PeakEwma(HOSTS[:2], clock=lambda: now[0], seed=3)
    latency = {HOSTS[0]: 0.1, HOSTS[1]: 0.2}
    for _ in range(30):
        host = balancer.pick()
        balancer.done(host, latency[host])
    for _ in range(20):
        assert balancer.pick() == HOSTS[0]
        balancer.done(HOSTS[0])
    assert [balancer.pick() for _ in range(2)].count(HOSTS[0]) >= 1  # 0.1 x 2 against 0.2
    assert balancer.active(HOSTS[0]) >= 1


@pytest.mark.parametrize("latency", [float("nan"), float("inf"), -1.0, 0.0])
def test_a_latency_that_tells_nothing_ends_the_request(latency: float) -> None:
    balancer = PeakEwma(HOSTS[:1])
    balancer.done(balancer.pick(), latency)
    assert balancer.active(HOSTS[0]) == 0
    assert balancer.pick() == HOSTS[0]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: LeastRequest(HOSTS, choice_count=1), "choice_count: found 1, expected 2 to"),
        (lambda: LeastRequest(HOSTS, active_request_bias=-1), "active_request_bias: found -1, expected 0 or"),
        (lambda: PeakEwma(HOSTS, decay_time=-1), "decay_time: found -1, expected 0 or more"),
        (lambda: PeakEwma([]), "hosts is empty"),
    ],
)
def test_parameters_by_load_that_cannot_be(make: Callable[[], object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        make()
