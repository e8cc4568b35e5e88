"""Records ``tests/conformance/envoy/cors_*.json`` anew, from the Envoy that the live tests take.

python tests/differential/record_cors.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from live_config import TYPES
from live_envoy import envoy_binary
from recorder import record

FOLDER = Path(__file__).parents[1] / "conformance" / "envoy"
FILTER = "envoy.filters.http.cors"
CORS = {"name": FILTER, "typed_config": {"@type": f"{TYPES}.filters.http.cors.v3.Cors"}}
OK, OTHER = "https://shop.example", "https://other.example"


def typed(**policy: Any) -> dict[str, Any]:
    return {FILTER: {"@type": f"{TYPES}.filters.http.cors.v3.CorsPolicy", **policy}}


def origins(*texts: str) -> list[dict[str, Any]]:
    return [{"exact": text} for text in texts]


def route(name: str, policy: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """To the cluster c0, unless ``more`` has another action; ``policy``: the filter's."""
    made: dict[str, Any] = {"name": name, "match": {"prefix": f"/{name}"}}
    made |= more or {"route": {"cluster": "c0"}}
    if policy is not None:
        made["typed_per_filter_config"] = typed(**policy)
    return made


def case(
    path: str, method: str = "OPTIONS", *lines: tuple[str, str], origin: str | None = OK
) -> dict[str, Any]:
    headers = [("Origin", origin)] if origin is not None else []
    headers += lines or [("access-control-request-method", "PUT")]
    request = {
        "method": method,
        "authority": "a.example",
        "path": path,
        "headers": [list(line) for line in headers],
    }
    upstream = {"headers": [["x-up", "1"], ["access-control-allow-origin", "https://from.upstream"]]}
    return {"request": request, "upstream": upstream}


def document(
    name: str,
    description: str,
    routes: list[dict[str, Any]],
    cases: list[dict[str, Any]],
    *,
    filters: tuple[Any, ...] = (CORS,),
    host: dict[str, Any] | None = None,
    table: dict[str, Any] | None = None,
) -> dict[str, Any]:
    hosts = [{"name": "all", "domains": ["*"], "routes": routes, **(host or {})}]
    return {
        "name": name,
        "suite": "20_cors",
        "description": description,
        "route_config": {"name": "rc", "virtual_hosts": hosts, **(table or {})},
        "clusters": [cluster("c0", "127.0.20.1"), cluster("c1", "127.0.20.2")],
        "http_filters": list(filters),
        "cases": cases,
    }


def cluster(name: str, address: str) -> dict[str, Any]:
    endpoint = {"address": {"socket_address": {"address": address, "port_value": 18080}}}
    return {
        "name": name,
        "type": "STATIC",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": endpoint}]}]},
    }


MATCHERS: dict[str, list[dict[str, Any]]] = {
    "exact": origins(OK),
    "case": [{"exact": OK.upper(), "ignore_case": True}],
    "prefix": [{"prefix": "https://"}],
    "suffix": [{"suffix": ".example"}],
    "contains": [{"contains": "shop"}],
    "regex": [{"safe_regex": {"regex": "https://[a-z]+[.]example"}}],
    "star": origins("*"),
    "anything": [{"safe_regex": {"regex": ".*"}}],
    "starry": [{"safe_regex": {"regex": "[*]"}}],
    "two": origins("null", OK),
    "none": [],
}
FULL = {
    "allow_origin_string_match": origins(OK),
    "allow_methods": "GET, PUT",
    "allow_headers": "x-a,x-b",
    "expose_headers": "x-total",
    "max_age": "600",
    "allow_credentials": True,
}


def share(numerator: int) -> dict[str, Any]:
    return {"default_value": {"numerator": numerator}}


def documents() -> list[dict[str, Any]]:
    asked, method, headers = (
        ("access-control-request-method", "PUT"),
        ("access-control-request-method", "PATCH"),
        ("access-control-request-headers", "x-a, x-c"),
    )
    network = ("access-control-request-private-network", "true")
    any_origin = (
        OK,
        OTHER,
        "https://shop.example.org",
        "http://shop.example",
        "https://SHOP.example",
        "null",
        "*",
        "",
    )
    return [
        document(
            "cors_origins",
            "Every kind of matcher, and origins that it takes or not, in preflights and requests.",
            [route(name, {"allow_origin_string_match": given}) for name, given in MATCHERS.items()],
            [
                case(f"/{name}", verb, origin=origin)
                for name in MATCHERS
                for origin in any_origin
                for verb in ("OPTIONS", "GET")
            ],
        ),
        document(
            "cors_preflights",
            "What a preflight is, and what it is answered with.",
            [
                route("full", FULL),
                route("stars", {**FULL, "allow_methods": "*", "allow_headers": "*", "expose_headers": "*"}),
                route("network", {**FULL, "allow_private_network_access": True}),
                route("denying", {**FULL, "forward_not_matching_preflights": False}),
                route("bare", {"allow_origin_string_match": origins(OK), "allow_credentials": False}),
                route("off", {**FULL, "filter_enabled": share(0)}),
                route("on", {**FULL, "filter_enabled": share(100), "shadow_enabled": share(100)}),
                route("shadow", {**FULL, "filter_enabled": share(0), "shadow_enabled": share(100)}),
            ],
            [
                case(f"/{name}", verb, *lines, origin=origin)
                for name in ("full", "stars", "network", "denying", "bare", "off", "on", "shadow")
                for verb, lines, origin in (
                    ("OPTIONS", [asked], OK),
                    ("OPTIONS", [method, headers, network], OK),
                    ("OPTIONS", [asked, ("content-type", "application/grpc")], OK),
                    ("OPTIONS", [asked], OTHER),
                    ("OPTIONS", [("access-control-request-method", "")], OK),
                    ("OPTIONS", [headers], OK),
                    ("POST", [asked], OK),
                    ("OPTIONS", [asked], None),
                    ("OPTIONS", [asked, ("origin", OK)], OK),
                )
            ],
        ),
        document(
            "cors_levels",
            "Policies of weighted clusters, routes, the virtual host and the table complete each other.",
            [
                route("inherits", {"allow_methods": "GET"}),
                route("silent"),
                route("own", {"allow_origin_string_match": origins(OTHER), "allow_credentials": False}),
                route("off", {"filter_enabled": share(0)}),
                route(
                    "split",
                    {"max_age": "5"},
                    route={
                        "weighted_clusters": {
                            "clusters": [
                                {
                                    "name": "c1",
                                    "weight": 1,
                                    "typed_per_filter_config": typed(allow_methods="SPLIT"),
                                }
                            ]
                        }
                    },
                ),
                route(
                    "field", route={"cluster": "c0", "cors": {"allow_origin_string_match": origins(OTHER)}}
                ),
                route("redirects", {"allow_methods": "GET"}, redirect={"path_redirect": "/new"}),
                route("answers", FULL, direct_response={"status": 200, "body": {"inline_string": "hello"}}),
                route("nowhere", route={"cluster_header": "x-cluster"}),
            ],
            [
                case(f"/{name}", verb, origin=origin)
                for name in (
                    *(
                        "inherits",
                        "silent",
                        "own",
                        "off",
                        "split",
                        "field",
                        "redirects",
                        "answers",
                        "nowhere",
                    ),
                    "unknown",
                )
                for origin in (OK, OTHER)
                for verb in ("OPTIONS", "GET")
            ],
            host={
                "typed_per_filter_config": typed(allow_credentials=True, max_age="60"),
                "response_headers_to_add": [
                    {"header": {"key": "access-control-allow-origin", "value": "https://edited"}},
                    {"header": {"key": "x-edited", "value": "1"}},
                ],
            },
            table={"typed_per_filter_config": typed(**{**FULL, "filter_enabled": share(0)})},
        ),
        document(
            "cors_fields",
            "The older field of routes and virtual hosts, where the filter has no policy.",
            [
                route("own", route={"cluster": "c0", "cors": {"allow_methods": "DELETE", "max_age": "1"}}),
                route(
                    "other", route={"cluster": "c0", "cors": {"allow_origin_string_match": origins(OTHER)}}
                ),
                route("off", route={"cluster": "c0", "cors": {"filter_enabled": share(0)}}),
                route("silent"),
                route("hidden", {"allow_methods": "GET"}),
            ],
            [
                case(f"/{name}", verb, origin=origin)
                for name in ("own", "other", "off", "silent", "hidden")
                for origin in (OK, OTHER)
                for verb in ("OPTIONS", "GET")
            ],
            host={"cors": FULL},
        ),
        document(
            "cors_without_filter",
            "Without the filter nobody reads the policies.",
            [route("typed", FULL), route("field", route={"cluster": "c0", "cors": FULL})],
            [case(f"/{name}", verb) for name in ("typed", "field") for verb in ("OPTIONS", "GET")],
            filters=(),
        ),
    ]


def lines_of(recording: dict[str, Any]) -> str:
    """JSON with one member, and one case, a line."""
    cases = ",\n".join(json.dumps(item, ensure_ascii=False) for item in recording["cases"])
    head = ",\n".join(
        f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
        for key, value in recording.items()
        if key != "cases"
    )
    return f'{{\n{head},\n"cases": [\n{cases}\n]\n}}\n'


def main() -> int:
    binary = envoy_binary()
    if binary is None:
        print("no envoy binary: set MESHCORE_ENVOY, or see tests/README.md", file=sys.stderr)
        return 1
    for given in documents():
        path = FOLDER / f"{given['name']}.json"
        recording = record(binary, given)
        path.write_text(lines_of(recording), encoding="utf-8")
        print(f"{path.name}: {len(recording['cases'])} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
