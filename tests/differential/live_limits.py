"""Local rate limits of every sort at every level, and requests that fall under them.

Buckets gain next to nothing while a test runs, shares are none or all, and no two rules have one rate, so
that both sides decide alike.
"""

from __future__ import annotations

from random import Random
from typing import Any

from live_compare import Request
from live_config import ROUTER, TYPES

__all__ = [
    "HOSTS",
    "LIMIT_LISTENERS",
    "METADATA_LISTENERS",
    "ROUTES",
    "divided_listener",
    "limit_requests",
]

FILTER, FAULT = "envoy.filters.http.local_ratelimit", "envoy.filters.http.fault"
HOSTS, ROUTES = 5, 6
ALL, NONE = {"default_value": {"numerator": 100}}, {"default_value": {"numerator": 0}}
WOULD = "%REQ(x-a)%|%ROUTE_NAME%|%REQ(:path)%"
WHY = "%RESPONSE_CODE_DETAILS%|%RESPONSE_FLAGS%|%REQ(x-b)%"
VALUES = ("1", "2", "", "long" * 40, "a b")


def _header(name: str, key: str, skip: bool = False) -> dict[str, Any]:
    return {"request_headers": {"header_name": name, "descriptor_key": key, "skip_if_absent": skip}}


def _query(name: str, key: str, skip: bool = False) -> dict[str, Any]:
    return {"query_parameters": {"query_parameter_name": name, "descriptor_key": key, "skip_if_absent": skip}}


_MATCH = {"name": "x-a", "string_match": {"prefix": "1"}}
_NO_MATCH = {"descriptor_key": "no", "descriptor_value": "1", "expect_match": False, "headers": [_MATCH]}
#: What makes a descriptor, and the keys that it then has. Each is used once in a route and its virtual host:
#: which of two buckets of one rate comes first, Envoy leaves open.
SHAPES: tuple[tuple[list[dict[str, Any]], tuple[str, ...]], ...] = (
    ([_header("x-a", "a")], ("a",)),
    ([_header("x-b", "b", True), {"generic_key": {"descriptor_value": "g"}}], ("b", "generic_key")),
    ([_query("q", "q")], ("q",)),
    ([_header("x-a", "a"), _query("q", "q", True)], ("a", "q")),
    ([{"remote_address": {}}], ("remote_address",)),
    ([{"masked_remote_address": {"v4_prefix_mask_len": 8}}], ("masked_remote_address",)),
    ([{"generic_key": {"descriptor_key": "g", "descriptor_value": "1"}}], ("g",)),
    ([{"header_value_match": {"descriptor_value": "1", "headers": [_MATCH]}}], ("header_match",)),
    ([{"header_value_match": _NO_MATCH}], ("no",)),
    (
        [
            {
                "query_parameter_value_match": {
                    "descriptor_value": "1",
                    "query_parameters": [{"name": "q", "string_match": {"exact": "a b"}}],
                }
            }
        ],
        ("query_match",),
    ),
    ([{"destination_cluster": {}}], ("destination_cluster",)),
    ([{"source_cluster": {}}, _header(":path", "p")], ("source_cluster", "p")),
    ([_header(":method", "m"), _header("x-b", "b")], ("m", "b")),
)
_FIXED = {
    "generic_key": "g",
    "remote_address": "127.0.0.1",
    "masked_remote_address": "127.0.0.0/8",
    "destination_cluster": "alpha",
    "m": "GET",
}


class _Maker:
    """Configurations by chance; each bucket has another rate."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self._rates = 0

    def bucket(self) -> dict[str, Any]:
        self._rates += 1
        most = self.random.choice((0, 1, 2, 3, 4, 6, 10))
        return {"max_tokens": most, "tokens_per_fill": 1, "fill_interval": f"{20_000 + self._rates}s"}

    def rules(self) -> list[dict[str, Any]]:
        """Of each shape some rules with fixed values, and one at most that leaves a value open."""
        made = []
        for _, keys in self.random.sample(SHAPES, self.random.randrange(len(SHAPES))):
            fixed = {tuple(self.value(key) for key in keys) for _ in range(self.random.randrange(3))}
            lists = [values for values in fixed if all(values)]
            if self.random.random() < 0.6:
                lists.append(tuple("" if self.random.random() < 0.6 else self.value(key) for key in keys))
            for values in lists:
                entries = [{"key": key, "value": value} for key, value in zip(keys, values, strict=True)]
                shadow = {"shadow_mode": True} if self.random.random() < 0.15 else {}
                made.append({"entries": entries, "token_bucket": self.bucket(), **shadow})
        unique = {str(rule["entries"]): rule for rule in made}
        return list(unique.values())

    def value(self, key: str) -> str:
        return _FIXED.get(key) or self.random.choice(("1", "2", "a b"))

    def rate_limits(self, shapes: list[Any], *, own: bool = False) -> list[dict[str, Any]]:
        made = []
        for actions, _ in shapes:
            limit: dict[str, Any] = {"actions": actions}
            if own and self.random.random() < 0.4:
                cost = self.random.choice(({"number": 2}, {"number": 0}, {"format": "%REQ(x-cost)%"}))
                back = {"is_negative_hits": True} if self.random.random() < 0.2 else {}
                limit["hits_addend"] = {**cost, **back}
            if not own and self.random.random() < 0.15:
                limit["stage"] = 1
            if not own and self.random.random() < 0.1:
                limit["disable_key"] = "key"
            if self.random.random() < 0.2:
                limit["x_ratelimit_option"] = self.random.choice(("OFF", "DRAFT_VERSION_03"))
            made.append(limit)
        return made

    def limit(self, *, whole: bool) -> dict[str, Any]:
        random = self.random
        made: dict[str, Any] = {
            "@type": f"{TYPES}.filters.http.local_ratelimit.v3.LocalRateLimit",
            "stat_prefix": "x",
            "filter_enabled": random.choice((ALL, ALL, ALL, ALL, NONE)),
            "filter_enforced": random.choice((ALL, ALL, ALL, NONE)),
            "descriptors": self.rules(),
            "max_dynamic_descriptors": 1000,
            "request_headers_to_add_when_not_enforced": [_line("x-would", WOULD)],
            "response_headers_to_add": [_line("x-why", WHY)],
        }
        if whole or random.random() < 0.5:
            most = random.choice((0, 3, 8, 20, 20, 1000, 1000))
            made["token_bucket"] = {**self.bucket(), "max_tokens": most}
        more: dict[str, Any] = {
            "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
            "status": {"code": random.choice(("Forbidden", "ServiceUnavailable", "OK"))},
            "vh_rate_limits": random.choice(("INCLUDE", "IGNORE")),
            "always_consume_default_token_bucket": False,
            "rate_limited_as_resource_exhausted": True,
        }
        made |= {name: value for name, value in more.items() if random.random() < 0.4}
        if random.random() < 0.1:
            made["stage"] = 1
        if random.random() < 0.3:
            made["rate_limits"] = self.rate_limits(random.sample(SHAPES, 3), own=True)
        return made

    def typed(self, chance: float) -> dict[str, Any]:
        if self.random.random() >= chance:
            return {}
        return {"typed_per_filter_config": {FILTER: self.limit(whole=True)}}

    def route(self, index: int, shapes: list[Any]) -> dict[str, Any]:
        route: dict[str, Any] = {
            "name": f"r{index}",
            "match": {"prefix": f"/{index}"},
            **self.typed(0.3),
            "response_headers_to_add": [_line("x-route", "%RESPONSE_FLAGS%")],
        }
        kind = self.random.choice(("cluster", "cluster", "weighted", "header", "redirect", "direct"))
        if kind == "redirect":
            return {**route, "redirect": {"path_redirect": "/new"}}
        if kind == "direct":
            return {**route, "direct_response": {"status": 200, "body": {"inline_string": "direct"}}}
        action: dict[str, Any] = {"cluster": "alpha"}
        if kind == "header":
            action = {"cluster_header": "x-cluster"}
        if kind == "weighted":
            weighted = {"name": "beta", "weight": 1, **self.typed(0.5)}
            action = {"weighted_clusters": {"clusters": [weighted]}}
        action["rate_limits"] = self.rate_limits(shapes)
        if self.random.random() < 0.2:
            action["include_vh_rate_limits"] = True
        return {**route, "route": action}

    def some(self, shapes: list[Any]) -> list[Any]:
        return self.random.sample(shapes, self.random.randrange(4))

    def host(self, index: int) -> dict[str, Any]:
        shuffled = self.random.sample(SHAPES, len(SHAPES))
        outer = shuffled[: self.random.randrange(3)]
        inner = shuffled[len(outer) :]
        return {
            "name": f"v{index}",
            "domains": [f"v{index}.example"],
            "require_tls": "ALL" if index == HOSTS - 1 else "NONE",
            "routes": [self.route(route, self.some(inner)) for route in range(ROUTES)],
            "rate_limits": self.rate_limits(outer),
            **self.typed(0.2),
        }


def _line(key: str, value: str) -> dict[str, Any]:
    return {"header": {"key": key, "value": value}}


def _listener(seed: int) -> dict[str, Any]:
    maker = _Maker(seed)
    hosts = [maker.host(index) for index in range(HOSTS)]
    table = {"name": f"t{seed}", "virtual_hosts": hosts, **maker.typed(0.2)}
    abort = {"http_status": 418, "percentage": {"numerator": 100}}
    only = [{"name": "x-fault", "present_match": True}]
    fault = {"@type": f"{TYPES}.filters.http.fault.v3.HTTPFault", "abort": abort, "headers": only}
    chain = [
        {"name": FILTER, "typed_config": maker.limit(whole=False)},
        {"name": FAULT, "typed_config": fault},
        {"name": "second", "typed_config": {**maker.limit(whole=False), "descriptors": []}},
    ]
    return {"route_config": table, "http_filters": [*maker.random.sample(chain, 3), ROUTER]}


#: Beside the first ones those that once differed.
SEEDS = (*range(24), 1066, 1187, 1301)
LIMIT_LISTENERS: dict[str, dict[str, Any]] = {f"limits-{seed}": _listener(seed) for seed in SEEDS}


def limit_requests(seed: int, count: int) -> list[Request]:
    """Of which many are alike, so that buckets become empty."""
    random = Random(seed)
    made = []
    for _ in range(count):
        lines = [(name, random.choice(VALUES)) for name in ("x-a", "x-a", "x-b") if random.random() < 0.5]
        if random.random() < 0.4:
            lines.append(("x-cost", random.choice(("1", "3", "2.7", "0", "-1", "many", " 2 ", "1e1"))))
        if random.random() < 0.1:
            lines.append(("x-fault", "1"))
        if random.random() < 0.1:
            lines.append(("content-type", "application/grpc"))
        lines.append(("x-cluster", random.choice(("alpha", "alpha", "beta", "nope"))))
        query = random.choice(("", "", "?q=1", "?q=a%20b", "?q=a+b&q=2", "?q", "?%71=2", "?x=1"))
        path = f"/{random.randrange(ROUTES + 1)}"
        host = f"v{random.randrange(HOSTS + 1)}.example"
        method = random.choice(("GET", "GET", "GET", "POST", "HEAD"))
        made.append(Request(host, path + query, method, tuple(lines)))
    return made


def divided_listener() -> dict[str, Any]:
    """A limit that the hosts of the local cluster share: by user, and of all."""

    def bucket(most: int) -> dict[str, Any]:
        return {"max_tokens": most, "tokens_per_fill": 1, "fill_interval": "86400s"}

    user = {"entries": [{"key": "user", "value": ""}], "token_bucket": bucket(11)}
    sized = {"actions": [_header("x-user", "user", True)], "hits_addend": {"format": "%REQ(x-size)%"}}
    back = {"actions": [_header("x-back", "user", True)]}
    config = {
        "@type": f"{TYPES}.filters.http.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": "divided",
        "token_bucket": bucket(40),
        "filter_enabled": ALL,
        "filter_enforced": ALL,
        "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
        "local_cluster_rate_limit": {},
        "descriptors": [user],
        "rate_limits": [sized, {**back, "hits_addend": {"number": 2, "is_negative_hits": True}}],
    }
    route = {"match": {"prefix": "/"}, "route": {"cluster": "alpha"}}
    host = {"name": "all", "domains": ["*"], "routes": [route]}
    return {
        "route_config": {"name": "divided", "virtual_hosts": [host]},
        "http_filters": [{"name": FILTER, "typed_config": config}, ROUTER],
    }


def _from_route(*path: str, **options: Any) -> dict[str, Any]:
    """An entry of what the route's metadata has there."""
    place = {"key": path[0], "path": [{"key": key} for key in path[1:]]}
    return {
        "metadata": {"descriptor_key": path[-1], "metadata_key": place, "source": "ROUTE_ENTRY", **options}
    }


#: Some of a route, with texts in its metadata, and with nothing of the kind.
_OF_METADATA = [
    {"actions": [_from_route("shop", "plan")]},
    {"actions": [_from_route("shop", "who", "size", default_value="m"), _header("x-a", "a")]},
    {"actions": [_from_route("shop", "number", skip_if_absent=True), _header("x-b", "b")]},
    {"actions": [_from_route("shop", "who")]},
]
_METADATA = (
    {"shop": {"plan": "gold", "who": {"size": "l"}, "number": 1}},
    {"shop": {"plan": "", "who": {"size": ["l"]}}, "other": {"plan": "gold"}},
    {},
)


def _metadata_listener(where: str) -> dict[str, Any]:
    """Limits by what routes say of themselves: of the route, the virtual host, the filter, or its level."""
    keys = (("plan",), ("size", "a"), ("b",), ("number", "b"), ("who",))
    config = {
        "@type": f"{TYPES}.filters.http.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": where,
        "token_bucket": {"max_tokens": 1000, "tokens_per_fill": 1, "fill_interval": "90000s"},
        "filter_enabled": ALL,
        "filter_enforced": ALL,
        "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
        "descriptors": [
            {
                "entries": [{"key": key} for key in entries],
                "token_bucket": {"max_tokens": 3, "tokens_per_fill": 1, "fill_interval": f"{86400 + i}s"},
            }
            for i, entries in enumerate(keys)
        ],
    }
    own = {"rate_limits": _OF_METADATA}
    routes: list[dict[str, Any]] = [
        {
            "match": {"prefix": f"/{i}"},
            "route": {"cluster": "alpha", **(own if where == "route" else {})},
            "metadata": {"filter_metadata": metadata},
        }
        for i, metadata in enumerate(_METADATA)
    ]
    direct = {"status": 200, "body": {"inline_string": "direct"}}
    routes.append({"match": {"prefix": "/d"}, "direct_response": direct, "metadata": routes[0]["metadata"]})
    host: dict[str, Any] = {"name": "all", "domains": ["*"], "routes": routes}
    if where == "host":
        host |= own
    if where == "level":
        host["typed_per_filter_config"] = {FILTER: {**config, **own}}
    chain = {**config, **(own if where == "filter" else {})}
    return {
        "route_config": {"name": where, "virtual_hosts": [host]},
        "http_filters": [{"name": FILTER, "typed_config": chain}, ROUTER],
    }


METADATA_LISTENERS = {where: _metadata_listener(where) for where in ("route", "host", "filter", "level")}
