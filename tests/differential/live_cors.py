"""CORS policies of every sort at every level, and requests that fall under them."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st
from live_compare import Request
from live_config import ROUTER, TYPES

__all__ = ["CORS_LISTENERS", "HOSTS", "ROUTES", "cors_requests"]

FILTER = "envoy.filters.http.cors"
HOSTS, ROUTES = 16, 8
ORIGIN_MATCHERS: tuple[dict[str, Any], ...] = (
    {"exact": "http://ok"},
    {"exact": "HTTP://Case", "ignore_case": True},
    {"prefix": "https://"},
    {"suffix": ".example"},
    {"contains": "mid"},
    {"safe_regex": {"regex": "http://r[0-9]+"}},
    {"exact": "*"},
    {"safe_regex": {"regex": ".*"}},
    {"exact": "null"},
)
ORIGINS = (
    *(
        "http://ok",
        "http://OK",
        "http://case",
        "https://x.example",
        "http://a.mid.b",
        "http://r12",
        "http://r",
    ),
    *("null", "*", "", "http://ok,http://ok"),
)


def _share(numerator: int) -> dict[str, Any]:
    return {"default_value": {"numerator": numerator}}


def _policy(random: Random) -> dict[str, Any]:
    """Each field is there or left out."""
    values: dict[str, list[Any]] = {
        "allow_origin_string_match": [random.sample(ORIGIN_MATCHERS, random.randint(1, 3))],
        "allow_methods": ["*", "GET, PUT"],
        "allow_headers": ["*", "x-a,x-b"],
        "expose_headers": ["*", "x-e"],
        "max_age": ["60"],
        "allow_credentials": [True, False],
        "allow_private_network_access": [True, False],
        "forward_not_matching_preflights": [True, False],
        "filter_enabled": [_share(100), _share(100), _share(0)],
        "shadow_enabled": [_share(100), _share(0)],
    }
    likely = {"allow_origin_string_match": 0.8, "filter_enabled": 0.2}
    return {
        name: random.choice(choices)
        for name, choices in values.items()
        if random.random() < likely.get(name, 0.5)
    }


def _typed(random: Random, chance: float) -> dict[str, Any]:
    if random.random() >= chance:
        return {}
    policy = {"@type": f"{TYPES}.filters.http.cors.v3.CorsPolicy", **_policy(random)}
    return {"typed_per_filter_config": {FILTER: policy}}


def _route(random: Random, index: int) -> dict[str, Any]:
    route: dict[str, Any] = {"name": f"r{index}", "match": {"prefix": f"/{index}"}, **_typed(random, 0.5)}
    kind = random.choice(("cluster", "cluster", "cluster", "weighted", "header", "redirect", "direct"))
    if kind == "redirect":
        return {**route, "redirect": {"path_redirect": "/new"}}
    if kind == "direct":
        return {**route, "direct_response": {"status": 200, "body": {"inline_string": "direct"}}}
    action: dict[str, Any] = {"cluster": "alpha"}
    if kind == "header":
        action = {"cluster_header": "x-cluster"}
    if kind == "weighted":
        action = {"weighted_clusters": {"clusters": [{"name": "beta", "weight": 1, **_typed(random, 0.6)}]}}
    if random.random() < 0.3:
        action["cors"] = _policy(random)
    edit = {"header": {"key": "access-control-allow-origin", "value": "edited"}}
    return {**route, "route": action, "response_headers_to_add": [edit] if random.random() < 0.3 else []}


def _table(seed: int, outer: float) -> dict[str, Any]:
    random = Random(seed)
    hosts = [
        {
            "name": f"v{host}",
            "domains": [f"v{host}.example"],
            "routes": [_route(random, index) for index in range(ROUTES)],
            **_typed(random, 0.4),
            **({"cors": _policy(random)} if random.random() < 0.3 else {}),
            "response_headers_to_add": [{"header": {"key": "x-host", "value": "1"}}],
        }
        for host in range(HOSTS)
    ]
    return {"name": f"table-{seed}", "virtual_hosts": hosts, **_typed(random, outer)}


_CORS = {"name": FILTER, "typed_config": {"@type": f"{TYPES}.filters.http.cors.v3.Cors"}}
CORS_LISTENERS: dict[str, dict[str, Any]] = {
    "inner": {"route_config": _table(1, 0.0), "http_filters": [_CORS, ROUTER], "via": "proxy"},
    "outer": {"route_config": _table(2, 1.0), "http_filters": [_CORS, ROUTER]},
    "filterless": {"route_config": _table(3, 1.0)},
}

_ORIGIN_LINES = st.lists(
    st.tuples(st.sampled_from(("origin", "Origin")), st.sampled_from(ORIGINS)), min_size=1, max_size=2
)
_LINES = st.lists(
    st.sampled_from(
        (
            ("access-control-request-method", "PUT"),
            ("Access-Control-Request-Method", "PATCH"),
            ("access-control-request-method", ""),
            ("access-control-request-headers", "x-a, x-b"),
            ("access-control-request-headers", ""),
            ("access-control-request-private-network", "true"),
            ("access-control-request-private-network", "True"),
            ("x-cluster", "gamma"),
            ("content-type", "application/grpc"),
            ("connection", "origin"),
        )
    ),
    max_size=5,
    unique=True,
)

cors_requests = st.builds(
    lambda host, route, method, origins, lines, preflight: Request(
        f"v{host}.example",
        f"/{route}/x",
        method,
        (
            *origins[: 1 + (host % 5 == 0)],
            *((("access-control-request-method", "PUT"),) if preflight else ()),
            *lines,
        ),
    ),
    st.integers(0, HOSTS - 1),
    st.integers(0, ROUTES - 1),
    st.sampled_from(("OPTIONS", "OPTIONS", "OPTIONS", "GET", "POST")),
    _ORIGIN_LINES,
    _LINES,
    st.booleans(),
)
