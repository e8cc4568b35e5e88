"""Which hosts a Gateway offers to the VirtualServices of a namespace."""

from __future__ import annotations

from collections.abc import Iterable

from meshcore.analysis.inventory import GATEWAY_API, Item
from meshcore.analysis.services import Suffixes
from meshcore.config.istio.names import HostMap

__all__ = ["Offers", "offers_of"]


class Offers:
    """Hosts, exact or with a wildcard, and which others meet them."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self.hosts = list(dict.fromkeys(host.lower() for host in hosts))
        self._map: HostMap[bool] = HostMap()
        for host in self.hosts:
            self._map.set(host, True)
        self._suffixes = Suffixes(self.hosts)

    def covers(self, host: str) -> bool:
        """Whether every name that ``host`` stands for is offered."""
        return self._map.find(host.lower()) is not None

    def meets(self, host: str) -> bool:
        """Whether some name that ``host`` stands for is offered."""
        return self.covers(host) or next(self._suffixes.of(host.lower()), None) is not None


def offers_of(gateway: Item, namespace: str) -> list[str]:
    """The hosts of a Gateway, Istio's or Kubernetes', that VirtualServices of ``namespace`` may bind."""
    if gateway.group == GATEWAY_API:
        return [it.get("hostname").text or "*" for it in gateway.spec.get("listeners").each()]
    offered = []
    for server in gateway.spec.get("servers").each():
        for text in server.get("hosts").texts:
            owner, slash, host = text.partition("/")
            owner = gateway.namespace if owner == "." else owner
            if not slash:
                offered.append(text)
            elif owner in ("*", namespace):
                offered.append(host)
    return offered
