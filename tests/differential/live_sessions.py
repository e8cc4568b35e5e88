"""Random sessions at every level, clusters of every sort below them, and requests that ask for endpoints."""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence
from typing import Any

from live_config import ROUTER, TELL_DETAILS, TYPES

__all__ = [
    "COOKIE",
    "HEADER",
    "HOSTS",
    "OVERRIDE",
    "ROUTES",
    "addresses",
    "asking",
    "bootstrap",
    "encoded",
    "telling",
]

FILTER = "envoy.filters.http.stateful_session"
COOKIE, HEADER, OVERRIDE = "sid", "x-session", "X-Override"
_POLICIES = f"{TYPES}.load_balancing_policies"
HOSTS, CLUSTERS, ROUTES = 6, 12, 60
_STATUSES = ("UNKNOWN", "HEALTHY", "UNHEALTHY", "DRAINING", "TIMEOUT", "DEGRADED")


def _state(draw: random.Random) -> dict[str, Any]:
    if draw.random() < 0.4:
        kind, config = "header.v3.HeaderBasedSessionState", {"name": draw.choice([HEADER, "X-Session"])}
    else:
        cookie: dict[str, Any] = {"name": COOKIE}
        if draw.random() < 0.6:
            cookie["ttl"] = draw.choice(["0s", "0.5s", "60s", "61.9s"])
        if draw.random() < 0.6:
            cookie["path"] = draw.choice(["/", "/r", "/r/", "/r/1", "/r/1/", "/x"])
        if draw.random() < 0.3:
            cookie["attributes"] = [{"name": "SameSite", "value": "Lax"}, {"name": "Secure"}]
        kind, config = "cookie.v3.CookieBasedSessionState", {"cookie": cookie}
    name = f"envoy.http.stateful_session.{kind.partition('.')[0]}"
    return {"name": name, "typed_config": {"@type": f"{TYPES}.http.stateful_session.{kind}", **config}}


def _session(draw: random.Random) -> dict[str, Any]:
    session: dict[str, Any] = {"session_state": _state(draw)} if draw.random() < 0.9 else {}
    if draw.random() < 0.3:
        session["strict"] = True
    if draw.random() < 0.5:
        session["status_on_strict_destination_not_found"] = draw.choice([404, 421, 503])
    return session


def _level(draw: random.Random, chance: float) -> dict[str, Any]:
    if draw.random() >= chance:
        return {}
    own = {"disabled": True} if draw.random() < 0.25 else {"stateful_session": _session(draw)}
    config = {"@type": f"{TYPES}.filters.http.stateful_session.v3.StatefulSessionPerRoute", **own}
    return {"typed_per_filter_config": {FILTER: config}}


def _typed(name: str, config: dict[str, Any]) -> dict[str, Any]:
    name = f"envoy.load_balancing_policies.{name}"
    return {"policies": [{"typed_extension_config": {"name": name, "typed_config": config}}]}


def _policy(draw: random.Random) -> dict[str, Any]:
    """Maglev, so that the endpoint of a request without a session can be compared as well."""
    kind = draw.randrange(3)
    if kind == 0:
        return {"lb_policy": "MAGLEV", "maglev_lb_config": {"table_size": 251}}
    if kind == 1:
        maglev = {"@type": f"{_POLICIES}.maglev.v3.Maglev", "table_size": 251}
        override = {
            "@type": f"{_POLICIES}.override_host.v3.OverrideHost",
            "override_host_sources": [{"header": OVERRIDE}, {"header": "x-other"}],
            "fallback_policy": _typed("maglev", maglev),
        }
        return {"load_balancing_policy": _typed("override_host", override)}
    selectors = [{"keys": ["a"]}]
    subsets = {"fallback_policy": draw.choice(["NO_FALLBACK", "ANY_ENDPOINT"]), "subset_selectors": selectors}
    return {"lb_policy": "MAGLEV", "lb_subset_config": subsets}


def _cluster(draw: random.Random, name: str, ports: Sequence[int]) -> dict[str, Any]:
    groups: list[list[dict[str, Any]]] = [[], []]
    for port in (*ports, draw.choice(ports)):  # one of them twice
        address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
        groups[draw.random() < 0.3].append(
            {
                "endpoint": {"address": address},
                "health_status": draw.choice(_STATUSES),
                "metadata": {"filter_metadata": {"envoy.lb": {"a": draw.choice(["1", "2"])}}},
            }
        )
    common: dict[str, Any] = {"healthy_panic_threshold": {"value": draw.choice([0, 50])}}
    if draw.random() < 0.6:
        common["override_host_status"] = {"statuses": draw.sample(_STATUSES, draw.randint(0, 4))}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "common_lb_config": common,
        **_policy(draw),
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [
                {"priority": priority, "lb_endpoints": group}
                for priority, group in enumerate(groups)
                if group
            ],
        },
    }


def _route(draw: random.Random, number: int) -> dict[str, Any]:
    cluster = f"c{draw.randrange(CLUSTERS)}"
    labels = {"metadata_match": {"filter_metadata": {"envoy.lb": {"a": draw.choice(["1", "3"])}}}}
    action: dict[str, Any] = {
        "hash_policy": [
            {"header": {"header_name": "x-key"}, "terminal": True},
            {"cookie": {"name": "h", "ttl": "9s"}},
        ],
        **(labels if draw.random() < 0.5 else {}),
    }
    if draw.random() < 0.3:
        action["weighted_clusters"] = {"clusters": [{"name": cluster, "weight": 1, **_level(draw, 0.5)}]}
    else:
        action["cluster"] = cluster
    return {"match": {"prefix": f"/r/{number}"}, "route": action, **_level(draw, 0.4)}


def bootstrap(ports: Sequence[int], upstream_ports: Sequence[int], seed: int) -> dict[str, Any]:
    """Two listeners over the same clusters, the second with sessions of its own."""
    draw = random.Random(seed)
    header = {"header": {"key": "x-upstream", "value": "%UPSTREAM_REMOTE_ADDRESS%"}}
    kind = f"{TYPES}.filters.http.stateful_session.v3.StatefulSession"
    listeners = []
    for number, port in enumerate(ports):
        own = _session(draw) if number else {}
        manager = {
            "@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "sessions",
            "generate_request_id": False,
            "http_filters": [{"name": FILTER, "typed_config": {"@type": kind, **own}}, ROUTER],
            "route_config": {
                "response_headers_to_add": [header],
                "virtual_hosts": [
                    {
                        "name": f"v{host}",
                        "domains": [f"v{host}"],
                        "routes": [_route(draw, number) for number in range(ROUTES // 4)],
                        **_level(draw, 0.4),
                    }
                    for host in range(4)
                ],
                **_level(draw, 0.5),
            },
        }
        network = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
        listeners.append(
            {
                "name": f"l{number}",
                "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
                "filter_chains": [{"filters": [network]}],
            }
        )
    clusters = [_cluster(draw, f"c{number}", upstream_ports) for number in range(CLUSTERS)]
    return {"static_resources": {"listeners": listeners, "clusters": clusters}}


def telling(document: dict[str, Any]) -> dict[str, Any]:
    """The bootstrap with which Envoy tells why it answered by itself."""
    for listener in document["static_resources"]["listeners"]:
        listener["filter_chains"][0]["filters"][0]["typed_config"].update(TELL_DETAILS)
    return document


def _varint(number: int) -> bytes:
    return (bytes([number & 127 | 128]) + _varint(number >> 7)) if number > 127 else bytes([number])


def asking(draw: random.Random, ports: Sequence[int], now: int) -> bytes:
    """What a client might send for its session, before base64: addresses, messages, and what is neither."""
    address = f"127.0.0.1:{draw.choice((*ports, *ports, 9))}".encode()
    kind = draw.randrange(8)
    if kind < 2:
        return address
    message = b"\x0a" + _varint(len(address)) + address
    if kind < 6:
        ends = (0, now - 100, now + 100, 2**63 - 1, 2**63, 2**64 - 1)
        return message + b"\x10" + _varint(draw.choice(ends))
    # What protobuf passes over, refuses, or lets be overridden.
    parts = (
        *(message, b"\x10\x05", b"\x1b", b"\x1c", b"\x18\x7f", b"\x1a\x02xx", b"\x1d1234", b"\x191234567"),
        *(b"\x80\x80\xc3\xa9\x10\x05", b"\x08\x01", b"\x12\x01x", b"\xff"),
        *(b"\x0a\x02\xc3\xa9", b"\x0a\x01\xff"),
        *(b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x10" + b"\x80" * 9 + b"\x02"),
    )
    return b"".join(draw.choice(parts) for _ in range(draw.randint(0, 4)))


def encoded(value: bytes, draw: random.Random) -> str:
    text = base64.b64encode(value).decode()
    return text.rstrip("=") if draw.random() < 0.05 else text


def addresses(draw: random.Random, ports: Sequence[int]) -> str:
    """A list for an override host policy."""
    parts = [f"127.0.0.1:{draw.choice((*ports, 9))}" for _ in range(draw.randint(0, 3))]
    return draw.choice([",", ", ", " ,,", ";"]).join(parts)
