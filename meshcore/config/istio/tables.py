"""What sidecars and gateways have in common: route configurations and the table for any port."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from meshcore.config.istio.mesh import Mesh
from meshcore.config.istio.schema.mesh import Normalization
from meshcore.model import (
    EscapedSlashes,
    HttpOptions,
    Listener,
    RouteConfiguration,
    TracingOptions,
    VirtualHost,
)

__all__ = ["http_options", "other_ports", "route_configuration"]

#: Bodies of direct responses may be that large.
MAX_BODY = 1024 * 1024
_PATHS = {
    Normalization.NONE: HttpOptions(),
    Normalization.BASE: HttpOptions(normalize_path=True),
    Normalization.MERGE_SLASHES: HttpOptions(normalize_path=True, merge_slashes=True),
    Normalization.DECODE_AND_MERGE_SLASHES: HttpOptions(
        normalize_path=True, merge_slashes=True, escaped_slashes=EscapedSlashes.UNESCAPE_AND_FORWARD
    ),
}


def http_options(mesh: Mesh, tracing: TracingOptions | None, *, edge: bool) -> HttpOptions:
    """The options of a listener; at the edge of the mesh the connection says who the client is."""
    return replace(
        _PATHS[mesh.normalization],
        upgrades=(("websocket", True),),
        use_remote_address=edge,
        xff_num_trusted_hops=mesh.trusted_proxies if edge else 0,
        generate_request_id=not mesh.headers.request_id.disabled,
        append_x_forwarded_port=bool(mesh.headers.x_forwarded_port.enabled),
        suppress_envoy_headers=bool(mesh.headers.envoy_debug_headers.disabled),
        tracing=tracing,
        stream_idle_timeout=0.0,
    )


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
