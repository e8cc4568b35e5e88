"""Localities: where workloads are, and the priorities and weights that follow for a client."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from meshcore.config.istio.schema.destination_rule import LoadBalancer, LocalityLb, ZoneAwareLb
from meshcore.model import Endpoint, Locality, LocalityEndpoints

__all__ = ["Setting", "arrange", "distribution_of", "of_labels", "parse", "setting_of"]

REGION = "topology.kubernetes.io/region"
ZONE = "topology.kubernetes.io/zone"
SUB_ZONE = "topology.istio.io/subzone"
NETWORK = "topology.istio.io/network"
HOSTNAME = "kubernetes.io/hostname"
#: The annotation that came before ``trafficDistribution``, and that ServiceEntries have.
DISTRIBUTION = "networking.istio.io/traffic-distribution"
#: The label that carries a whole locality; dots stand for slashes, which labels cannot hold.
LABEL = "istio-locality"

Placed = tuple[Locality, Endpoint]
Rank = TypeVar("Rank", int, tuple[int, int])


def parse(text: str) -> Locality:
    """``region/zone/sub-zone``, of which later parts may be missing."""
    region, _, rest = text.partition("/")
    zone, _, sub_zone = rest.partition("/")
    return Locality(region, zone, sub_zone)


def of_labels(labels: Mapping[str, str]) -> Locality:
    """The locality that the labels of a workload state."""
    whole = labels.get(LABEL, "")
    if whole:
        return parse(whole if "/" in whole else whole.replace(".", "/"))
    return Locality(labels.get(REGION, ""), labels.get(ZONE, ""), labels.get(SUB_ZONE, ""))


#: The setting of a rule or of the mesh.
Setting = LocalityLb | ZoneAwareLb


#: What a service's traffic distribution asks for; that needs no outlier detection.
DISTRIBUTIONS: Mapping[str, LocalityLb] = {
    "prefersamezone": LocalityLb(failover_priority=[NETWORK, REGION, ZONE]),
    "prefersamenode": LocalityLb(failover_priority=[NETWORK, REGION, ZONE, SUB_ZONE, HOSTNAME]),
}


def distribution_of(spec: str, annotations: Mapping[str, str]) -> LocalityLb | None:
    """The setting of a service: ``trafficDistribution`` of its spec, else its annotation."""
    if spec in ("PreferClose", "PreferSameZone", "PreferSameNode"):
        name = spec.lower()
    else:
        name = annotations.get(DISTRIBUTION, "").lower()
    return DISTRIBUTIONS.get("prefersamezone" if name == "preferclose" else name)


def setting_of(
    balancer: LoadBalancer | None, service: LocalityLb | None, mesh: Setting | None
) -> Setting | None:
    """The setting in force: the rule's, else the service's, else the mesh's. None: places do not count."""
    setting: Setting | None = None
    if balancer is not None:
        setting = balancer.zone_aware_lb_setting or balancer.locality_lb_setting
    if setting is None:
        return service or mesh
    return None if setting.enabled is False else setting


def arrange(
    placed: Iterable[Placed], setting: Setting | None, client: Mapping[str, str], *, failover: bool
) -> tuple[tuple[LocalityEndpoints, ...], bool, bool]:
    """Group endpoints by locality; also whether localities are weighted, and if so by their endpoints.

    ``distribute`` weighs the localities. Otherwise nearness to the client makes priorities: by region alone
    for a zone aware setting, and for others with ``failover`` (outlier detection is on) only.
    """
    listed = list(placed)
    here = of_labels(client)
    if isinstance(setting, LocalityLb) and setting.distribute:
        groups = _grouped(listed, lambda *_: 0)
        shares = next((it.to for it in setting.distribute if _within(here, it.from_)), None)
        if shares is None:
            return _weighted(groups), True, True
        return _distributed(groups, shares), True, False
    forced = isinstance(setting, ZoneAwareLb) or setting in DISTRIBUTIONS.values()
    if setting is None or not (failover or forced):
        return _grouped(listed, lambda *_: 0), False, False
    target = next((it.to for it in setting.failover if it.from_ == here.region), "")
    distance = _distance if isinstance(setting, LocalityLb) else _regions
    known = _with_place(client, here)
    wanted = setting.failover_priority if known else []
    # A list of labels alone says it all; entries for regions come within what it leaves equal.
    by_place = not setting.failover_priority or setting.failover or isinstance(setting, ZoneAwareLb)

    def rank(place: Locality, endpoint: Endpoint) -> tuple[int, int]:
        labels = _with_place(dict(endpoint.metadata), place)
        return _disagreement(wanted, known, labels), distance(here, place, target) if by_place else 0

    groups = _grouped(listed, rank)
    weighted = isinstance(setting, LocalityLb) and bool(setting.failover or setting.failover_priority)
    return _weighted(groups) if weighted else groups, weighted, weighted


def _grouped(
    placed: list[Placed], priority_of: Callable[[Locality, Endpoint], Rank]
) -> tuple[LocalityEndpoints, ...]:
    groups: dict[tuple[Rank, Locality], list[Endpoint]] = {}
    for place, endpoint in placed:
        priority = priority_of(place, endpoint)
        groups.setdefault((priority, place), []).append(endpoint)
    # Envoy wants priorities without gaps.
    levels = {priority: level for level, priority in enumerate(sorted({key[0] for key in groups}))}
    return tuple(
        LocalityEndpoints(tuple(endpoints), place, levels[priority])
        for (priority, place), endpoints in sorted(groups.items(), key=lambda it: it[0][0])
    )


def _weighted(groups: tuple[LocalityEndpoints, ...]) -> tuple[LocalityEndpoints, ...]:
    return tuple(replace(it, weight=sum(end.weight for end in it.endpoints)) for it in groups)


def _distributed(
    groups: tuple[LocalityEndpoints, ...], shares: Mapping[str, int]
) -> tuple[LocalityEndpoints, ...]:
    """Give each target its share; a target that means several localities is split by endpoint weights."""
    chosen: list[LocalityEndpoints] = []
    left = list(groups)
    for target, share in shares.items():
        mine = [it for it in left if _within(it.locality, target)]
        left = [it for it in left if it not in mine]
        total = sum(end.weight for it in mine for end in it.endpoints)
        for it in mine:
            part = sum(end.weight for end in it.endpoints)
            chosen.append(replace(it, weight=math.ceil(share * part / total)))
    return tuple(chosen)


def _within(place: Locality, pattern: str) -> bool:
    """Whether ``place`` is meant by ``region/zone/sub-zone``: ``*`` stands for any, and so does what is not
    given, but for the region."""
    want = parse(pattern)
    return (
        want.region in ("*", place.region)
        and want.zone in ("*", "", place.zone)
        and want.sub_zone in ("*", "", place.sub_zone)
    )


def _distance(here: Locality, there: Locality, target: str) -> int:
    if here.region != there.region:
        return 3 if not target or there.region == target else 4
    if here.zone != there.zone:
        return 2
    return 1 if here.sub_zone != there.sub_zone else 0


def _regions(here: Locality, there: Locality, target: str) -> int:
    if here.region == there.region:
        return 0
    return 1 if target and there.region == target else 2


def _with_place(labels: Mapping[str, object], place: Locality) -> dict[str, object]:
    """The labels, and those that tell the place."""
    told = {REGION: place.region, ZONE: place.zone, SUB_ZONE: place.sub_zone}
    return {**labels, **{key: value for key, value in told.items() if value}}


def _disagreement(wanted: list[str], client: Mapping[str, object], labels: Mapping[str, object]) -> int:
    """How many labels are left, counted from the first on which client and endpoint differ. Another network,
    where that comes first, weighs more than all the others, which are compared all the same."""
    farther = 0
    for index, item in enumerate(wanted):
        key, *values = item.split("=")
        value = values[0] if len(values) == 1 else client.get(key, "")
        if labels.get(key, "") == value:
            continue
        if index or key != NETWORK:
            return farther + len(wanted) - index
        farther = len(wanted)
    return farther
