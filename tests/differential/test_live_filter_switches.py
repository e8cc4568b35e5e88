"""Filters that are off by default, or turned off and on by any level, act where they do in Envoy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from live_compare import Request
from live_config import ROUTER, TYPES
from live_pair import LivePair, live_pair

pytestmark = pytest.mark.envoy

WRAPPER = "type.googleapis.com/envoy.config.route.v3.FilterConfig"
ALL = {"default_value": {"numerator": 100}}
HOSTS, ROUTES = 6, 7
LISTENERS = [f"switched-{seed}" for seed in range(6)]
#: Requests that each filter answers, where it acts, and one that none does.
REQUESTS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("OPTIONS", (("origin", "http://ok"), ("access-control-request-method", "PUT"))),
    ("GET", (("origin", "http://ok"),)),
    ("GET", ()),
)


def _fault(random: Random) -> dict[str, Any]:
    abort = {"http_status": random.choice((501, 502, 503)), "percentage": {"numerator": 100}}
    return {"@type": f"{TYPES}.filters.http.fault.v3.HTTPFault", "abort": abort}


def _limit(random: Random) -> dict[str, Any]:
    """Of no tokens, or of so few that the first requests have them; a token comes in a day."""
    bucket = {"max_tokens": random.choice((0, 0, 2, 1000)), "tokens_per_fill": 1, "fill_interval": "86400s"}
    status = random.choice(("TooManyRequests", "Forbidden"))
    return {
        "@type": f"{TYPES}.filters.http.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": "x",
        "token_bucket": bucket,
        "filter_enabled": ALL,
        "filter_enforced": ALL,
        "status": {"code": status},
    }


def _cors(random: Random) -> dict[str, Any]:
    origins = [{"exact": random.choice(("http://ok", "http://ok", "http://other"))}]
    policy = {"allow_origin_string_match": origins, "allow_methods": random.choice(("GET", "PUT"))}
    return {"@type": f"{TYPES}.filters.http.cors.v3.CorsPolicy", **policy}


CONFIGS = {"cors": _cors, "limit": _limit, "fault": _fault}


def _typed(random: Random, chance: float) -> dict[str, Any]:
    """What a level says to each of the filters."""
    found: dict[str, Any] = {}
    for name, config in CONFIGS.items():
        if random.random() >= chance:
            continue
        kind = random.choice(("off", "off", "on", "config", "wrapped"))
        found[name] = {
            "off": {"@type": WRAPPER, "disabled": True},
            "on": {"@type": WRAPPER, "config": {}},
            "config": config(random),
            "wrapped": {"@type": WRAPPER, "config": config(random)},
        }[kind]
    return {"typed_per_filter_config": found} if found else {}


def _route(random: Random, index: int) -> dict[str, Any]:
    route: dict[str, Any] = {"name": f"r{index}", "match": {"prefix": f"/{index}"}, **_typed(random, 0.35)}
    kind = random.choice(("cluster", "cluster", "weighted", "redirect", "direct"))
    if kind == "redirect":
        return {**route, "redirect": {"path_redirect": "/new"}}
    if kind == "direct":
        return {**route, "direct_response": {"status": 200, "body": {"inline_string": "direct"}}}
    action: dict[str, Any] = {"cluster": "alpha"}
    if kind == "weighted":
        action = {"weighted_clusters": {"clusters": [{"name": "beta", "weight": 1, **_typed(random, 0.5)}]}}
    if random.random() < 0.3:  # the older field, which the same filter reads
        action["cors"] = {"allow_origin_string_match": [{"exact": "http://ok"}]}
    return {**route, "route": action}


def _listener(name: str) -> dict[str, Any]:
    random = Random(name)
    hosts = [
        {
            "name": f"v{host}",
            "domains": [f"v{host}.example"],
            "routes": [_route(random, index) for index in range(ROUTES)],
            **_typed(random, 0.3),
        }
        for host in range(HOSTS)
    ]
    configs: Mapping[str, Any] = {
        "cors": {"@type": f"{TYPES}.filters.http.cors.v3.Cors"},
        "limit": _limit(random),
        "fault": _fault(random),
    }
    order = random.sample(list(configs), len(configs))
    filters = [
        {"name": one, "typed_config": configs[one], "disabled": random.random() < 0.7} for one in order
    ]
    table = {"name": name, "virtual_hosts": hosts, **_typed(random, 0.2)}
    return {"route_config": table, "http_filters": [*filters, ROUTER]}


@pytest.fixture(scope="module")
def switched(binary: str) -> Iterator[LivePair]:
    with live_pair(binary, {name: _listener(name) for name in LISTENERS}) as pair:
        yield pair


@pytest.mark.parametrize("listener", LISTENERS)
def test_every_route(switched: LivePair, listener: str) -> None:
    answers = set()
    for host in range(HOSTS + 1):  # the last one is no host
        for path in range(ROUTES + 1):  # and this no route
            for method, lines in REQUESTS * 2:  # buckets have tokens for some
                request = Request(f"v{host}.example", f"/{path}", method, lines)
                envoy, engine = switched.ask(listener, request)
                if not envoy.details:  # Envoy tells none of an answer by a filter or a route
                    engine = replace(engine, details="")
                assert envoy.differences(engine) == {}, f"(Envoy's, ours) of {request} at {listener}"
                answers.add(engine.status)
    assert len(answers) > 2
