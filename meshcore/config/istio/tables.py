"""What sidecars and gateways have in common: route configurations and the table for any port."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from meshcore.model import HttpOptions, Listener, RouteConfiguration, VirtualHost

__all__ = ["GATEWAY_OPTIONS", "OPTIONS", "other_ports", "route_configuration"]

#: Bodies of direct responses may be that large.
MAX_BODY = 1024 * 1024
OPTIONS = HttpOptions(normalize_path=True, upgrades=(("websocket", True),))
#: A gateway is an edge: it takes the client's address from the connection.
GATEWAY_OPTIONS = replace(OPTIONS, use_remote_address=True)


def route_configuration(name: str, hosts: Iterable[VirtualHost]) -> RouteConfiguration:
    return RouteConfiguration(
        name,
        tuple(hosts),
        ignore_port_in_host_matching=True,
        max_direct_response_body_size=MAX_BODY,
    )


def other_ports(tables: Iterable[Listener], options: HttpOptions, *rest: VirtualHost) -> Listener:
    """The table for callers that name no port, or another one.

    It unites ``tables``, lowest port first: a domain means what it means on the lowest port that has it.
    """
    known = {domain for host in rest for domain in host.domains}
    hosts: list[VirtualHost] = []
    for table in tables:
        for host in table.route_configuration.virtual_hosts:
            fresh = tuple(domain for domain in host.domains if domain not in known)
            known.update(fresh)
            if fresh:
                hosts.append(host if len(fresh) == len(host.domains) else replace(host, domains=fresh))
    return Listener("any", None, route_configuration("any", [*hosts, *rest]), options)
