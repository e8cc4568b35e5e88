"""What goes on in each cluster, to be read and searched: a line for each endpoint and each priority."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["clusters_text"]

#: Shown in a place of their own.
_PLACED = ("name", "endpoints", "circuit_breakers")
_FIRST = ("address", "health")


def clusters_text(clusters: Sequence[Mapping[str, Any]]) -> str:
    """``clusters``: as ``Engine.clusters()`` gives them. What is empty, false or unknown is left out."""
    return "".join(f"{line}\n" for cluster in clusters for line in _cluster(cluster))


def _cluster(cluster: Mapping[str, Any]) -> Iterator[str]:
    yield cluster["name"]
    endpoints = cluster["endpoints"]
    width = max((len(endpoint["address"]) for endpoint in endpoints), default=0)
    for endpoint in endpoints:
        rest = {name: value for name, value in endpoint.items() if name not in _FIRST}
        line = f"  {endpoint['address']:{width}}  {endpoint['health']:9}  {' '.join(_words(rest))}"
        yield line.rstrip()
    for priority, resources in cluster["circuit_breakers"].items():
        rooms = [_room(name, resource) for name, resource in resources.items()]
        yield f"  circuit breakers, {priority}: {', '.join(rooms)}"
    for name, value in cluster.items():
        if name not in _PLACED:
            words = " ".join(_words(value if isinstance(value, Mapping) else {name: value}))
            if words:
                yield f"  {name.replace('_', ' ')}: {words}"


def _room(name: str, resource: Mapping[str, Any]) -> str:
    limit = "no limit" if resource["limit"] is None else resource["limit"]
    refused = f" ({resource['overflows']} refused)" if resource["overflows"] else ""
    full = " FULL" if resource["open"] else ""
    return f"{name.replace('_', ' ')} {resource['used']} of {limit}{full}{refused}"


def _words(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """``name=value``; names of what is within others are joined by dots."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _words(value, f"{prefix}{name}.")
        elif isinstance(value, (list, tuple, set, frozenset)):
            if value:
                yield f"{prefix}{name}={','.join(map(str, value))}"
        elif value is not None and value != "" and value is not False:
            yield f"{prefix}{name}={_word(value)}"


def _word(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    text = str(value)
    return repr(text) if " " in text else text
