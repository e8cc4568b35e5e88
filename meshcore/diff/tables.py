"""Which listeners, virtual hosts, routes and clusters change."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from meshcore.diff.fields import FieldChange, differing_fields
from meshcore.model import Cluster, Config, Listener, Origin, Route, RouteConfiguration, VirtualHost

__all__ = ["Change", "compare_tables"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """A thing that came, went, changed, or was put before or behind others.

    ``kind`` is "added", "removed", "changed" or "moved"; ``what`` is "listener", "virtual host", "route" or
    "cluster". ``tables`` names the virtual hosts where a route changed: a rule may stand in several.
    """

    kind: str
    what: str
    name: str
    old: Origin | None = None
    new: Origin | None = None
    fields: tuple[FieldChange, ...] = ()
    tables: tuple[str, ...] = ()


def compare_tables(old: Config, new: Config) -> list[Change]:
    """All that differs between two configurations; the same change of a rule in several tables is one."""
    changes = list(_named("listener", _by_name(old.listeners), _by_name(new.listeners), _listener))
    changes += _named("cluster", _by_name(old.clusters), _by_name(new.clusters), _cluster)
    merged: dict[Hashable, Change] = {}
    for change in changes:
        key: Hashable = change
        if change.what == "route":
            place = change.new or change.old
            key = (change.kind, change.name, place, change.fields) if place else change
        known = merged.get(key)
        merged[key] = replace(known, tables=known.tables + change.tables) if known else change
    return list(merged.values())


def _by_name(items: Iterable[T]) -> dict[str, T]:
    return {item.name: item for item in items}  # type: ignore[attr-defined]


def _named(what: str, old: Mapping[str, T], new: Mapping[str, T], inside: object) -> Iterator[Change]:
    """Changes of things that are known by their names."""
    for name, item in old.items():
        if name not in new:
            yield Change("removed", what, name, old=_origin(item))
        else:
            yield from inside(item, new[name])  # type: ignore[operator]
    for name, item in new.items():
        if name not in old:
            yield Change("added", what, name, new=_origin(item))


def _listener(old: Listener, new: Listener) -> Iterator[Change]:
    bare = RouteConfiguration()
    yield from _changed(
        "listener", replace(old, route_configuration=bare), replace(new, route_configuration=bare)
    )
    before, after = old.route_configuration, new.route_configuration
    yield from _changed("listener", replace(before, virtual_hosts=()), replace(after, virtual_hosts=()))
    yield from _named(
        "virtual host", _by_name(before.virtual_hosts), _by_name(after.virtual_hosts), _virtual_host
    )


def _cluster(old: Cluster, new: Cluster) -> Iterator[Change]:
    yield from _changed("cluster", old, new)


def _virtual_host(old: VirtualHost, new: VirtualHost) -> Iterator[Change]:
    if old == new:
        return
    yield from _changed("virtual host", replace(old, routes=()), replace(new, routes=()))
    yield from _routes(old.routes, new.routes, new.name)


def _changed(what: str, old: object, new: object) -> Iterator[Change]:
    differing = tuple(differing_fields(old, new))
    if differing:
        name = new.name  # type: ignore[attr-defined]
        yield Change("changed", what, name, _origin(old), _origin(new), differing)


def _routes(old: Sequence[Route], new: Sequence[Route], table: str) -> Iterator[Change]:
    pairs = _pairs(old, new)
    kept = set(_longest_rising([pairs[at] for at in sorted(pairs)]))
    for at, route in enumerate(old):
        if at not in pairs:
            yield Change("removed", "route", _label(route), old=route.origin, tables=(table,))
            continue
        after = new[pairs[at]]
        differing = tuple(differing_fields(route, after))
        places = route.origin, after.origin
        if differing:
            yield Change("changed", "route", _label(after), *places, differing, (table,))
        if pairs[at] not in kept:
            yield Change("moved", "route", _label(after), *places, (), (table,))
    paired = set(pairs.values())
    for at, route in enumerate(new):
        if at not in paired:
            yield Change("added", "route", _label(route), new=route.origin, tables=(table,))


def _pairs(old: Sequence[Route], new: Sequence[Route]) -> dict[int, int]:
    """Which old route is which new one: by name and conditions, then by conditions, then by name."""
    pairs: dict[int, int] = {}
    free = dict.fromkeys(range(len(new)))
    for key in (
        lambda route: (route.name, route.match),
        lambda route: route.match,
        lambda route: route.name or None,
    ):
        waiting: dict[Hashable, list[int]] = {}
        for at in free:
            waiting.setdefault(key(new[at]), []).append(at)
        for at, route in enumerate(old):
            wanted = key(route)
            found = waiting.get(wanted) if at not in pairs and wanted is not None else None
            if found:
                pairs[at] = found.pop(0)
                del free[pairs[at]]
    return pairs


def _longest_rising(numbers: Sequence[int]) -> list[int]:
    """A longest rising subsequence: what kept its order; the rest was moved (patience sorting)."""
    tails: list[int] = []
    ends: list[int] = []  # index in numbers of each tail
    before: list[int] = []
    for at, number in enumerate(numbers):
        place = bisect_left(tails, number)
        tails[place : place + 1] = [number]
        ends[place : place + 1] = [at]
        before.append(ends[place - 1] if place else -1)
    result = []
    at = ends[-1] if ends else -1
    while at >= 0:
        result.append(numbers[at])
        at = before[at]
    return result[::-1]


def _label(route: Route) -> str:
    return route.name or f"{route.match.path.kind.value} {route.match.path.value}"


def _origin(item: object) -> Origin | None:
    return item.origin  # type: ignore[attr-defined,no-any-return]
