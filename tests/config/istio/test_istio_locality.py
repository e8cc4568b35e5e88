"""Localities of endpoints: the priorities and weights that Istio gives them for a client."""

from __future__ import annotations

import pytest

from meshcore.config.istio.locality import (
    ZONE,
    Setting,
    arrange,
    distribution_of,
    parse,
    setting_of,
)
from meshcore.config.istio.schema.destination_rule import (
    Distribute,
    Failover,
    LoadBalancer,
    LocalityLb,
    ZoneAwareLb,
)
from meshcore.model import Endpoint

HERE = {"istio-locality": "eu/a/1"}
PLACES = ("eu/a/1", "eu/a/2", "eu/b/1", "us/a/1", "asia/a/1")


def arranged(
    setting: Setting | None,
    client: dict[str, str] = HERE,
    *,
    failover: bool = True,
    labels: dict[str, dict[str, str]] | None = None,
) -> dict[str, tuple[int, int | None]]:
    """Priority and weight by place; an endpoint of weight 1 in each."""
    placed = [
        (parse(place), Endpoint(place, 80, metadata=tuple((labels or {}).get(place, {}).items())))
        for place in (labels or PLACES)
    ]
    groups, _, _ = arrange(placed, setting, client, failover=failover)
    return {end.address: (group.priority, group.weight) for group in groups for end in group.endpoints}


def priorities(setting: Setting | None, client: dict[str, str] = HERE, **options: object) -> list[int]:
    return [priority for priority, _ in arranged(setting, client, **options).values()]  # type: ignore[arg-type]


def test_nearness_counts_with_outlier_detection_alone() -> None:
    assert priorities(LocalityLb()) == [0, 1, 2, 3, 3]
    assert priorities(LocalityLb(), failover=False) == [0, 0, 0, 0, 0]
    assert priorities(None) == [0, 0, 0, 0, 0]


def test_regions_to_fail_over_to_come_before_others() -> None:
    assert priorities(LocalityLb(failover=[Failover("eu", "us")])) == [0, 1, 2, 3, 4]
    assert priorities(LocalityLb(failover=[Failover("asia", "us")])) == [0, 1, 2, 3, 3]


def test_a_zone_aware_setting_tells_regions_apart_and_needs_no_outlier_detection() -> None:
    setting = ZoneAwareLb()
    assert priorities(setting, failover=False) == [0, 0, 0, 1, 1]
    setting = ZoneAwareLb(failover=[Failover("eu", "us")])
    assert priorities(setting, failover=False) == [0, 0, 0, 1, 2]
    assert not arrange([(parse("eu"), Endpoint("e", 80))], setting, HERE, failover=True)[1]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["version", "rack"], {"eu/a/1": 0, "eu/b/1": 1, "us/a/1": 2}),
        (["rack", "version"], {"eu/a/1": 0, "us/a/1": 1, "eu/b/1": 2}),
        (["version=v9", "rack"], {"us/a/1": 0, "eu/a/1": 1, "eu/b/1": 1}),
        (["missing"], {"eu/a/1": 0, "eu/b/1": 0, "us/a/1": 0}),  # on both sides: they agree
    ],
)
def test_labels_are_compared_up_to_the_first_that_differs(
    wanted: list[str], expected: dict[str, int]
) -> None:
    labels = {
        "eu/a/1": {"version": "v1", "rack": "r1"},
        "eu/b/1": {"version": "v1", "rack": "r2"},
        "us/a/1": {"version": "v9", "rack": "r1"},
    }
    client = {**HERE, "version": "v1", "rack": "r1"}
    found = arranged(LocalityLb(failover_priority=wanted), client, labels=labels)
    assert {place: priority for place, (priority, _) in found.items()} == expected


def test_another_network_is_farther_than_all_else() -> None:
    network = "topology.istio.io/network"
    labels = {
        "same": {network: "n", ZONE: "a"},
        "far": {network: "n", ZONE: "b"},
        "other": {network: "m", ZONE: "a"},
        "farthest": {network: "m", ZONE: "b"},
    }
    found = arranged(LocalityLb(failover_priority=[network, ZONE]), {network: "n", ZONE: "a"}, labels=labels)
    assert {place: priority for place, (priority, _) in found.items()} == {
        "same": 0,
        "far": 1,
        "other": 2,
        "farthest": 3,
    }


def test_regions_count_within_what_labels_leave_equal() -> None:
    labels = {place: {"v": "1" if place.endswith("1") else "2"} for place in PLACES}
    setting = LocalityLb(failover_priority=["v"], failover=[Failover("eu", "us")])
    found = arranged(setting, {**HERE, "v": "1"}, labels=labels)
    assert {place: priority for place, (priority, _) in found.items()} == {
        "eu/a/1": 0,
        "eu/b/1": 1,
        "us/a/1": 2,
        "asia/a/1": 3,
        "eu/a/2": 4,
    }


def test_a_client_without_labels_has_no_priorities_by_them() -> None:
    labels = {"eu/a/1": {"v": "1"}, "us/a/1": {}}
    setting = LocalityLb(failover_priority=["v"])
    assert priorities(setting, {}, labels=labels) == [0, 0]


def test_shares_are_rounded_up() -> None:
    setting = LocalityLb(distribute=[Distribute("*", {"eu/*": 50, "us": 50})])
    assert arranged(setting) == {"eu/a/1": (0, 17), "eu/a/2": (0, 17), "eu/b/1": (0, 17), "us/a/1": (0, 50)}


@pytest.mark.parametrize(
    ("start", "meant"), [("eu", 1), ("eu/*", 1), ("eu/a/*", 1), ("eu/*/1", 1), ("eu/b", 0)]
)
def test_who_is_meant_by_a_distribution(start: str, meant: int) -> None:
    found = arranged(LocalityLb(distribute=[Distribute(start, {"us/*": 100})]))
    assert len(found) == (1 if meant else len(PLACES))


def test_a_distribution_for_others_leaves_no_failover() -> None:
    found = arranged(LocalityLb(distribute=[Distribute("us", {"us": 100})]))
    assert set(found.values()) == {(0, 1)}


def test_what_is_switched_off_does_not_count() -> None:
    mesh = LocalityLb()
    assert setting_of(None, None, mesh) is mesh
    assert setting_of(LoadBalancer(locality_lb_setting=LocalityLb(enabled=False)), None, mesh) is None
    assert setting_of(LoadBalancer(zone_aware_lb_setting=ZoneAwareLb(enabled=False)), None, mesh) is None
    zoned = ZoneAwareLb()
    both = LoadBalancer(zone_aware_lb_setting=zoned, locality_lb_setting=LocalityLb())
    assert setting_of(both, None, mesh) is zoned


@pytest.mark.parametrize(
    ("spec", "annotation", "expected"),
    [
        ("", "", None),
        ("PreferClose", "", [0, 0, 1, 2, 2]),
        ("PreferSameZone", "", [0, 0, 1, 2, 2]),
        ("PreferSameNode", "", [0, 1, 2, 3, 3]),
        ("", "preferclose", [0, 0, 1, 2, 2]),
        ("", "PreferSameNode", [0, 1, 2, 3, 3]),
        ("PreferClose", "PreferSameNode", [0, 0, 1, 2, 2]),
        ("preferclose", "", None),  # the field's values are case sensitive
        ("", "nonsense", None),
    ],
)
def test_the_traffic_distribution_of_a_service(
    spec: str, annotation: str, expected: list[int] | None
) -> None:
    """It needs no outlier detection; places count as the labels that tell them."""
    mesh = LocalityLb()
    service = distribution_of(spec, {"networking.istio.io/traffic-distribution": annotation})
    setting = setting_of(None, service, mesh)
    if expected is None:
        assert setting is mesh
    else:
        assert priorities(setting, failover=False) == expected
    rule = LoadBalancer(locality_lb_setting=LocalityLb(enabled=False))
    assert setting_of(rule, service, mesh) is None
