"""Engine.update_endpoints and set_health: one cluster changes, and nothing else does."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from meshcore import Engine
from meshcore.model import (
    Cluster,
    CommonLbConfig,
    Config,
    Endpoint,
    ForwardAction,
    Listener,
    Locality,
    LocalityEndpoints,
    PathKind,
    PathMatch,
    Policy,
    Route,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)

HOSTS = tuple(f"10.0.0.{i}:80" for i in range(1, 6))


def cluster(name: str, count: int) -> Cluster:
    endpoints = tuple(Endpoint(host[:-3], 80) for host in HOSTS[:count])
    return Cluster(name, localities=(LocalityEndpoints(endpoints),))


def config(*clusters: Cluster, routes: int = 1) -> Config:
    made = [
        Route(RouteMatch(PathMatch(PathKind.PREFIX, f"/{one.name}")), ForwardAction(cluster=one.name))
        for one in clusters
    ] * routes
    table = RouteConfiguration("t", (VirtualHost("v", ("*",), tuple(made)),))
    return Config((Listener("l", None, table),), clusters)


def served(engine: Engine, name: str, picks: int = 12) -> set[str | None]:
    found = set()
    for _ in range(picks):
        with engine.decide("GET", "a", f"/{name}") as decision:
            found.add(decision.endpoint)
    return found


def active(engine: Engine) -> dict[str, dict[str, int]]:
    return {
        one["name"]: {host["address"]: host["active_requests"] for host in one["endpoints"]}
        for one in engine.clusters()
    }


def test_one_cluster_changes() -> None:
    engine = Engine(config(cluster("c", 3), cluster("d", 2)))
    engine.update_endpoints("c", HOSTS[1:5])
    assert served(engine, "c") == set(HOSTS[1:5])
    assert served(engine, "d") == set(HOSTS[:2])
    assert [it.authority for it in engine.config.clusters[0].endpoints] == list(HOSTS[1:5])
    assert active(engine) == {"c": dict.fromkeys(HOSTS[1:5], 0), "d": dict.fromkeys(HOSTS[:2], 0)}


def test_no_endpoints_then_some() -> None:
    engine = Engine(config(cluster("c", 3)))
    engine.update_endpoints("c", [])
    decision = engine.decide("GET", "a", "/c")
    assert (decision.status, decision.flags) == (503, "UH")
    engine.update_endpoints("c", [HOSTS[0]])
    assert served(engine, "c") == {HOSTS[0]}


def test_endpoints_of_localities_that_are_weighed() -> None:
    """A weight that nobody gives is no reason to be left out."""
    common = CommonLbConfig(locality_weighted=True, locality_weights_follow=True)
    places = (LocalityEndpoints((), Locality("eu"), 0, 0), LocalityEndpoints((), Locality("us"), 1, 0))
    engine = Engine(config(Cluster("c", localities=places, policy=Policy.MAGLEV, common_lb=common)))
    engine.update_endpoints("c", HOSTS[:2])
    assert served(engine, "c", 60) == set(HOSTS[:2])


def test_decisions_under_way_keep_their_endpoint_and_their_lease() -> None:
    engine = Engine(config(cluster("c", 1)))
    decision = engine.decide("GET", "a", "/c")
    engine.update_endpoints("c", HOSTS[:2])
    assert active(engine)["c"] == {HOSTS[0]: 1, HOSTS[1]: 0}
    engine.update_endpoints("c", HOSTS[1:2])
    assert decision.endpoint == HOSTS[0]
    engine.update_endpoints("c", HOSTS[:1])
    assert active(engine)["c"] == {HOSTS[0]: 1}
    decision.close()
    assert active(engine)["c"] == {HOSTS[0]: 0}


def test_a_swap_wins() -> None:
    given = config(cluster("c", 2))
    engine = Engine(given)
    engine.update_endpoints("c", HOSTS[2:4])
    engine.swap(engine.config)
    assert served(engine, "c") == set(HOSTS[2:4])
    engine.swap(given)
    assert served(engine, "c") == set(HOSTS[:2])


def test_explanations_know_the_endpoints() -> None:
    engine = Engine(config(cluster("c", 2)))
    engine.update_endpoints("c", HOSTS[3:4])
    assert HOSTS[3] in str(engine.explain("GET", "a", "/c"))


@pytest.mark.parametrize("endpoints", [["10.0.0.1"], [HOSTS[0], HOSTS[0]], [None], "10.0.0.1:80"])
def test_what_is_refused_changes_nothing(endpoints: list[str]) -> None:
    engine = Engine(config(cluster("c", 2)))
    before = engine.config
    with pytest.raises((TypeError, ValueError)):
        engine.update_endpoints("c", endpoints)
    assert engine.config is before


def test_clusters_and_endpoints_that_are_not_there() -> None:
    engine = Engine(config(cluster("c", 1)))
    with pytest.raises(KeyError, match="there is no cluster 'x'"):
        engine.update_endpoints("x", [])
    with pytest.raises(KeyError, match="there is no cluster 'x'"):
        engine.set_health("x", HOSTS[0], False)
    with pytest.raises(KeyError, match=r"cluster 'c' has no endpoint '10.0.0.2:80'"):
        engine.set_health("c", HOSTS[1], False)


def test_health_is_kept_until_it_is_taken_back() -> None:
    given = config(cluster("c", 3))
    engine = Engine(given)
    engine.set_health("c", HOSTS[1], False)
    assert served(engine, "c") == {HOSTS[0], HOSTS[2]}
    engine.update_endpoints("c", HOSTS[:4])
    assert served(engine, "c") == {HOSTS[0], HOSTS[2], HOSTS[3]}
    engine.swap(replace(given, clusters=(replace(given.clusters[0], connect_timeout=1.0),)))
    assert served(engine, "c") == {HOSTS[0], HOSTS[2]}
    engine.set_health("c", HOSTS[1], True)
    assert served(engine, "c") == set(HOSTS[:3])


def test_too_few_healthy_ones_are_a_panic() -> None:
    engine = Engine(config(cluster("c", 3)))
    engine.set_health("c", HOSTS[0], False)
    engine.set_health("c", HOSTS[1], False)
    assert served(engine, "c") == set(HOSTS[:3])


def test_a_drained_endpoint_finishes_what_it_has_and_gets_nothing_new() -> None:
    engine = Engine(config(cluster("c", 3)))
    held = [engine.decide("GET", "a", "/c") for _ in range(3)]
    assert {decision.endpoint for decision in held} == set(HOSTS[:3])
    assert engine.drain("c", HOSTS[0]) == 1
    assert engine.drain("c", HOSTS[1]) == 1  # two of three, and no panic: they do not count
    assert served(engine, "c") == {HOSTS[2]}
    (one,) = engine.clusters()
    assert [(host["health"], host["active_requests"]) for host in one["endpoints"]] == [
        ("DRAINING", 1),
        ("DRAINING", 1),
        ("HEALTHY", 1),
    ]
    for decision in held:
        decision.close()
    assert active(engine)["c"] == dict.fromkeys(HOSTS[:3], 0)


def test_draining_holds_until_it_is_taken_back_or_the_endpoint_goes() -> None:
    given = config(cluster("c", 2))
    engine = Engine(given)
    engine.drain("c", HOSTS[0])
    engine.swap(replace(given, clusters=(replace(given.clusters[0], connect_timeout=1.0),)))
    assert served(engine, "c") == {HOSTS[1]}
    engine.update_endpoints("c", HOSTS[:3])
    assert served(engine, "c") == set(HOSTS[1:3])
    assert engine.drain("c", HOSTS[0], False) == 0
    assert served(engine, "c") == set(HOSTS[:3])
    engine.drain("c", HOSTS[0])
    engine.update_endpoints("c", HOSTS[1:3])
    engine.update_endpoints("c", HOSTS[:3])
    assert served(engine, "c") == set(HOSTS[:3])
    with pytest.raises(KeyError, match="has no endpoint"):
        engine.drain("c", HOSTS[4])


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("routes", [1, 600])  # few, and so many that a thread of its own frees snapshots
def test_changes_under_load(routes: int) -> None:
    """No pick is blank or of another cluster, whatever changes meanwhile; leases return to zero."""
    engine = Engine(config(cluster("c", 3), cluster("d", 2), routes=routes))
    done = threading.Event()
    allowed = {"c": set(HOSTS), "d": set(HOSTS[:2])}

    def change(first: int) -> None:
        for turn in range(150):
            keep = HOSTS[(first + turn) % 3 : 3 + turn % 3]
            engine.update_endpoints("c", keep)
            if turn % 10 == first:
                engine.set_health("d", HOSTS[turn % 2], turn % 4 == 0)

    def decide() -> int:
        made, held = 0, []
        while not done.is_set():
            for name, hosts in allowed.items():
                decision = engine.decide("GET", "a", f"/{name}")
                assert decision.flags == ""
                assert decision.endpoint in hosts
                held.append(decision)
                made += 1
            if len(held) > 16:
                for decision in held:
                    decision.close()
                held.clear()
        return made

    with ThreadPoolExecutor(4) as pool:
        deciders = [pool.submit(decide) for _ in range(2)]
        changers = [pool.submit(change, first) for first in range(2)]
        for changer in changers:
            changer.result()
        done.set()
        assert all(decider.result() > 0 for decider in deciders)
    engine.update_endpoints("c", HOSTS)
    assert active(engine) == {"c": dict.fromkeys(HOSTS, 0), "d": dict.fromkeys(HOSTS[:2], 0)}
