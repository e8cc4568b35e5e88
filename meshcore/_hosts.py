"""What the standalone balancers and splits are given, checked: hosts and weights, sizes and seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Optional, Union

from meshcore._options import instance, whole, wrong

__all__ = ["Weights", "checked_hosts", "checked_seed", "checked_size", "checked_split", "checked_weights"]

MAX_WEIGHT = 2**32 - 1

# Not by "|", which PyPy 3.9 does not know.
Weights = Optional[Union[Mapping[str, int], Sequence[int]]]  # noqa: UP007, UP045


def checked_hosts(hosts: Iterable[str]) -> tuple[str, ...]:
    """The hosts; ValueError where there is none, or one twice."""
    if isinstance(hosts, Mapping):
        raise wrong("hosts", hosts, "a list of addresses; their weights are weights={address: weight}")
    if isinstance(hosts, (str, bytes)) or not isinstance(hosts, Iterable):
        raise wrong("hosts", hosts, "a list of addresses, such as ['10.0.0.1:80', '10.0.0.2:80']")
    checked = tuple(hosts)
    if not checked:
        raise ValueError("hosts is empty; expected at least one address")
    seen: set[str] = set()
    for host in checked:
        if not isinstance(host, str):
            raise TypeError(f"a host is a str, not {host!r}")
        if host in seen:
            raise ValueError(f"host {host!r} is given twice")
        seen.add(host)
    return checked


def checked_weights(hosts: Sequence[str], weights: Weights) -> tuple[int, ...]:
    """A weight for each host: all 1 where none are given."""
    if weights is None:
        return (1,) * len(hosts)
    if isinstance(weights, Mapping):
        unknown = weights.keys() - set(hosts)
        missing = [host for host in hosts if host not in weights]
        if unknown or missing:
            what = f"host {missing[0]!r} has no weight" if missing else f"{min(unknown)!r} is not a host"
            raise ValueError(f"weights: {what}")
        given = [weights[host] for host in hosts]
    elif isinstance(weights, Iterable):
        given = list(weights)
    else:
        raise wrong("weights", weights, "a number for each host: a list, or a dict by host")
    if len(given) != len(hosts):
        raise ValueError(f"{len(given)} weights for {len(hosts)} hosts")
    for host, weight in zip(hosts, given):  # noqa: B905 - their lengths are the same by now
        _check_weight(host, weight, "at least 1", 1)
    _check_sum(given)
    return tuple(given)


def checked_split(weights: Mapping[str, int]) -> dict[str, int]:
    """Destinations and their weights."""
    instance("weights", weights, Mapping, "a dict of weights by destination, such as {'v1': 90, 'v2': 10}")
    given = dict(weights)
    for name, weight in given.items():
        if not isinstance(name, str):
            raise TypeError(f"a destination is a str, not {name!r}")
        _check_weight(name, weight, "0 or more", 0)
    _check_sum(given.values())
    return given


def _check_weight(name: str, weight: int, expected: str, least: int) -> None:
    if not isinstance(weight, int) or isinstance(weight, bool):
        raise TypeError(f"the weight of {name!r} is {weight!r}; expected an int")
    if weight < least:
        raise ValueError(f"the weight of {name!r} is {weight}; expected {expected}")


def _check_sum(weights: Iterable[int]) -> None:
    total = sum(weights)
    if total > MAX_WEIGHT:
        raise ValueError(f"the weights add up to {total:,}; expected at most {MAX_WEIGHT:,}")


def checked_size(name: str, value: int, least: int = 0) -> int:
    """A number that fits the core; whether it makes sense is for the core to say."""
    return whole(name, value, least, MAX_WEIGHT)


def checked_seed(seed: int) -> int:
    """A seed; of a larger one the lower 64 bits count."""
    if not isinstance(seed, int):
        raise wrong("seed", seed, "an int")
    return seed & 0xFFFFFFFFFFFFFFFF
