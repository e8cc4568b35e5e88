"""Upstreams fail on a script, and a running Envoy and our proxy make the same attempts."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.request import urlopen

import pytest
from live_config import TYPES, listener
from live_envoy import PATIENCE, Answer, Envoy, exchange, free_ports
from live_proxy import proxy_of
from live_script import Arrived, ScriptedServers

from meshcore import load
from meshcore.engine import Engine

pytestmark = pytest.mark.envoy

FAST = {"retry_back_off": {"base_interval": "0.001s", "max_interval": "0.002s"}}
OTHER_HOSTS = {
    "retry_host_predicate": [
        {
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {"@type": f"{TYPES}.retry.host.previous_hosts.v3.PreviousHostsPredicate"},
        }
    ],
    "host_selection_retry_max_attempts": 20,
}
POLICIES: dict[str, dict[str, Any]] = {
    "none": {},
    "any": {"retry_on": "5xx", "num_retries": 3},
    "default-number": {"retry_on": "5xx"},
    "never": {"retry_on": "5xx", "num_retries": 0},
    "gateway": {"retry_on": "gateway-error", "num_retries": 2},
    "reset": {"retry_on": "reset", "num_retries": 2},
    "connect": {"retry_on": "connect-failure,reset-before-request", "num_retries": 2},
    "codes": {
        "retry_on": "retriable-status-codes,retriable-4xx",
        "num_retries": 2,
        "retriable_status_codes": [429, 418],
    },
    "grpc": {"retry_on": "unavailable,cancelled", "num_retries": 2},
    "elsewhere": {"retry_on": "5xx", "num_retries": 2, **OTHER_HOSTS},
    "before": {"retry_on": "reset-before-request", "num_retries": 2},
    "each": {"retry_on": "5xx", "num_retries": 1, "per_try_timeout": "1s"},
}
#: Routes to a cluster where nobody listens.
DEAD = ("none", "any", "gateway", "reset", "connect", "before", "codes")
EJECT: dict[str, Any] = {
    "outlier_detection": {"consecutive_5xx": 3, "base_ejection_time": "600s", "max_ejection_percent": 100},
    # Else a balancer hears of a second ejection a second later only.
    "common_lb_config": {"update_merge_window": "0s", "healthy_panic_threshold": {"value": 0}},
}
#: Cluster -> the servers that fail in it, by their index.
EJECTING = {"one-fails": "2", "two-fail": "13", "all-fail": "0123"}
STEPS = ("200", "200", "503", "503", "502", "500", "409", "429", "404", "reset", "garbage", "200:14", "200:0")
LIMIT = 2000
#: Of whole requests: what hangs comes to it, and all else has time enough, however loaded the machine.
TIMEOUT = "4s"


def route(name: str, cluster: str, policy: dict[str, Any], **action: Any) -> dict[str, Any]:
    retry = {"retry_policy": {**policy, **FAST}} if policy else {}
    forward = {"cluster": cluster, "timeout": TIMEOUT, **retry, **action}
    return {"name": name, "match": {"path": f"/{name}"}, "route": forward}


def table() -> dict[str, Any]:
    small = {**route("small", "app", POLICIES["any"]), "per_request_buffer_limit_bytes": LIMIT}
    routes = [
        *(route(name, "app", policy) for name, policy in POLICIES.items()),
        *(route(f"dead-{name}", "dead", POLICIES[name]) for name in DEAD),
        small,
        route("slow", "app", POLICIES["any"], timeout="1s"),
        *(route(name, name, POLICIES["none"], timeout="30s") for name in EJECTING),
        route("hedged", "app", POLICIES["each"], hedge_policy={"hedge_on_per_try_timeout": True}),
    ]
    host = {
        "name": "all",
        "domains": ["*"],
        "routes": routes,
        "include_request_attempt_count": True,
        "include_attempt_count_in_response": True,
    }
    return {"name": "table", "virtual_hosts": [host]}


def cluster(name: str, ports: list[int], **more: Any) -> dict[str, Any]:
    def endpoint(port: int) -> dict[str, Any]:
        return {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}}

    endpoints = [{"lb_endpoints": [endpoint(port) for port in ports]}]
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "lb_policy": "ROUND_ROBIN",
        "load_assignment": {"cluster_name": name, "endpoints": endpoints},
        **more,
    }


@dataclass(frozen=True)
class Sides:
    """Where to ask Envoy and where to ask our proxy; the upstreams are the same."""

    ports: tuple[int, int]
    admin: int  #: of Envoy
    upstreams: ScriptedServers

    def settle(self) -> None:
        """Have Envoy's worker know which hosts are ejected: it tells the main thread what came of a request,
        which ejects, tells it, and answers us afterwards."""
        with urlopen(f"http://127.0.0.1:{self.admin}/ready", timeout=PATIENCE) as answer:
            answer.read()


@pytest.fixture(scope="module")
def sides(binary: str) -> Iterator[Sides]:
    port, admin_port, *dead = free_ports(4)
    with ScriptedServers(4) as upstreams:
        document: dict[str, Any] = {
            "static_resources": {
                "listeners": [listener("web", port, {"route_config": table()})],
                "clusters": [
                    cluster("app", upstreams.ports),
                    cluster("dead", dead),
                    *(cluster(name, upstreams.ports, **EJECT) for name in EJECTING),
                ],
            }
        }
        admin = {"address": {"socket_address": {"address": "127.0.0.1", "port_value": admin_port}}}
        with Envoy(binary, {**document, "admin": admin}), proxy_of(Engine(load(document)), port) as ours:
            yield Sides((port, ours), admin_port, upstreams)


NUMBERS = itertools.count()  # its next() is atomic


def ask(sides: Sides, port: int, path: str, script: str, body: bytes, lines: str) -> tuple[Answer, Arrived]:
    number = str(next(NUMBERS))
    head = f"POST /{path} HTTP/1.1\r\nhost: a.example\r\nx-id: {number}\r\nx-script: {script}\r\n{lines}"
    answer = exchange(port, f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    return answer, sides.upstreams.arrived(number)


def seen(path: str, answer: Answer, arrived: Arrived) -> dict[str, Any]:
    """What both sides have to have in common. Where attempts go is drawn, so that only their number counts
    unless the policy asks for others."""
    return {
        "status": answer.status,
        "body": answer.body,
        "count in the answer": answer.values("x-envoy-attempt-count"),
        "attempts": len(arrived.endpoints),
        "counts": arrived.counts,
        "bodies": arrived.bodies,
        "endpoints": len(set(arrived.endpoints)) if path == "elsewhere" else None,
    }


def same(sides: Sides, path: str, script: str, body: bytes = b"", lines: str = "") -> dict[str, Any]:
    with ThreadPoolExecutor() as pool:  # both wait for what hangs, and need not do so one after the other
        views = pool.map(lambda port: seen(path, *ask(sides, port, path, script, body, lines)), sides.ports)
        envoy, ours = views
    assert ours == envoy, f"(ours, Envoy's) of {path} with {script} {lines!r}"
    return ours


@pytest.mark.parametrize("path", [name for name in POLICIES if name != "each"])
def test_scripts(sides: Sides, path: str) -> None:
    random = Random(path)
    scripts = [",".join(random.choice(STEPS) for _ in range(5)) for _ in range(30)]
    attempts = {same(sides, path, script, b"x" * random.randrange(3000))["attempts"] for script in scripts}
    assert (attempts == {1}) == (path in ("none", "never", "connect", "before"))


@pytest.mark.parametrize("path", DEAD)
def test_nobody_listens(sides: Sides, path: str) -> None:
    assert same(sides, f"dead-{path}", "200")["status"] == 503


@pytest.mark.parametrize("script", ["hang,200", "hang", "503,hang", "hang,503", "reset,hang"])
@pytest.mark.parametrize("path", ["each", "slow", "hedged"])
def test_slow_attempts(sides: Sides, path: str, script: str) -> None:
    same(sides, path, script)


@pytest.mark.parametrize("size", [0, LIMIT, LIMIT + 1, 100_000])
def test_bodies_that_are_kept_or_not(sides: Sides, size: int) -> None:
    found = same(sides, "small", "503,503,200", b"x" * size)
    assert found["attempts"] == (3 if size <= LIMIT else 1)


def test_previous_hosts_are_passed_over(sides: Sides) -> None:
    assert {same(sides, "elsewhere", "503,503,200")["endpoints"] for _ in range(10)} == {3}


@pytest.mark.parametrize(
    "lines",
    [
        "x-envoy-retry-on: 5xx\r\n",
        "x-envoy-retry-on: 5xx\r\nx-envoy-max-retries: 2\r\n",
        "x-envoy-retry-on: gateway-error,reset\r\nx-envoy-max-retries: 9\r\n",
        "x-envoy-retry-on: retriable-status-codes\r\nx-envoy-retriable-status-codes: 404,x,503\r\n",
        "x-envoy-retry-grpc-on: unavailable\r\n",
        "x-envoy-max-retries: 1\r\n",
        "x-envoy-upstream-rq-timeout-ms: 1000\r\n",
        "x-envoy-retry-on: 5xx\r\nx-envoy-upstream-rq-per-try-timeout-ms: 1000\r\n",
        "x-envoy-hedge-on-per-try-timeout: true\r\nx-envoy-upstream-rq-per-try-timeout-ms: 1000\r\n",
    ],
)
@pytest.mark.parametrize("path", ["none", "any"])
def test_what_a_client_asks_for(sides: Sides, path: str, lines: str) -> None:
    for script in ("503,503,200", "404,200", "200:14,200", "reset,500,200", "hang,200"):
        if "hang" not in script or "timeout" in lines:
            same(sides, path, script, b"body", lines)


@pytest.mark.parametrize("path", EJECTING)
def test_the_same_hosts_are_ejected_after_the_same_request(sides: Sides, path: str) -> None:
    """Round robin begins anywhere: hosts are compared by how often they are asked before they go."""
    broken = EJECTING[path]
    views = []
    for port in sides.ports:
        asked: Counter[int] = Counter()
        statuses: Counter[int] = Counter()
        for _ in range(40):
            answer, arrived = ask(sides, port, path, "200", b"", f"x-broken: {broken}\r\n")
            sides.settle()
            statuses[answer.status] += 1
            asked.update(arrived.endpoints)
        views.append((statuses, {index: asked[int(index)] for index in broken}))
    assert views[1] == views[0], "(Envoy's, ours)"
    assert set(views[0][1].values()) == {3}
