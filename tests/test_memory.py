"""meshcore._memory: models out of the collector's sight."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from enum import Enum

from meshcore import load_text
from meshcore._memory import hide, untrack


class Colour(Enum):
    RED = 1


@dataclass(frozen=True)
class Box:
    items: tuple[object, ...] = ()
    table: dict[str, object] = field(default_factory=dict)


class Noted:
    """Tells a list that it has been freed."""

    def __init__(self, freed: list[str]) -> None:
        self.freed = freed

    def __del__(self) -> None:
        self.freed.append("freed")


def test_dataclasses_and_containers_are_no_longer_tracked() -> None:
    inner = Box((1, [2]))
    outer = Box((inner, frozenset([inner.items[0]])), {"key": [inner]})
    assert gc.is_tracked(outer)
    untrack(outer)
    followed = [outer, outer.items, inner, inner.items, inner.items[1], outer.table, outer.table["key"]]
    assert not [value for value in followed if gc.is_tracked(value)]


def test_classes_enums_and_foreign_objects_stay_tracked() -> None:
    noted = Noted([])
    untrack(Box((Colour.RED, noted, Box)))
    assert gc.is_tracked(Colour.RED)
    assert gc.is_tracked(noted)
    assert gc.is_tracked(Box)


def test_what_is_not_tracked_is_freed_with_its_last_reference() -> None:
    freed: list[str] = []
    box = Box((Box((Noted(freed),)),))
    untrack(box)
    assert not freed
    del box
    assert freed == ["freed"]


def test_a_loaded_model_is_not_tracked() -> None:
    text = """
    name: table
    virtual_hosts:
    - name: shop
      domains: [shop.example]
      routes:
      - match: {prefix: /, headers: [{name: x, string_match: {exact: y}}]}
        direct_response: {status: 204}
    """
    config = load_text(text)
    host = config.listeners[0].route_configuration.virtual_hosts[0]
    route = host.routes[0]
    values = [
        config,
        config.listeners,
        host,
        host.routes,
        route,
        route.match,
        route.match.headers,
        route.origin,
    ]
    assert not [value for value in values if gc.is_tracked(value)]


def test_a_hidden_list_is_freed_with_its_last_reference() -> None:
    freed: list[str] = []
    items: list[object] = [Noted(freed), []]
    hide(items)
    assert not gc.is_tracked(items)
    assert gc.is_tracked(items[1])
    items.append(Noted(freed))
    del items
    assert freed == ["freed"] * 2
