"""Which routes the tests reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from meshcore.config.placeholders import routes_of
from meshcore.model import Config, Route

__all__ = ["Coverage"]

#: Kinds whose routes people write; services have default routes that nobody wrote.
_RULES = frozenset({"VirtualService", "HTTPRoute", "GRPCRoute"})
_Key: TypeAlias = "tuple[str, int, int, str] | int"


@dataclass(slots=True)
class Coverage:
    """The routes of configurations, and which of them some test's request took.

    A rule that is compiled into several tables (one for each port) counts once.
    """

    _all: dict[_Key, Route] = field(default_factory=dict)
    _taken: set[_Key] = field(default_factory=set)

    def add(self, config: Config) -> None:
        """Count the routes of a configuration."""
        routes = list(routes_of(config))
        istio = any(route.origin is not None and route.origin.kind in _RULES for route in routes)
        for route in routes:
            if not istio or (route.origin is not None and route.origin.kind in _RULES):
                self._all.setdefault(_key(route), route)

    def merge(self, other: Coverage) -> None:
        """Add the routes and the findings of another configuration."""
        self._all = {**other._all, **self._all}
        self._taken |= other._taken

    def take(self, routes: Iterable[Route]) -> None:
        """Note that tests took these routes."""
        self._taken.update(map(_key, routes))

    @property
    def total(self) -> int:
        return len(self._all)

    @property
    def covered(self) -> int:
        return len(self._all.keys() & self._taken)

    @property
    def percent(self) -> float:
        """Covered routes of 100; 100 where there are no routes."""
        return 100 * self.covered / self.total if self.total else 100.0

    def missed(self) -> Iterator[Route]:
        """The routes that no test took, in the order of the tables."""
        return (route for key, route in self._all.items() if key not in self._taken)


def _key(route: Route) -> _Key:
    origin = route.origin
    # Routes of a parsed mapping have no lines: there each is itself.
    return (origin.file, origin.line, origin.column, origin.path) if origin and origin.line else id(route)
