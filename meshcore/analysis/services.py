"""The hosts that traffic can go to, and from which namespaces each can be seen."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from meshcore.analysis.inventory import CORE, NETWORKING, Inventory, Item
from meshcore.config.istio.names import HostMap, expand, is_wildcard, kubernetes_host

__all__ = ["ServiceHost", "ServiceHosts", "Suffixes", "exported_to"]

EXPORT_TO = "networking.istio.io/exportTo"
ALL = "*"


@dataclass(frozen=True, slots=True, eq=False)
class ServiceHost:
    """One host of a Service or a ServiceEntry."""

    host: str
    item: Item
    ports: tuple[int, ...]
    #: Labels that a ServiceEntry asks of its workloads; none for a Service, as istioctl has it.
    selector: dict[str, str]


def exported_to(export_to: Iterable[str], namespace: str) -> list[str]:
    """The namespaces that a resource is visible in; ``*`` alone for all of them."""
    stated = list(export_to)
    if not stated or ALL in stated:
        return [ALL]
    return list(dict.fromkeys(namespace if entry == "." else entry for entry in stated))


class ServiceHosts:
    """All service hosts by the namespace that they are visible in."""

    def __init__(self, inventory: Inventory) -> None:
        self._scopes: dict[str, HostMap[ServiceHost]] = {}
        self.names: dict[str, None] = {}
        self._siblings: dict[str, dict[str, None]] = {}
        for entry in inventory.of(NETWORKING, "ServiceEntry"):
            ports = tuple(it.get("number").number or 0 for it in entry.spec.get("ports").each())
            selector = entry.spec.at("workloadSelector", "labels").labels
            scopes = exported_to(entry.spec.get("exportTo").texts, entry.namespace)
            for host in entry.spec.get("hosts").texts:
                self._add(ServiceHost(expand(host, entry.namespace), entry, ports, selector), scopes)
        for service in inventory.of(CORE, "Service"):
            ports = tuple(it.get("port").number or 0 for it in service.spec.get("ports").each())
            host = kubernetes_host(service.name, service.namespace).lower()
            stated = [it.strip() for it in service.annotations.get(EXPORT_TO, "").split(",") if it.strip()]
            self._add(ServiceHost(host, service, ports, {}), exported_to(stated, service.namespace))

    def _add(self, service: ServiceHost, scopes: Iterable[str]) -> None:
        self.names[service.host] = None
        label, _, rest = service.host.partition(".")
        self._siblings.setdefault(rest, {})[label] = None
        for scope in scopes:
            self._scopes.setdefault(scope, HostMap()).set(service.host, service)

    def find(self, host: str, namespace: str, export_to: Iterable[str] = ()) -> ServiceHost | None:
        """The service that a resource of ``namespace`` means by ``host``.

        One that all namespaces see comes first, then those of the namespaces that the resource
        itself is for, then wildcards.
        """
        full = expand(host, namespace)
        stated = list(export_to)
        own = exported_to(stated, namespace) if stated else [namespace]
        for maps in self._visible(ALL, *own):
            found = maps.get(full)
            if found is not None:
                return found
        # As in istioctl, a wildcard is compared with the host as it is written, wildcard or not.
        for maps in self._visible(ALL, namespace):
            for pattern, service in maps.matches(f"*{host.lower().removeprefix('*')}"):
                if is_wildcard(pattern):
                    return service
        return None

    def siblings(self, rest: str) -> Collection[str]:
        """First labels of the hosts that go on with ``rest``: services of one namespace, say."""
        return self._siblings.get(rest, {})

    @cached_property
    def suffixes(self) -> Suffixes:
        return Suffixes(self.names)

    def _visible(self, *scopes: str) -> Iterator[HostMap[ServiceHost]]:
        for scope in dict.fromkeys(scopes):
            maps = self._scopes.get(scope)
            if maps is not None:
                yield maps


class Suffixes:
    """Finds the hosts below a wildcard without looking at all of them."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self._reversed = sorted(host[::-1] for host in hosts)

    def of(self, pattern: str) -> Iterator[str]:
        """The hosts that a wildcard covers; none for other hosts."""
        if not is_wildcard(pattern):
            return
        tail = pattern[:0:-1]
        for index in range(bisect_left(self._reversed, tail), len(self._reversed)):
            if not self._reversed[index].startswith(tail):
                break
            yield self._reversed[index][::-1]
