"""What goes on in each cluster, to be read and searched: a line for each endpoint and each priority."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["clusters_text"]

#: Shown in a place of their own.
_PLACED = ("name", "endpoints", "circuit_breakers")
_FIRST = ("address", "health")
_ALWAYS = ("active_requests", "connections")


def clusters_text(clusters: Sequence[Mapping[str, Any]]) -> str:
    """``clusters``: as ``Engine.clusters()`` gives them. What is zero, empty or unknown is left out."""
    return "".join(f"{line}\n" for cluster in clusters for line in _cluster(cluster))


def _cluster(cluster: Mapping[str, Any]) -> Iterator[str]:
    yield cluster["name"]
    endpoints = cluster["endpoints"]
    width = max((len(endpoint["address"]) for endpoint in endpoints), default=0)
    for endpoint in endpoints:
        counts = " ".join(f"{name}={endpoint[name]}" for name in _ALWAYS)
        rest = _words({name: value for name, value in endpoint.items() if name not in (*_FIRST, *_ALWAYS)})
        yield " ".join([f"  {endpoint['address']:{width}}  {endpoint['health']:9}  {counts}", *rest])
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
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for number, item in enumerate(value):
                yield from _words(item, f"{prefix}{name}.{number}.")
        elif value:
            yield f"{prefix}{name}={_word(value)}"


def _word(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    text = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return repr(text) if " " in text else text
