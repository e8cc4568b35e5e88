"""Host names as Istio reads them: expansion, wildcards, specificity and visibility."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

__all__ = [
    "DOMAIN",
    "MESH",
    "ROOT_NAMESPACE",
    "HostMap",
    "covers",
    "expand",
    "gateway_name",
    "is_address",
    "is_wildcard",
    "kubernetes_host",
    "split_host",
    "visible",
]

DOMAIN = "cluster.local"
ROOT_NAMESPACE = "istio-system"
#: The reserved gateway name that stands for all sidecars.
MESH = "mesh"

T = TypeVar("T")


def is_address(host: str) -> bool:
    """Whether ``host`` is an IP address rather than a name."""
    if not host or not (host[0].isdigit() or ":" in host):
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_wildcard(host: str) -> bool:
    return host.startswith("*")


def kubernetes_host(name: str, namespace: str, domain: str = DOMAIN) -> str:
    """The full name of a Kubernetes service in a cluster of that domain."""
    return f"{name}.{namespace}.svc.{domain}"


def split_host(host: str, domain: str = DOMAIN) -> tuple[str, str] | None:
    """Name and namespace of a Kubernetes service's full name; None for any other host."""
    suffix = f".svc.{domain}"
    if not host.endswith(suffix):
        return None
    name, dot, namespace = host[: -len(suffix)].partition(".")
    if not name or not dot or not namespace or "." in namespace:
        return None
    return name, namespace


def expand(host: str, namespace: str, domain: str = DOMAIN) -> str:
    """A short name becomes the full name in ``namespace``; anything with a dot stays. Lower-case."""
    host = host.lower()
    if "." in host or is_wildcard(host) or is_address(host) or not host:
        return host
    return kubernetes_host(host, namespace, domain)


def covers(pattern: str, host: str) -> bool:
    """Whether ``host`` is a subset of ``pattern``: equal, or ``pattern`` is a wildcard over it.

    ``*.a.b`` covers ``x.a.b`` and ``*.x.a.b``, but not ``a.b``.
    """
    if pattern == host:
        return True
    if not is_wildcard(pattern):
        return False
    suffix = pattern[1:]
    if is_wildcard(host):
        return len(host) >= len(pattern) and host[1:].endswith(suffix)
    return len(host) >= len(suffix) and host.endswith(suffix)


def gateway_name(name: str, namespace: str) -> str:
    """``ns/name`` for every way to write a gateway's name; ``mesh`` stays."""
    if name == MESH:
        return name
    if "/" in name:
        where, _, what = name.partition("/")
        return f"{namespace}/{what}" if where == "." else name
    if "." in name:  # the legacy form: name.ns.svc.cluster.local
        parts = name.split(".")
        return f"{parts[1]}/{parts[0]}"
    return f"{namespace}/{name}"


def visible(export_to: Iterable[str], owner: str, client: str) -> bool:
    """Whether a resource of namespace ``owner`` with this ``exportTo`` can be seen from ``client``."""
    listed = list(export_to)
    if not listed:
        return True
    return any(to == "*" or to == client or (to == "." and owner == client) for to in listed)


class HostMap(Generic[T]):
    """Values by host name or wildcard; finds the most specific entry for a host without a scan."""

    __slots__ = ("_exact", "_wild")

    def __init__(self) -> None:
        self._exact: dict[str, T] = {}
        self._wild: dict[str, T] = {}

    def __iter__(self) -> Iterator[str]:
        yield from self._exact
        yield from self._wild

    def __len__(self) -> int:
        return len(self._exact) + len(self._wild)

    def get(self, host: str) -> T | None:
        """The value stored under exactly this name."""
        return (self._wild if is_wildcard(host) else self._exact).get(host)

    def set(self, host: str, value: T) -> None:
        (self._wild if is_wildcard(host) else self._exact)[host] = value

    def setdefault(self, host: str, value: T) -> T:
        """Store ``value`` unless there is one already; the one that is kept."""
        return (self._wild if is_wildcard(host) else self._exact).setdefault(host, value)

    def find(self, host: str) -> tuple[str, T] | None:
        """The entry that is ``host`` itself, otherwise the longest wildcard that covers it."""
        return next(self.matches(host), None)

    def matches(self, host: str) -> Iterator[tuple[str, T]]:
        """All entries that cover ``host``, the most specific first.

        Each suffix is looked up once, so the cost does not depend on the number of entries.
        """
        value = self.get(host)
        if value is not None:
            yield host, value
        if not self._wild:
            return
        tail = host[1:] if is_wildcard(host) else host
        for start in range(is_wildcard(host), len(tail) + 1):
            pattern = f"*{tail[start:]}"
            value = self._wild.get(pattern)
            if value is not None:
                yield pattern, value
