"""Localities: where workloads are, and the priorities and weights that follow for a client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from meshcore.config.istio.schema.destination_rule import LoadBalancer, LocalityLb, ZoneAwareLb
from meshcore.model import Endpoint, Locality, LocalityEndpoints

__all__ = ["arrange", "by_zone", "of_labels", "parse", "setting_of"]

REGION = "topology.kubernetes.io/region"
ZONE = "topology.kubernetes.io/zone"
SUB_ZONE = "topology.istio.io/subzone"
#: The label that carries a whole locality; dots stand for slashes, which labels cannot hold.
LABEL = "istio-locality"

Placed = tuple[Locality, Endpoint]


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


def by_zone(setting: ZoneAwareLb | None) -> LocalityLb | None:
    """What a zone aware setting says of localities."""
    if setting is None:
        return None
    priority = setting.failover_priority
    return LocalityLb(failover=setting.failover, failover_priority=priority, enabled=setting.enabled)


def setting_of(balancer: LoadBalancer | None, mesh: LocalityLb | None) -> LocalityLb | None:
    """The locality setting in force: the rule's, else the mesh's; None: localities do not count."""
    setting = None
    if balancer is not None:
        setting = by_zone(balancer.zone_aware_lb_setting) or balancer.locality_lb_setting
    if setting is None:
        return mesh
    return None if setting.enabled is False else setting


def arrange(
    placed: Iterable[Placed], setting: LocalityLb | None, client: Mapping[str, str], *, failover: bool
) -> tuple[tuple[LocalityEndpoints, ...], bool]:
    """Group endpoints by locality; also whether localities are weighted.

    ``distribute`` weighs the localities; otherwise, with ``failover`` (outlier detection is on),
    nearness to the client makes priorities.
    """
    listed = list(placed)
    here = of_labels(client)
    if setting is not None and setting.distribute:
        shares = next((it.to for it in setting.distribute if _within(here, it.from_)), None)
        if shares is not None:
            return _distributed(_grouped(listed, lambda *_: 0), shares), True
    if setting is None or not failover:
        return _grouped(listed, lambda *_: 0), False
    weighted = bool(setting.failover or setting.failover_priority)
    if setting.failover_priority:
        wanted = setting.failover_priority
        groups = _grouped(listed, lambda _, endpoint: _disagreement(wanted, client, endpoint))
    else:
        target = next((it.to for it in setting.failover if it.from_ == here.region), "")
        groups = _grouped(listed, lambda place, _: _distance(here, place, target))
    return _weighted(groups) if weighted else groups, weighted


def _grouped(
    placed: list[Placed], priority_of: Callable[[Locality, Endpoint], int]
) -> tuple[LocalityEndpoints, ...]:
    groups: dict[tuple[int, Locality], list[Endpoint]] = {}
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
            chosen.append(replace(it, weight=max(1, round(share * part / total))))
    return tuple(chosen)


def _within(place: Locality, pattern: str) -> bool:
    """Whether ``place`` is meant by ``region/zone/sub-zone``, where a trailing ``*`` leaves the rest open."""
    for have, want in zip((place.region, place.zone, place.sub_zone), pattern.split("/"), strict=False):
        if want == "*":
            return True
        if have != want:
            return False
    return True


def _distance(here: Locality, there: Locality, target: str) -> int:
    if here.region != there.region:
        return 3 if not target or there.region == target else 4
    if here.zone != there.zone:
        return 2
    return 1 if here.sub_zone != there.sub_zone else 0


def _disagreement(wanted: list[str], client: Mapping[str, str], endpoint: Endpoint) -> int:
    """How many labels are left, counted from the first on which client and endpoint differ."""
    labels = dict(endpoint.metadata)
    for index, item in enumerate(wanted):
        key, given, value = item.partition("=")
        if labels.get(key) != (value if given else client.get(key)):
            return len(wanted) - index
    return 0
