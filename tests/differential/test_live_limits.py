"""The engine limits requests where a running Envoy does, and tells the same of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from live_compare import Request, View, ask_engine, ask_envoy
from live_config import CLUSTERS, bootstrap, cluster
from live_envoy import Envoy, free_ports
from live_limits import LIMIT_LISTENERS, METADATA_LISTENERS, divided_listener, limit_requests
from live_pair import LivePair, live_pair
from live_upstream import EchoServers

from meshcore.config import load
from meshcore.engine import Engine

pytestmark = pytest.mark.envoy


@pytest.fixture(scope="module")
def limited(binary: str) -> Iterator[LivePair]:
    with live_pair(binary, LIMIT_LISTENERS) as pair:
        yield pair


def comparable(view: View) -> View:
    """Without what the time of day does to it: how long until a token comes, beyond whether there is one."""
    later = ("x-ratelimit-reset", "later")
    response = [
        later if line[0] == "x-ratelimit-reset" and line[1] != "0" else line for line in view.response
    ]
    return replace(view, response=response)


@pytest.mark.parametrize("listener", LIMIT_LISTENERS)
def test_any_requests(limited: LivePair, listener: str) -> None:
    """One after the other: buckets are what the requests before have left."""
    refused = 0
    for number, request in enumerate(limit_requests(int(listener.removeprefix("limits-")), 400)):
        envoy, engine = limited.ask(listener, request)
        if engine.details == "direct_response" and not envoy.details:
            engine = replace(engine, details="")
        refused += engine.details == "local_rate_limited"
        differences = comparable(envoy).differences(comparable(engine))
        assert differences == {}, f"(Envoy's, ours) of request {number}, {request}, at {listener}"
    assert refused


@pytest.fixture(scope="module")
def described(binary: str) -> Iterator[LivePair]:
    with live_pair(binary, METADATA_LISTENERS) as pair:
        yield pair


@pytest.mark.parametrize("listener", METADATA_LISTENERS)
def test_limits_by_the_metadata_of_routes(described: LivePair, listener: str) -> None:
    seen = set()
    for path in ("/0", "/1", "/2", "/d") * 5:
        for lines in ((), (("x-a", "1"), ("x-b", "2"))):
            request = Request("a.example", path, "GET", lines)
            envoy, engine = described.ask(listener, request)
            if engine.details == "direct_response" and not envoy.details:
                engine = replace(engine, details="")
            assert comparable(envoy).differences(comparable(engine)) == {}, f"(Envoy's, ours) of {request}"
            seen.add(engine.status)
    assert seen == {200, 429}


def test_a_limit_that_is_divided_among_the_local_cluster(binary: str) -> None:
    """Of 3 hosts, one of which is unhealthy; also where hits cost more, and where tokens are given back."""
    with EchoServers(len(CLUSTERS)) as upstreams:
        (port,) = free_ports(1)
        config = bootstrap([port], upstreams.ports, listeners={"divided": divided_listener()})
        local = cluster("self", 1)
        (host,) = local["load_assignment"]["endpoints"][0]["lb_endpoints"]
        address = {"socket_address": {"address": "127.0.0.2", "port_value": 1}}
        unwell = {"endpoint": {"address": address}, "health_status": "UNHEALTHY"}
        other = {"endpoint": {"address": {"socket_address": {"address": "127.0.0.3", "port_value": 1}}}}
        local["load_assignment"]["endpoints"][0]["lb_endpoints"] = [host, unwell, other]
        config["static_resources"]["clusters"].append(local)
        config["cluster_manager"] = {"local_cluster_name": "self"}
        engine = Engine(load(config))
        with Envoy(binary, config):
            seen = []
            for user, size in (
                ("a", ""),
                ("b", "2"),
                ("c", "0"),
                ("a", ""),
                ("b", "-"),
                ("b", "2"),
                ("", ""),
            ) * 3:
                lines = (("x-user", user), *((("x-size", size),) if size.isdigit() else ()))
                back = (("x-back", user),) if size == "-" else ()
                request = Request("a.example", "/", "GET", (*lines, *back))
                envoy, ours = ask_envoy(port, request), replace(ask_engine(engine, port, request), details="")
                assert comparable(replace(envoy, details="")).differences(comparable(ours)) == {}, request
                seen.append(ours.status)
    assert {200, 429} == set(seen)
