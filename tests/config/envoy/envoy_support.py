"""Small Envoy configurations, loaded, refused and looked into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from meshcore.config import ConfigError, load_text
from meshcore.config.envoy import load_parts
from meshcore.model import Cluster, Config, Route

FAULT = "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"
LIMIT = "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"


def endpoints(*addresses: str) -> dict[str, Any]:
    return {
        "cluster_name": "c",
        "endpoints": [
            {
                "lb_endpoints": [
                    {"endpoint": {"address": {"socket_address": {"address": address, "port_value": 80}}}}
                    for address in addresses
                ]
            }
        ],
    }


def cluster(**fields: Any) -> dict[str, Any]:
    return {"name": "c", "load_assignment": endpoints("10.0.0.1"), **fields}


def table(*routes: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """A route configuration of one virtual host for everything."""
    return {
        "name": "rc",
        "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": list(routes)}],
        **fields,
    }


def route(**fields: Any) -> dict[str, Any]:
    """A route to the cluster ``c``; ``match`` and actions may be given."""
    made: dict[str, Any] = {"match": {"prefix": "/"}, **fields}
    if not {"route", "redirect", "direct_response"} & set(made):
        made["route"] = {"cluster": "c"}
    return made


def forward(**fields: Any) -> dict[str, Any]:
    return route(route={"cluster": "c", **fields})


def loaded(*routes: Mapping[str, Any], **parts: Any) -> Config:
    return load_parts(table(*routes), **{"clusters": [cluster()], **parts})


def loaded_route(**fields: Any) -> Route:
    return loaded(route(**fields)).listeners[0].route_configuration.virtual_hosts[0].routes[0]


def loaded_action(**fields: Any) -> Any:
    return loaded_route(route={"cluster": "c", **fields}).action


def loaded_cluster(**fields: Any) -> Cluster:
    return load_parts(table(), [cluster(**fields)]).clusters[0]


def problems(
    route_config: Mapping[str, Any], clusters: Sequence[Mapping[str, Any]] | None = None, **parts: Any
) -> list[str]:
    """What refuses a configuration, as ``path: detail``; [] if it loads."""
    try:
        load_parts(route_config, [cluster()] if clusters is None else clusters, **parts)
    except ConfigError as error:
        return [f"{finding.path}: {finding.detail}" for finding in error.findings]
    return []


def route_problems(**fields: Any) -> list[str]:
    start = "route_config.virtual_hosts[0].routes[0]."
    return [problem.removeprefix(start) for problem in problems(table(route(**fields)))]


def action_problems(**fields: Any) -> list[str]:
    return [problem.removeprefix("route.") for problem in route_problems(**forward(**fields))]


def cluster_problems(**fields: Any) -> list[str]:
    return problems(table(), [cluster(**fields)])


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as raised:
        load_text(text, name="a.yaml")
    return str(raised.value)
