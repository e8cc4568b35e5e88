"""Fault policies of every sort at every level, and requests that fall under them.

Every share is none or all, so that both sides decide alike.
"""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st
from live_compare import Request
from live_config import ROUTER, TYPES

__all__ = ["FAULT_LISTENERS", "FAULT_RUNTIME", "HOSTS", "ROUTES", "fault_requests", "share_listener"]

FILTER, CORS = "envoy.filters.http.fault", "envoy.filters.http.cors"
HOSTS, ROUTES = 12, 8
#: Of all requests, of none, and of more than there are.
SHARES: tuple[dict[str, Any], ...] = (
    {"numerator": 100},
    {"numerator": 100},
    {"numerator": 100},
    {"numerator": 10_000, "denominator": "TEN_THOUSAND"},
    {"numerator": 1_000_000, "denominator": "MILLION"},
    {"numerator": 200},
    {"numerator": 0, "denominator": "MILLION"},
    {},
)
#: A header may lower these.
BY_HEADER: tuple[dict[str, Any], ...] = ({"numerator": 100}, {"numerator": 100}, {"numerator": 0})
FAULT_RUNTIME = {
    "none": 0,
    "all": 100,
    "more": 250,
    "share": {"numerator": 1_000_000, "denominator": "MILLION"},
    "unusable": "text",
    "delay": 2,
    "no.delay": 0,
    "http": 418,
    "grpc": 9,
    "fault.http.ds-all.delay.fixed_delay_percent": 100,
    "fault.http.ds-all.abort.abort_percent": 100,
    "fault.http.ds-all.delay.fixed_duration_ms": 3,
    "fault.http.ds-all.abort.http_status": 451,
    "fault.http.ds-all.abort.grpc_status": 7,
    "fault.http.ds.none.delay.fixed_delay_percent": 0,
    "fault.http.ds.none.abort.abort_percent": 0,
    "fault.http.ds-http.abort.http_status": 599,
}
_SHARE_KEYS, _DELAY_KEYS = ("none", "all", "more", "share", "unusable", "gone"), ("delay", "no.delay", "gone")
_KEYS: dict[str, tuple[str, ...]] = {
    "delay_percent_runtime": _SHARE_KEYS,
    "abort_percent_runtime": _SHARE_KEYS,
    "response_rate_limit_percent_runtime": _SHARE_KEYS,
    "delay_duration_runtime": _DELAY_KEYS,
    "abort_http_status_runtime": ("http", "gone"),
    "abort_grpc_status_runtime": ("grpc", "gone"),
    "max_active_faults_runtime": ("none", "all", "gone"),
}


def _policy(random: Random) -> dict[str, Any]:
    """Each field is there or left out."""
    policy: dict[str, Any] = {}
    if random.random() < 0.5:
        by_header = random.random() < 0.5
        delay = {"header_delay": {}} if by_header else {"fixed_delay": random.choice(("0.002s", "0.0009s"))}
        policy["delay"] = {**delay, "percentage": random.choice(BY_HEADER if by_header else SHARES)}
    if random.random() < 0.7:
        kind = random.choice(("http_status", "http_status", "grpc_status", "header_abort", "header_abort"))
        what = {"http_status": random.choice((200, 404, 503, 599)), "grpc_status": random.choice((0, 5, 99))}
        share = random.choice(BY_HEADER if kind == "header_abort" else SHARES)
        policy["abort"] = {kind: what.get(kind, {}), "percentage": share}
    if random.random() < 0.3:
        by_header = random.random() < 0.5
        limit = {"header_limit": {}} if by_header else {"fixed_limit": {"limit_kbps": 1000}}
        policy["response_rate_limit"] = {
            **limit,
            "percentage": random.choice(BY_HEADER if by_header else SHARES),
        }
    narrow: dict[str, Any] = {
        "upstream_cluster": random.choice(("alpha", "beta", "nope")),
        "headers": [{"name": "x-fault", "string_match": {"exact": "on"}}],
        "downstream_nodes": ["n1", "n2"],
        "max_active_faults": random.choice((0, 100)),
        "disable_downstream_cluster_stats": True,
        **{name: random.choice(keys) for name, keys in _KEYS.items()},
    }
    return policy | {name: value for name, value in narrow.items() if random.random() < 0.15}


def _typed(random: Random, chance: float) -> dict[str, Any]:
    if random.random() >= chance:
        return {}
    if random.random() < 0.15:
        off = {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "disabled": True}
        return {"typed_per_filter_config": {FILTER: off}}
    return {"typed_per_filter_config": {FILTER: _fault(_policy(random))}}


def _fault(policy: dict[str, Any]) -> dict[str, Any]:
    return {"@type": f"{TYPES}.filters.http.fault.v3.HTTPFault", **policy}


def _cors(random: Random, typed: dict[str, Any]) -> dict[str, Any]:
    """Requests with an origin get more lines on some routes, and preflights an answer."""
    if random.random() < 0.5:
        return typed
    origins = {"allow_origin_string_match": [{"prefix": "http"}]}
    policy = {"@type": f"{TYPES}.filters.http.cors.v3.CorsPolicy", **origins, "expose_headers": "x-e"}
    return {"typed_per_filter_config": {**typed.get("typed_per_filter_config", {}), CORS: policy}}


def _route(random: Random, index: int) -> dict[str, Any]:
    route: dict[str, Any] = {"name": f"r{index}", "match": {"prefix": f"/{index}"}, **_typed(random, 0.6)}
    kind = random.choice(("cluster", "cluster", "cluster", "weighted", "header", "redirect", "direct"))
    if kind == "redirect":
        return {**route, "redirect": {"path_redirect": "/new"}}
    if kind == "direct":
        return {**route, "direct_response": {"status": 200, "body": {"inline_string": "direct"}}}
    action: dict[str, Any] = {"cluster": "alpha", "prefix_rewrite": "/new"}
    if kind == "header":
        action = {"cluster_header": "x-cluster"}
    if kind == "weighted":
        action = {"weighted_clusters": {"clusters": [{"name": "beta", "weight": 1, **_typed(random, 0.6)}]}}
    return {**route, **_cors(random, route), "route": action}


def _table(seed: int, outer: float) -> dict[str, Any]:
    random = Random(seed)
    edit = {"header": {"key": "x-flags", "value": "%RESPONSE_FLAGS%"}}
    hosts = [
        {
            "name": f"v{host}",
            "domains": [f"v{host}.example"],
            "require_tls": "ALL" if host == HOSTS - 1 else "NONE",
            "routes": [_route(random, index) for index in range(ROUTES)],
            **_typed(random, 0.4),
            "response_headers_to_add": [edit],
        }
        for host in range(HOSTS)
    ]
    return {"name": f"table-{seed}", "virtual_hosts": hosts, **_typed(random, outer)}


def _filter(seed: int) -> dict[str, Any]:
    return {"name": FILTER, "typed_config": _fault(_policy(Random(seed)))}


_CORS_FILTER = {"name": CORS, "typed_config": {"@type": f"{TYPES}.filters.http.cors.v3.Cors"}}
FAULT_LISTENERS: dict[str, dict[str, Any]] = {
    "fault-first": {"route_config": _table(1, 0.0), "http_filters": [_filter(4), _CORS_FILTER, ROUTER]},
    "cors-first": {"route_config": _table(2, 1.0), "http_filters": [_CORS_FILTER, _filter(6), ROUTER]},
    "edge": {
        "route_config": _table(3, 1.0),
        "http_filters": [{"name": FILTER, "typed_config": _fault({})}, ROUTER],
        "use_remote_address": True,
    },
}


def share_listener(share: dict[str, Any]) -> dict[str, Any]:
    """A listener that aborts a share of all requests."""
    abort = {"abort": {"http_status": 503, "percentage": share}}
    host = {
        "name": "v",
        "domains": ["*"],
        "routes": [{"name": "r", "match": {"prefix": "/"}, "route": {"cluster": "alpha"}}],
    }
    return {
        "route_config": {"name": "shares", "virtual_hosts": [host]},
        "http_filters": [{"name": FILTER, "typed_config": _fault(abort)}, ROUTER],
    }


_NUMBERS = ("3", "+3", "03", "0", "abc", "", "-1", "18446744073709551616")
_STATUSES = ("503", "200", "199", "600", "+429", "0404", "abc", "-503", "", "5.0")
_GRPC = ("14", "0", "+5", "007", "99", "-1", "x", "9223372036854775807")
_PERCENTAGES = ("0", "100", "101", "abc", "-1", "+0", "", "4294967296", "4294967295")
_LINES = st.lists(
    st.one_of(
        st.tuples(st.just("x-envoy-fault-delay-request"), st.sampled_from(_NUMBERS)),
        st.tuples(st.just("x-envoy-fault-delay-request-percentage"), st.sampled_from(_PERCENTAGES)),
        st.tuples(st.just("X-Envoy-Fault-Abort-Request"), st.sampled_from(_STATUSES)),
        st.tuples(st.just("x-envoy-fault-abort-grpc-request"), st.sampled_from(_GRPC)),
        st.tuples(st.just("x-envoy-fault-abort-request-percentage"), st.sampled_from(_PERCENTAGES)),
        st.tuples(st.just("x-envoy-fault-throughput-response"), st.sampled_from(("1000", "0", "x", "-1"))),
        st.tuples(st.just("x-envoy-fault-throughput-response-percentage"), st.sampled_from(_PERCENTAGES)),
        st.tuples(
            st.just("x-envoy-downstream-service-cluster"),
            st.sampled_from(("ds-all", "ds.none", "ds-http", "other", "")),
        ),
        st.tuples(st.just("x-envoy-downstream-service-node"), st.sampled_from(("n1", "n2", "n3", ""))),
        st.tuples(st.just("x-cluster"), st.sampled_from(("alpha", "beta", "nope"))),
        st.sampled_from((("x-fault", "on"), ("x-fault", "off"), ("content-type", "application/grpc"))),
        st.sampled_from((("origin", "http://a"), ("access-control-request-method", "PUT"))),
    ),
    max_size=7,
)

fault_requests = st.builds(
    lambda host, route, method, lines: Request(f"v{host}.example", f"/{route}/x", method, tuple(lines)),
    st.integers(0, HOSTS),  # one that is there for nobody
    st.integers(0, ROUTES),
    st.sampled_from(("GET", "GET", "GET", "OPTIONS", "HEAD")),
    _LINES,
)
