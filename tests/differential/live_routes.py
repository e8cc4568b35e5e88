"""The route table of the live comparison: a virtual host for each topic."""

from __future__ import annotations

from typing import Any

__all__ = ["ROUTE_CONFIGURATION"]

TEMPLATES = "type.googleapis.com/envoy.extensions.path"


def route(name: str, match: dict[str, Any], **action: Any) -> dict[str, Any]:
    return {"name": name, "match": match, **(action or {"route": {"cluster": "alpha"}})}


def header(key: str, value: str, action: str = "APPEND_IF_EXISTS_OR_ADD") -> dict[str, Any]:
    return {"header": {"key": key, "value": value}, "append_action": action}


def regex(pattern: str) -> dict[str, Any]:
    return {"regex": pattern}


def template(path: str) -> dict[str, Any]:
    return {
        "path_match_policy": {
            "name": "envoy.path.match.uri_template.uri_template_matcher",
            "typed_config": {
                "@type": f"{TEMPLATES}.match.uri_template.v3.UriTemplateMatchConfig",
                "path_template": path,
            },
        }
    }


def template_rewrite(path: str) -> dict[str, Any]:
    return {
        "name": "envoy.path.rewrite.uri_template.uri_template_rewriter",
        "typed_config": {
            "@type": f"{TEMPLATES}.rewrite.uri_template.v3.UriTemplateRewriteConfig",
            "path_template_rewrite": path,
        },
    }


def query(name: str, **match: Any) -> dict[str, Any]:
    return {"prefix": "/q", "query_parameters": [{"name": name, **match}]}


PATHS = [
    route("exact", {"path": "/exact"}),
    route("exact-slash", {"path": "/exact/"}, route={"cluster": "beta"}),
    route("exact-nocase", {"path": "/NoCase", "case_sensitive": False}),
    route("separated", {"path_separated_prefix": "/sep"}, route={"cluster": "beta"}),
    route("prefix-nocase", {"prefix": "/Low", "case_sensitive": False}, route={"cluster": "gamma"}),
    route("regex", {"safe_regex": regex("/r/[a-z]+(/v[0-9]{1,3})?")}, route={"cluster": "delta"}),
    route("regex-dot", {"safe_regex": regex(r"/u/.\.(png|gif)")}),
    route("template", template("/t/{lang}/*/{rest=**}"), route={"cluster": "gamma"}),
    route("dots", {"prefix": "/a/.."}, route={"cluster": "delta"}),
    route("long", {"prefix": "/a/b/c"}, route={"cluster": "beta"}),
    route("short", {"prefix": "/a/b"}, route={"cluster": "gamma"}),
    route("percent", {"prefix": "/%41"}, route={"cluster": "beta"}),
    route("query", query("k", string_match={"exact": "v"})),
    route("query-present", query("p", present_match=True), route={"cluster": "gamma"}),
    route("query-regex", query("r", string_match={"safe_regex": regex("a+b?")}), route={"cluster": "delta"}),
    route("rest", {"prefix": "/"}),
]

REDIRECTS = [
    route("re-host", {"prefix": "/host"}, redirect={"host_redirect": "other.example"}),
    route("re-path", {"prefix": "/path"}, redirect={"path_redirect": "/new", "response_code": "FOUND"}),
    route("re-path-query", {"prefix": "/pq"}, redirect={"path_redirect": "/new?own=1"}),
    route("re-https", {"prefix": "/tls"}, redirect={"https_redirect": True}),
    route("re-scheme-port", {"prefix": "/sp"}, redirect={"scheme_redirect": "https", "port_redirect": 8443}),
    route("re-port", {"prefix": "/port"}, redirect={"port_redirect": 443}),
    route("re-strip", {"prefix": "/strip"}, redirect={"strip_query": True, "host_redirect": "h.example"}),
    route("re-prefix", {"prefix": "/old"}, redirect={"prefix_rewrite": "/young"}),
    route("re-prefix-slash", {"prefix": "/sl/"}, redirect={"prefix_rewrite": "/"}),
    route(
        "re-regex",
        {"prefix": "/rx"},
        redirect={
            "regex_rewrite": {"pattern": regex("/rx/([a-z]+)/?"), "substitution": r"/\1/x"},
            "response_code": "PERMANENT_REDIRECT",
        },
    ),
    route("direct", {"prefix": "/direct"}, direct_response={"status": 418, "body": {"inline_string": "tea"}}),
    route("direct-301", {"prefix": "/moved"}, direct_response={"status": 301}),
    route("direct-204", {"prefix": "/empty"}, direct_response={"status": 204}),
    route("rest", {"prefix": "/"}),
]

REWRITES = [
    route("rw-prefix", {"prefix": "/p1"}, route={"cluster": "alpha", "prefix_rewrite": "/n"}),
    route("rw-prefix-slash", {"prefix": "/p2/"}, route={"cluster": "beta", "prefix_rewrite": "/"}),
    route(
        "rw-prefix-nocase",
        {"prefix": "/p3", "case_sensitive": False},
        route={"cluster": "beta", "prefix_rewrite": "/P"},
    ),
    route("rw-exact", {"path": "/p4"}, route={"cluster": "beta", "prefix_rewrite": "/whole?q=1"}),
    route(
        "rw-separated",
        {"path_separated_prefix": "/p5"},
        route={"cluster": "gamma", "prefix_rewrite": "/five"},
    ),
    route(
        "rw-regex",
        {"prefix": "/g/"},
        route={
            "cluster": "gamma",
            "regex_rewrite": {"pattern": regex("/([a-z]+)/([0-9]*)"), "substitution": r"/\2/\1\\"},
        },
    ),
    route(
        "rw-regex-empty",
        {"prefix": "/e/"},
        route={"cluster": "gamma", "regex_rewrite": {"pattern": regex("x*"), "substitution": "-"}},
    ),
    route(
        "rw-host",
        {"prefix": "/h1"},
        route={"cluster": "delta", "host_rewrite_literal": "literal.example:81"},
    ),
    route(
        "rw-host-header",
        {"prefix": "/h2"},
        route={"cluster": "delta", "host_rewrite_header": "x-host", "append_x_forwarded_host": True},
    ),
    route(
        "rw-host-path",
        {"prefix": "/h3"},
        route={
            "cluster": "delta",
            "host_rewrite_path_regex": {
                "pattern": regex("^/h3/([a-z.]+).*$"),
                "substitution": r"\1.example",
            },
        },
    ),
    route(
        "rw-template",
        template("/w/{a}/{b}/{c=**}"),
        route={"cluster": "alpha", "path_rewrite_policy": template_rewrite("/{b}/{a}/x/{c}")},
    ),
    route("rest", {"prefix": "/"}),
]

EDITS = [
    {
        **route("ed-order", {"prefix": "/order"}),
        "request_headers_to_add": [
            header("x-a", "route"),
            header("x-b", "route", "OVERWRITE_IF_EXISTS_OR_ADD"),
            header("x-c", "route", "ADD_IF_ABSENT"),
            header("x-d", "route", "OVERWRITE_IF_EXISTS"),
        ],
        "request_headers_to_remove": ["x-drop", "x-e"],
        "response_headers_to_add": [header("x-up", "more"), header("x-new", "1", "ADD_IF_ABSENT")],
    },
    {
        **route("ed-format", {"prefix": "/format"}),
        "request_headers_to_add": [
            header("x-path", "%REQ(:PATH)%"),
            header("x-auth", "%REQ(:AUTHORITY)%|%REQ(X-A?X-B)%|%REQ(x-a):2%"),
            header("x-host-now", "%REQ(HOST)%"),
            header("x-where", "%DOWNSTREAM_LOCAL_PORT% %PROTOCOL% %ROUTE_NAME% 100%%"),
            header("x-gone", "%REQ(x-not-there)%"),
        ],
    },
    {
        **route("ed-remove-up", {"prefix": "/remove"}),
        "response_headers_to_remove": ["x-up"],
        "response_headers_to_add": [header("x-code", "%RESPONSE_CODE% %UPSTREAM_CLUSTER% %RESPONSE_FLAGS%")],
    },
    route(
        "split",
        {"prefix": "/split"},
        route={
            "weighted_clusters": {
                "clusters": [
                    {"name": "alpha", "weight": 30, "request_headers_to_add": [header("x-split", "alpha")]},
                    {"name": "beta", "weight": 0},
                    {
                        "name": "gamma",
                        "weight": 50,
                        "host_rewrite_literal": "gamma.example",
                        "request_headers_to_remove": ["x-a"],
                        "response_headers_to_add": [header("x-split", "gamma")],
                    },
                    {"name": "delta", "weight": 20},
                ],
                "header_name": "x-random",
            }
        },
    ),
    route("by-header", {"prefix": "/cluster"}, route={"cluster_header": "x-cluster"}),
    route(
        "nowhere",
        {"prefix": "/nowhere"},
        route={"cluster_header": "x-none", "cluster_not_found_response_code": "NOT_FOUND"},
    ),
    route(
        "m-two",
        {
            "prefix": "/match",
            "headers": [
                {"name": "x-a", "string_match": {"prefix": "v"}},
                {"name": "x-b", "present_match": True, "invert_match": True},
            ],
        },
        route={"cluster": "beta"},
    ),
    route(
        "m-range",
        {"prefix": "/match", "headers": [{"name": "x-n", "range_match": {"start": -5, "end": 100}}]},
        route={"cluster": "gamma"},
    ),
    route(
        "m-not",
        {
            "prefix": "/match",
            "headers": [
                {
                    "name": "x-c",
                    "string_match": {"contains": "bc", "ignore_case": True},
                    "invert_match": True,
                    "treat_missing_header_as_empty": True,
                }
            ],
        },
        route={"cluster": "delta"},
    ),
    route(
        "m-method", {"prefix": "/match", "headers": [{"name": ":method", "string_match": {"exact": "POST"}}]}
    ),
]

ROUTE_CONFIGURATION: dict[str, Any] = {
    "name": "live",
    "virtual_hosts": [
        {
            "name": "paths",
            "domains": ["paths.example", "paths.example:8080", "*.paths.example", "paths.*"],
            "routes": PATHS,
        },
        {"name": "redirects", "domains": ["redirects.example", "redirects.example:*"], "routes": REDIRECTS},
        {"name": "rewrites", "domains": ["rewrites.example", "rewrites.*"], "routes": REWRITES},
        {
            "name": "edits",
            "domains": ["edits.example", "*-edits.example", "*.edits.example"],
            "routes": EDITS,
            "request_headers_to_add": [header("x-a", "vhost"), header("x-b", "vhost")],
            "request_headers_to_remove": ["x-e"],
        },
        {
            "name": "tls",
            "domains": ["tls.example"],
            "require_tls": "ALL",
            "routes": [route("tls", {"prefix": "/"})],
        },
        {
            "name": "wild",
            "domains": ["*"],
            "routes": [route("wild", {"prefix": "/wild"}, route={"cluster": "delta"})],
        },
    ],
    "response_headers_to_add": [
        header("x-route", "%ROUTE_NAME%", "OVERWRITE_IF_EXISTS_OR_ADD"),
        header("x-cluster-name", "%UPSTREAM_CLUSTER%", "OVERWRITE_IF_EXISTS_OR_ADD"),
    ],
    "request_headers_to_add": [header("x-z", "config", "OVERWRITE_IF_EXISTS_OR_ADD")],
}
