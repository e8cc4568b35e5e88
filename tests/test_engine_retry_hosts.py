"""Where retries go while the configuration changes: among the endpoints in force at each attempt."""

from __future__ import annotations

import gc
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from exchange_support import Time
from hypothesis import given, settings
from hypothesis import strategies as st

from meshcore import Decision, Engine
from meshcore.config.envoy import load_parts
from meshcore.model import Config, PeakEwma, Policy

ALL = ("10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80")
PREVIOUS_HOSTS = {
    "name": "envoy.retry_host_predicates.previous_hosts",
    "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
    },
}
ELSEWHERE = {
    "retry_host_predicate": [PREVIOUS_HOSTS],
    "host_selection_retry_max_attempts": 100,
}
NO_PANIC = {"common_lb_config": {"healthy_panic_threshold": {"value": 0}}}


def config(
    clusters: dict[str, Sequence[str]],
    policy: dict[str, Any] | None = None,
    more: dict[str, Any] | None = None,
    **action: Any,
) -> Config:
    """One route, to the cluster "c" if it is there; ``more``: fields of that cluster."""
    made = []
    for name, hosts in clusters.items():
        endpoints = [
            {"endpoint": {"address": {"socket_address": {"address": host[:-3], "port_value": 80}}}}
            for host in hosts
        ]
        load = {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]}
        made.append({"name": name, "load_assignment": load, **((more or {}) if name == "c" else {})})
    retry = {"retry_on": "5xx", "num_retries": 50, **(policy or {})}
    route = {
        "match": {"prefix": "/"},
        "route": {"cluster": "c" if "c" in clusters else made[0]["name"], "retry_policy": retry, **action},
    }
    table = {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [route]}]}
    return load_parts(table, made, {}, [], {}, {})


def decide(engine: Engine, headers: Any = ()) -> Decision:
    return engine.decide("GET", "a.example", "/x", headers, now_ns=10**12, seed=7)


def retried(decision: Decision) -> str | None:
    attempt = decision.report(status=503, now_ns=10**12)
    return None if attempt is None else attempt.endpoint


def under_way(engine: Engine) -> dict[str, int]:
    return {
        host["address"]: host["active_requests"]
        for cluster in engine.clusters()
        for host in cluster["endpoints"]
        if host["active_requests"]
    }


def counted(engine: Engine) -> list[int]:
    """Requests and retries that circuit breakers count."""
    return [
        cluster["circuit_breakers"][priority][resource]["used"]
        for cluster in engine.clusters()
        for priority in ("default", "high")
        for resource in ("requests", "retries")
    ]


def test_endpoints_that_came_since() -> None:
    engine = Engine(config({"c": ALL[:1]}))
    with decide(engine) as decision:
        engine.update_endpoints("c", ALL[1:3])
        second = decision.report(status=503)
        assert second is not None
        assert second.endpoint in ALL[1:3]
        assert decision.endpoint == second.endpoint
        assert under_way(engine) == {second.endpoint: 1}
        engine.update_endpoints("c", ALL[3:])
        assert second.endpoint in ALL[1:3]  # it is still under way
        assert retried(decision) == ALL[3]
        assert [one.endpoint for one in decision.attempts] == [ALL[0], second.endpoint, ALL[3]]
        engine.update_endpoints("c", ALL)
        assert under_way(engine) == {ALL[3]: 1}
        decision.report(status=200)
        assert decision.answered
        assert decision.endpoint == ALL[3]
    assert not under_way(engine)
    assert decision.endpoint == ALL[3]


@pytest.mark.parametrize("order", [("c",), ("a", "c"), ("c", "z"), ("a", "b", "c")])
def test_the_cluster_is_found_by_its_name(order: tuple[str, ...]) -> None:
    engine = Engine(config({"z": ALL[3:], "c": ALL[:1]}))
    with decide(engine) as decision:
        engine.swap(config({name: ALL[1:2] if name == "c" else ALL[3:] for name in order}))
        assert decision.cluster == "c"
        assert retried(decision) == ALL[1]
        engine.set_health("c", ALL[1], False)  # a change within the cluster, which is stale then
        engine.update_endpoints("c", [ALL[2]])
        assert retried(decision) == ALL[2]
    assert not under_way(engine)


def test_a_cluster_that_is_gone_has_no_host() -> None:
    engine = Engine(config({"c": ALL}))
    with decide(engine) as decision:
        first = decision.endpoint
        engine.swap(config({"other": ALL}))
        assert retried(decision) is None
        assert (decision.status, decision.flags) == (503, "UH")
        assert (decision.details, decision.body) == ("no_healthy_upstream", b"no healthy upstream")
        assert (decision.done, decision.answered, decision.endpoint) == (True, False, first)
        engine.swap(config({"c": ALL}))
        assert not under_way(engine)
        assert not any(counted(engine))


def test_a_cluster_that_came_back() -> None:
    engine = Engine(config({"c": ALL[:2]}, ELSEWHERE))
    with decide(engine) as decision:
        tried = decision.endpoint
        engine.swap(config({"other": ALL}))
        engine.swap(config({"c": ALL[:2]}))
        assert {tried, retried(decision)} == set(ALL[:2])
        assert set(under_way(engine)) == {decision.endpoint}
    assert not under_way(engine)


def test_no_endpoint_is_left() -> None:
    engine = Engine(config({"c": ALL}))
    with decide(engine) as decision:
        engine.update_endpoints("c", [])
        assert retried(decision) is None
        assert decision.flags == "UH"
    engine.update_endpoints("c", ALL)
    assert not under_way(engine)


def test_hosts_that_were_tried_are_known_by_address() -> None:
    engine = Engine(config({"c": ALL[:2]}, ELSEWHERE))
    with decide(engine) as decision:
        tried = {decision.endpoint}
        engine.update_endpoints("c", [ALL[2], ALL[1], ALL[0]])  # as they were, in another order, and one more
        for _ in range(2):
            tried.add(retried(decision))
        assert tried == set(ALL[:3])
        engine.update_endpoints("c", [ALL[3]])
        engine.update_endpoints("c", ALL)  # removed, and there again
        assert retried(decision) == ALL[3]
    assert not under_way(engine)


def test_ejections_between_attempts() -> None:
    outlier = {"outlier_detection": {"consecutive_5xx": 1, "max_ejection_percent": 100}}
    time = Time()
    engine = Engine(config({"c": ALL}), clock=time.clock)
    with engine.decide("GET", "a.example", "/x") as decision:
        # Detection begins with the retry, in a cluster that has another place.
        engine.swap(config({"b": ALL, "c": ALL[:3]}, more={**NO_PANIC, **outlier}))
        tried = set()
        for _ in range(3):
            attempt = decision.report(status=503)
            assert attempt is not None
            assert attempt.endpoint not in tried
            tried.add(attempt.endpoint)
            time.pass_by(2)  # later than ejections are merged
        assert decision.report(status=503) is None
        assert decision.flags == "UH"
    assert all(one["ejected"] for one in engine.clusters()[1]["endpoints"])


def test_subsets_as_they_are_now() -> None:
    def backend(versions: dict[str, str]) -> dict[str, Any]:
        endpoints = [
            {
                "endpoint": {"address": {"socket_address": {"address": host[:-3], "port_value": 80}}},
                "metadata": {"filter_metadata": {"envoy.lb": {"v": version}}},
            }
            for host, version in versions.items()
        ]
        return {
            "load_assignment": {"cluster_name": "c", "endpoints": [{"lb_endpoints": endpoints}]},
            "lb_subset_config": {"subset_selectors": [{"keys": ["v"]}]},
        }

    wants = {"metadata_match": {"filter_metadata": {"envoy.lb": {"v": "2"}}}}
    engine = Engine(config({"c": ALL}, more=backend({ALL[0]: "2"}), **wants))
    with decide(engine) as decision:
        engine.swap(config({"c": ALL}, more=backend({ALL[1]: "0", ALL[2]: "1", ALL[3]: "2"}), **wants))
        for _ in range(4):
            assert retried(decision) == ALL[3]
        assert "v=2" in str(decision.explain())
        engine.swap(config({"c": ALL}, more=backend({ALL[1]: "0"}), **wants))
        assert retried(decision) is None
        assert decision.flags == "UH"
        assert "v=2" in str(decision.explain())


def test_the_cluster_of_the_attempt_learns_from_it() -> None:
    before, after = config({"c": ALL[:1]}), config({"c": ALL[1:3]})
    learning = replace(after.clusters[0], policy=Policy.PEAK_EWMA, peak_ewma=PeakEwma(10.0))
    engine = Engine(before, clock=lambda: 1000.0)
    with engine.decide("GET", "a.example", "/x") as decision:
        engine.swap(replace(after, clusters=(learning,)))
        slow = retried(decision)
        assert slow in ALL[1:3]
        decision.report(status=200, latency=5.0)
        assert decision.endpoint == slow
    for _ in range(10):
        with engine.decide("GET", "a.example", "/x") as decision:
            assert decision.endpoint not in (slow, ALL[0])
            decision.report(status=200, latency=0.001)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("update"), st.lists(st.sampled_from(ALL), unique=True)),
            st.tuples(st.just("swap"), st.lists(st.sampled_from(ALL), unique=True)),
            st.tuples(st.just("sick"), st.sampled_from(ALL)),
            st.tuples(st.just("gone"), st.none()),
            st.tuples(st.just("retry"), st.none()),
        ),
        max_size=14,
    ),
    st.integers(0, 2**64 - 1),
)
def test_whatever_happens_between_attempts(steps: list[tuple[str, Any]], seed: int) -> None:
    engine = Engine(config({"c": ALL}, ELSEWHERE, more=NO_PANIC))
    there: set[str] | None = set(ALL)
    sick: set[str] = set()
    with engine.decide("GET", "a.example", "/x", seed=seed) as decision:
        tried = [decision.endpoint]
        for what, value in steps:
            if what == "update" and there is not None:
                engine.update_endpoints("c", value)
                there = set(value)
            elif what == "swap":
                engine.swap(config({"b": ALL, "c": value}, ELSEWHERE, more=NO_PANIC))
                there = set(value)
            elif what == "sick":
                sick.add(value)
            elif what == "gone":
                engine.swap(config({"b": ALL}))
                there = None
            elif what == "retry":
                for host in there or ():  # one that left may have been forgotten
                    engine.set_health("c", host, host not in sick)
                fit = set() if there is None else there - sick
                found = retried(decision)
                if not fit:
                    assert (found, decision.flags) == (None, "UH")
                    break
                assert found in (fit - set(tried) or fit)
                tried.append(found)
                assert under_way(engine) == {found: 1}
        assert [one.endpoint for one in decision.attempts] == tried
        assert decision.endpoint == tried[-1]
    engine.swap(config({"c": ALL}))
    assert not under_way(engine)
    assert not any(counted(engine))


@pytest.mark.usefixtures("often")
def test_retries_under_changes() -> None:
    shapes = [ALL[:1], ALL[1:3], ALL, ALL[2:]]
    breakers = {"circuit_breakers": {"thresholds": [{"max_retries": 100}]}}
    configs = [config(dict.fromkeys(("c", "d"), hosts), more=breakers) for hosts in shapes]
    engine = Engine(configs[0])
    done = threading.Event()
    wrong: list[object] = []

    def ask() -> None:
        while not done.is_set():
            with engine.decide("GET", "a.example", "/x") as decision:
                for _ in range(5):
                    attempt = decision.report(status=503)
                    if (
                        attempt is None
                        or attempt.endpoint not in ALL
                        or decision.endpoint != attempt.endpoint
                    ):
                        wrong.append((attempt, decision))
                decision.report(status=200)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for round_ in range(150):
        engine.update_endpoints("c", shapes[round_ % 4])
        engine.set_health("c", shapes[round_ % 4][0], round_ % 3 > 0)
        if not round_ % 10:
            engine.swap(configs[round_ // 10 % 4])
    done.set()
    for thread in threads:
        thread.join()
    gc.collect()
    assert not wrong
    engine.swap(config({"c": ALL}))
    assert not under_way(engine)
    assert not any(counted(engine))
