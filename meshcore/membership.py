"""The endpoints of a cluster as a program gives them, in the model's terms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from meshcore.model import Cluster, Endpoint, Locality, LocalityEndpoints

__all__ = ["GivenEndpoint", "endpoint_of", "with_endpoints"]

#: ``"10.0.0.7:9080"``, the same with a weight, an endpoint, or the endpoints of one locality.
GivenEndpoint: TypeAlias = "str | tuple[str, int] | Endpoint | LocalityEndpoints"

_Key: TypeAlias = "tuple[Locality, int]"

_MAX_WEIGHT = 2**32 - 1
_MAX_PRIORITY = 128  # Envoy's


def with_endpoints(cluster: Cluster, given: Iterable[GivenEndpoint]) -> Cluster:
    """The cluster with these endpoints and no others.

    An address that the cluster knows keeps what it knows of it: locality, labels, health, and the weight
    where none is given. An ``Endpoint`` is taken as it is, and keeps the locality alone. Others join the
    cluster's only locality or, where it has several, one without a name at priority 0.

    A locality keeps its weight where none is given. Those of Istio weigh as much as their endpoints together.

    Raises:
        TypeError: for what is no endpoint.
        ValueError: for an address without a port, an address that is given twice, numbers out of range, and
            a new locality without a weight in a cluster that goes by the weights which localities are given.
    """
    known = {
        endpoint.authority: ((group.locality, group.priority), endpoint)
        for group in cluster.localities
        for endpoint in group.endpoints
    }
    weights: dict[_Key, int | None] = {}
    found: dict[_Key, list[Endpoint]] = {}
    for group in cluster.localities:
        weights.setdefault((group.locality, group.priority), group.weight)
        found.setdefault((group.locality, group.priority), [])
    new: _Key = next(iter(found)) if len(found) == 1 else (Locality(), 0)
    stated: set[_Key] = set()
    for one in given:
        if isinstance(one, LocalityEndpoints):
            _check_group(one)
            if one.weight is not None:
                weights[one.locality, one.priority] = one.weight
                stated.add((one.locality, one.priority))
            found.setdefault((one.locality, one.priority), []).extend(one.endpoints)
            continue
        endpoint = _endpoint(one, known)
        key = known[endpoint.authority][0] if endpoint.authority in known else new
        found.setdefault(key, []).append(endpoint)
    _check([endpoint for endpoints in found.values() for endpoint in endpoints])
    if cluster.common_lb.locality_weights_follow:
        for key in found.keys() - stated:
            weights[key] = _sum(found[key])
    elif cluster.common_lb.locality_weighted:
        _weigh_new(found, weights, cluster.name)
    groups = [
        LocalityEndpoints(tuple(endpoints), locality, priority, weights.get((locality, priority)))
        for (locality, priority), endpoints in found.items()
    ]
    return replace(cluster, localities=tuple(groups))


def _weigh_new(found: dict[_Key, list[Endpoint]], weights: dict[_Key, int | None], cluster: str) -> None:
    """An only locality gets all, whatever it weighs; where others are weighed, a new one needs a weight."""
    for key in found.keys() - weights.keys():
        if len(found) == 1:
            weights[key] = 1
        elif found[key]:
            raise ValueError(
                f"cluster {cluster!r} weighs its localities, and {found[key][0].authority} is in a new one: "
                "give LocalityEndpoints with its locality, or with a weight for the new one"
            )


def _sum(endpoints: list[Endpoint]) -> int:
    return min(sum(endpoint.weight for endpoint in endpoints), _MAX_WEIGHT)


def endpoint_of(text: str, weight: int = 1) -> Endpoint:
    """``address:port``, ``[IPv6]:port`` or the path of a unix socket.

    Raises:
        ValueError: for anything else.
    """
    if "/" in text:
        return Endpoint(text, 0, weight=weight)
    address, _, port = text.rpartition(":")
    bracketed = address.startswith("[") and address.endswith("]")
    if bracketed:
        address = address[1:-1]
    valid = port.isascii() and port.isdigit() and 0 < int(port) < 65536
    if not valid or not address or (":" in address) != bracketed or any(letter.isspace() for letter in text):
        raise ValueError(f"an endpoint is given as 'address:port' or '[IPv6]:port', not {text!r}")
    return Endpoint(address, int(port), weight=weight)


def _endpoint(given: object, known: dict[str, tuple[_Key, Endpoint]]) -> Endpoint:
    if isinstance(given, Endpoint):
        return given
    if isinstance(given, str):
        return known[given][1] if given in known else endpoint_of(given)
    if (
        isinstance(given, tuple)
        and len(given) == 2
        and isinstance(given[0], str)
        and isinstance(given[1], int)
    ):
        text, weight = given
        return replace(known[text][1], weight=weight) if text in known else endpoint_of(text, weight)
    raise TypeError(
        "an endpoint is 'address:port', ('address:port', weight), an Endpoint or a LocalityEndpoints, "
        f"not {given!r}"
    )


def _check(endpoints: list[Endpoint]) -> None:
    seen: set[str] = set()
    for endpoint in endpoints:
        if not endpoint.address:
            raise ValueError("an endpoint has no address")
        path = "/" in endpoint.address or endpoint.address.startswith("@")
        _check_number(f"endpoint {endpoint.address}", "port", endpoint.port, 0 if path else 1, 65535)
        if endpoint.authority in seen:
            raise ValueError(f"endpoint {endpoint.authority} is given twice")
        seen.add(endpoint.authority)
        _check_number(f"endpoint {endpoint.authority}", "weight", endpoint.weight, 1, _MAX_WEIGHT)
    total = sum(endpoint.weight for endpoint in endpoints)
    if total > _MAX_WEIGHT:
        raise ValueError(f"the weights of the endpoints add up to {total}: at most {_MAX_WEIGHT}")


def _check_group(group: LocalityEndpoints) -> None:
    place = "/".join((group.locality.region, group.locality.zone, group.locality.sub_zone))
    _check_number(f"locality {place!r}", "priority", group.priority, 0, _MAX_PRIORITY)
    if group.weight is not None:
        _check_number(f"locality {place!r}", "weight", group.weight, 0, _MAX_WEIGHT)


def _check_number(owner: str, what: str, number: int, least: int, most: int) -> None:
    if not isinstance(number, int):
        raise TypeError(f"{owner} has the {what} {number!r}: an int")
    if not least <= number <= most:
        raise ValueError(f"{owner} has the {what} {number}: from {least} to {most}")
