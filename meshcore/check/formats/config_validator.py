"""The files of ``istio-config-validator``: requests, and the destinations that they must have (or not)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Annotated

from meshcore.check.case import Case
from meshcore.check.exchange import Request
from meshcore.check.seen import Seen
from meshcore.check.split import split_of
from meshcore.config.findings import Findings
from meshcore.config.schema import Meta, Record, decode, origin_of
from meshcore.config.tree import MappingNode

__all__ = ["read_config_validator"]

_Text = Annotated[str, Meta(min_length=1)]
_Texts = Annotated[list[_Text], Meta(min_length=1)]


class PortItem(Record):
    number: int = 0


class DestinationItem(Record):
    host: _Text
    subset: str = ""
    port: PortItem | None = None


class RouteItem(Record):
    __ignored__ = frozenset({"headers"})

    destination: DestinationItem
    weight: int = 0


class RequestItem(Record):
    """Each of its authorities with each of its methods and URIs is a request."""

    authority: _Texts
    method: _Texts
    uri: _Texts
    headers: dict[str, str] = {}


class CaseItem(Record):
    description: _Text
    want_match: bool
    request: RequestItem
    route: list[RouteItem] = []


class CasesItem(Record):
    """A file."""

    test_cases: Annotated[list[CaseItem], Meta(min_length=1)]


def read_config_validator(root: MappingNode, findings: Findings) -> list[Case] | None:
    """The tests of a file; None with findings."""
    file = decode(root, CasesItem, findings)
    return None if file is None else [_case(item) for item in file.test_cases]


def _case(item: CaseItem) -> Case:
    asked = item.request
    requests = tuple(
        Request(uri, authority, method, tuple(asked.headers.items()))
        for authority, method, uri in product(asked.authority, asked.method, asked.uri)
    )
    wanted = tuple(
        Destination(
            route.destination.host.lower(),
            route.destination.subset,
            route.destination.port.number if route.destination.port else 0,
            route.weight,
        )
        for route in item.route
    )
    return Case(item.description, origin_of(item), requests, (Destinations(wanted, item.want_match),))


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination as tests name it: no port means any, and the host may be a short name."""

    host: str
    subset: str = ""
    port: int = 0
    weight: int = 0

    def names(self, cluster: str) -> bool:
        """Whether this names the cluster ``outbound|PORT|SUBSET|HOST``."""
        parts = cluster.split("|")
        if len(parts) != 4:
            return False
        _, port, subset, host = parts
        short = "." not in self.host and host.startswith(f"{self.host}.")
        return subset == self.subset and self.port in (0, int(port)) and (host == self.host or short)

    def __str__(self) -> str:
        port = f":{self.port}" if self.port else ""
        subset = f" subset {self.subset}" if self.subset else ""
        return f"{self.host}{port}{subset}" + (f" weight {self.weight}" if self.weight else "")


@dataclass(frozen=True, slots=True)
class Destinations:
    """The destinations of the route that takes the request, in order; ``match`` False: any other."""

    wanted: tuple[Destination, ...]
    match: bool

    def difference(self, seen: Seen) -> str | None:
        entry = seen.decision.route_entry
        split = split_of(entry)
        if split is not None:
            got = [(cluster.cluster, cluster.weight) for cluster in split.clusters]
        else:
            got = [(seen.decision.cluster, 0)] if seen.decision.cluster else []
        fits = len(got) == len(self.wanted) and all(
            it.names(cluster) and (len(got) == 1 or it.weight == weight)
            for it, (cluster, weight) in zip(self.wanted, got, strict=True)
        )
        if fits is self.match:
            return None
        shown = ", ".join(f"{name} weight {weight}" if weight else name for name, weight in got) or "none"
        listed = ", ".join(map(str, self.wanted)) or "none"
        return f"destinations: expected {'' if self.match else 'other than '}{listed}, got {shown}"
