"""Whom a service believes that they are in the mesh."""

from __future__ import annotations

import logging
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from meshcore import _options as option

__all__ = ["INTERNAL", "Callers"]

#: Where nothing is said: loopback and link-local addresses, and those that no request from the Internet has
#: (RFC 1918, RFC 4193; RFC 6598, of which some clouds give addresses to pods).
INTERNAL = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
)
_log = logging.getLogger("meshcore.mesh")

#: Addresses whose answer is kept; anybody may come from many.
_KNOWN = 4096


class Callers:
    """``address in callers``: whether a connection from there may be from a caller in the mesh.

    Args:
        networks: in CIDR notation.

    Raises:
        TypeError: they are no texts, or one by itself.
        ValueError: one is no network.
    """

    def __init__(self, networks: Collection[str] = INTERNAL) -> None:
        option.texts("callers", networks, "networks, such as ('10.0.0.0/8', '192.0.2.7')")
        try:
            self._networks = [ip_network(network) for network in networks]
        except ValueError as error:
            raise ValueError(f"callers: {error}; expected networks such as '10.0.0.0/8'") from None
        self._known: dict[str | None, bool] = {}
        self._told = False

    def __contains__(self, address: str | None) -> bool:
        """None or "": of a unix socket, which nobody but this machine has. That somebody names himself who is
        not believed is told once: it may be a server that has the address of his client."""
        found = self._known.get(address)
        if found is None:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            found = self._known[address] = not address or self._are_in(address)
            if not found and self._networks and not self._told:
                self._told = True
                _log.warning(
                    "a request from %r says that its caller is in the mesh (x-meshcore-caller), which is not "
                    "believed of that address: what routes say is applied, even if the caller has done so. "
                    "Mesh(callers=...) says which networks are believed; behind a proxy that names itself, "
                    "the server must tell the proxy's address, and not x-forwarded-for's "
                    "(uvicorn --no-proxy-headers)",
                    address,
                )
        return found

    def _are_in(self, text: str) -> bool:
        try:
            address: IPv4Address | IPv6Address = ip_address(text)
        except ValueError:  # no address: of a test's client
            return False
        if isinstance(address, IPv6Address):  # a socket for both has those of IPv4, too
            address = address.ipv4_mapped or address
        return any(address in network for network in self._networks)
