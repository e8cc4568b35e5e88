"""Mirror policies of every sort at every level, and requests whose copies are compared."""

from __future__ import annotations

from typing import Any

from live_compare import Request

__all__ = ["MIRROR_LISTENERS", "MIRROR_REQUESTS"]


def _add(name: str, value: str, action: str = "APPEND_IF_EXISTS_OR_ADD") -> dict[str, Any]:
    return {"header": {"key": name, "value": value}, "append_action": action}


def _route(name: str, *mirrors: dict[str, Any], **action: Any) -> dict[str, Any]:
    return {
        "name": name,
        "match": {"prefix": f"/{name}"},
        "route": {"cluster": "alpha", **action, "request_mirror_policies": list(mirrors)},
    }


MUTATIONS = [
    {"append": _add("x-new", "%REQ(x-a)%|%UPSTREAM_CLUSTER%|%ROUTE_NAME%|%REQ(:authority)%|%REQ(:path)%")},
    {"append": _add("x-seen", "%REQ(x-new)%")},
    {"remove": "x-new"},
    {"append": _add("x-a", "more")},
    {"append": _add("x-b", "over", "OVERWRITE_IF_EXISTS_OR_ADD")},
    {"append": _add("x-c", "absent", "ADD_IF_ABSENT")},
    {"append": _add("x-forwarded-for", "5.6.7.8")},
]
NONE, ALL = ({"default_value": {"numerator": share}} for share in (0, 100))

ROUTES = [
    _route("suffix", {"cluster": "beta"}),
    _route("plain", {"cluster": "beta", "disable_shadow_host_suffix_append": True}),
    _route("several", {"cluster": "beta"}, {"cluster": "gamma"}, {"cluster": "gamma"}, {"cluster": "alpha"}),
    _route(
        "shares", {"cluster": "beta", "runtime_fraction": NONE}, {"cluster": "gamma", "runtime_fraction": ALL}
    ),
    _route("host", {"cluster": "beta", "host_rewrite_literal": "mirror.host"}),
    _route(
        "mutated",
        {"cluster": "beta", "host_rewrite_literal": "m:9", "request_headers_mutations": MUTATIONS},
        {"cluster": "gamma", "request_headers_mutations": MUTATIONS},
        prefix_rewrite="/new",
        host_rewrite_literal="rewritten.host:8",
    ),
    _route(
        "header", {"cluster_header": "x-mirror"}, {"cluster_header": "x-edited"}, {"cluster_header": "x-none"}
    ),
    _route("pseudo", {"cluster_header": ":authority"}, host_rewrite_literal="delta"),
    _route("inherited", prefix_rewrite="/in"),
    _route("refused", {"cluster": "beta"}, cluster="", cluster_header="x-no"),
    {"name": "direct", "match": {"prefix": "/direct"}, "direct_response": {"status": 204}},
]
for _one in ROUTES:
    if _one.get("route", {}).get("cluster") == "":
        del _one["route"]["cluster"]

TABLE = {
    "name": "mirrors",
    "request_headers_to_add": [_add("x-edited", "delta")],
    "request_mirror_policies": [{"cluster": "delta"}],
    "virtual_hosts": [
        {"name": "outer", "domains": ["outer.example"], "routes": ROUTES},
        {
            "name": "inner",
            "domains": ["*"],
            "request_mirror_policies": [{"cluster": "gamma"}],
            "routes": ROUTES,
        },
    ],
}
MIRROR_LISTENERS: dict[str, dict[str, Any]] = {
    "plain": {"route_config": TABLE},
    "edge": {"route_config": TABLE, "use_remote_address": True, "via": "proxy"},
}

LINES = (("x-a", "1"), ("X-B", "2"), ("x-mirror", "beta"), ("x-envoy-internal", "false"))
MIRROR_REQUESTS = tuple(
    Request(authority, f"/{route['name']}/x?q", method, lines)
    for route in ROUTES
    for authority in ("inner.example", "outer.example", "inner.example:8080", "[::1]:80", "[::1]", ":80")
    for method, lines in (
        ("GET", ()),
        ("POST", LINES),
        ("GET", (("x-forwarded-for", "1.2.3.4"), ("x-mirror", "no"))),
    )
)
