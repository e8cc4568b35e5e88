"""The endpoints of a cluster by what its names resolve to, as Envoy's DNS clusters have them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from meshcore.discovery.answer import Answer, Question
from meshcore.discovery.lookup import Lookup
from meshcore.model import Cluster, Discovery, Endpoint, LocalityEndpoints

__all__ = ["current_address", "question_of", "questions_of", "resolved", "with_kept"]

_MAX_WEIGHT = 2**32 - 1


def question_of(cluster: Cluster, endpoint: Endpoint) -> Question | None:
    """What to look up for a declared endpoint; None for an address or the path of a socket."""
    if not endpoint.is_name:
        return None
    dns = cluster.dns
    return Question(endpoint.address, dns.family, dns.servers, dns.use_tcp, dns.search)


def questions_of(cluster: Cluster) -> tuple[Question, ...]:
    """All questions of a cluster, each once."""
    found = (question_of(cluster, endpoint) for endpoint in cluster.endpoints)
    return tuple(dict.fromkeys(question for question in found if question is not None))


def resolved(cluster: Cluster, lookups: Callable[[Question], Lookup | None]) -> Cluster:
    """The cluster with the endpoints that the answers give it.

    STRICT_DNS: each address is an endpoint with all that the declared one has, and a hostname. LOGICAL_DNS:
    the declared endpoint, once there is an address to send to (see :func:`current_address`).

    An address that two names of a cluster have is one endpoint with the sum of their weights, so that it
    gets the share that Envoy's two endpoints of one address get.
    """
    if cluster.discovery is Discovery.LOGICAL_DNS:
        groups = [_logical(cluster, group, lookups) for group in cluster.localities]
    else:
        places: dict[str, tuple[int, int]] = {}
        made: list[list[Endpoint]] = []
        for number, group in enumerate(cluster.localities):
            made.append([])
            for declared in group.endpoints:
                for endpoint in _strict(cluster, declared, lookups):
                    _add(made, number, endpoint, places)
        groups = [
            replace(group, endpoints=tuple(endpoints))
            for group, endpoints in zip(cluster.localities, made, strict=True)
        ]
    return replace(cluster, localities=tuple(groups))


def current_address(made: Cluster) -> str | None:
    """Where connections go, of a LOGICAL_DNS cluster that is resolved; None: of any other, or not known."""
    for endpoint in made.endpoints if made.discovery is Discovery.LOGICAL_DNS else ():
        return replace(endpoint, address=endpoint.current_address or endpoint.address).authority
    return None


def with_kept(made: Cluster, served: Cluster, keep: Collection[str]) -> tuple[Cluster, tuple[str, ...]]:
    """A resolved cluster with those of its endpoints so far that are to stay, though no name has their
    address any longer; and which these are. What is not checked does not stay."""
    known = {endpoint.authority for endpoint in made.endpoints}
    groups = list(made.localities)
    kept: list[str] = []
    for old in served.localities:
        staying = [
            one
            for one in old.endpoints
            if one.authority in keep
            and one.authority not in known
            and not (one.health_check is not None and one.health_check.disabled)
        ]
        if not staying:
            continue
        kept += [endpoint.authority for endpoint in staying]
        for number, group in enumerate(groups):
            if (group.locality, group.priority) == (old.locality, old.priority):
                groups[number] = replace(group, endpoints=(*group.endpoints, *staying))
                break
        else:
            groups.append(replace(old, endpoints=tuple(staying)))
    return replace(made, localities=tuple(groups)), tuple(kept)


def _logical(
    cluster: Cluster, group: LocalityEndpoints, lookups: Callable[[Question], Lookup | None]
) -> LocalityEndpoints:
    endpoints = []
    for endpoint in group.endpoints:
        question = question_of(cluster, endpoint)
        if question is None:
            endpoints.append(endpoint)
        elif addresses := _addresses(lookups(question), logical=True):
            endpoints.append(replace(endpoint, current_address=addresses[0]))
    # Its one endpoint has nobody to give way to: Envoy counts it at priority 0, whatever is said.
    return replace(group, endpoints=tuple(endpoints), priority=0)


def _strict(
    cluster: Cluster, declared: Endpoint, lookups: Callable[[Question], Lookup | None]
) -> list[Endpoint]:
    question = question_of(cluster, declared)
    if question is None:
        return [declared]
    addresses = sorted(set(_addresses(lookups(question), logical=False)), key=_order)
    hostname = declared.hostname or declared.address
    return [replace(declared, address=address, hostname=hostname) for address in addresses]


def _add(
    made: list[list[Endpoint]], number: int, endpoint: Endpoint, places: dict[str, tuple[int, int]]
) -> None:
    """Add an endpoint to a locality, or its weight to that of the same address; the first place counts."""
    known = places.get(endpoint.authority)
    if known is None:
        places[endpoint.authority] = (number, len(made[number]))
        made[number].append(endpoint)
    elif known[0] == number:
        twin = made[number][known[1]]
        weight = min(twin.weight + endpoint.weight, _MAX_WEIGHT)
        made[number][known[1]] = replace(twin, weight=weight)


def _addresses(lookup: Lookup | None, *, logical: bool) -> tuple[str, ...]:
    answer: Answer | None = None
    if lookup is not None:
        answer = lookup.usable if logical else lookup.answer
    return () if answer is None else answer.addresses


def _order(address: str) -> tuple[bool, object]:
    """The same answer in another order is the same endpoints."""
    return ":" in address, address
