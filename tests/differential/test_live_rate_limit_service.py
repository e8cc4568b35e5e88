"""A running Envoy asks our rate limit server."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest
from live_compare import Request, View, ask_envoy
from live_config import CLUSTERS, bootstrap
from live_envoy import Envoy, free_ports
from live_rate_limits import LIMITS, LISTENERS, service_cluster
from live_rate_service import PATIENCE, LiveService
from live_upstream import EchoServers

pytestmark = pytest.mark.envoy

_users = itertools.count()


@dataclass(frozen=True)
class Limited:
    """An Envoy in front of echoes, and the service that it asks."""

    ports: dict[str, int]
    service: LiveService

    def ask(self, listener: str, **headers: str) -> View:
        lines = tuple((f"x-{name}", value) for name, value in headers.items())
        return ask_envoy(self.ports[listener], Request("a.example", "/", "GET", lines))

    def statuses(self, listener: str, times: int, **headers: str) -> list[int | None]:
        return [self.ask(listener, **headers).status for _ in range(times)]


@pytest.fixture(scope="module")
def limited(binary: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Limited]:
    document = Path(tmp_path_factory.mktemp("limits"), "limits.yaml")
    document.write_text(LIMITS)
    port, *ports = free_ports(1 + len(LISTENERS))
    with EchoServers(len(CLUSTERS)) as upstreams, LiveService(document, port) as service:
        config = bootstrap(ports, upstreams.ports, listeners=LISTENERS, tell_details=True)
        config["static_resources"]["clusters"].append(service_cluster(port))
        with Envoy(binary, config):
            yield Limited(dict(zip(LISTENERS, ports, strict=True)), service)


@pytest.fixture
def user() -> str:
    """One whom nobody has asked for yet."""
    return f"user-{next(_users)}"


def test_so_many_pass(limited: Limited, user: str) -> None:
    assert limited.statuses("plain", 5, user=user) == [200, 200, 200, 429, 429]
    refused = limited.ask("plain", user=user)
    assert ("x-envoy-ratelimited", "true") in refused.response
    assert refused.details == "request_rate_limited"


def test_whoever_has_no_limit(limited: Limited) -> None:
    assert limited.statuses("plain", 5) == [200] * 5
    assert limited.statuses("plain", 5, user="free") == [200] * 5
    assert limited.statuses("plain", 2, user="banned") == [429] * 2
    assert limited.statuses("unknown domain", 5, user="banned") == [200] * 5


def test_descriptors_count_apart(limited: Limited, user: str) -> None:
    assert limited.statuses("plain", 3, user=user, plan="a") == [200, 200, 429]
    other = f"{user}-other"
    assert limited.statuses("plain", 3, user=other, plan="a") == [200, 200, 429]


def headers(view: View) -> dict[str, str]:
    return {name: value for name, value in view.response if name.startswith("x-ratelimit")}


def test_what_clients_are_told(limited: Limited, user: str) -> None:
    third = 86400 // 3
    told = [headers(limited.ask("headers", user=user)) for _ in range(4)]
    limit = '3, 3;w=86400;name="per-user"'
    assert told == [
        {"x-ratelimit-limit": limit, "x-ratelimit-remaining": left, "x-ratelimit-reset": str(reset)}
        for left, reset in (("2", third), ("1", 2 * third), ("0", 86400), ("0", 86400))
    ]
    assert headers(limited.ask("headers", user="free")) == {}
    assert headers(limited.ask("unknown domain", user=user)) == {}


def test_the_limit_that_is_closest(limited: Limited, user: str) -> None:
    told = headers(limited.ask("headers", user=user, plan="b"))
    assert told["x-ratelimit-limit"] == '2, 3;w=86400;name="per-user", 2;w=3600'
    assert told["x-ratelimit-remaining"] == "1"


def test_shadow_mode(limited: Limited, user: str) -> None:
    assert limited.statuses("headers", 4, tried=user) == [200] * 4
    assert headers(limited.ask("headers", tried=user))["x-ratelimit-remaining"] == "0"
    assert limited.service.counter("tried", "shadow_mode") > 0


def test_other_answers(limited: Limited, user: str) -> None:
    assert limited.statuses("other", 4, user=user) == [200, 200, 200, 503]
    assert headers(limited.ask("other", user=user)) == {}
    assert "x-envoy-ratelimited" not in dict(limited.ask("other", user=user).response)


def test_without_the_service(limited: Limited, user: str) -> None:
    """By the failure mode; and all is well again when it is back."""
    assert limited.ask("headers", user=user).status == 200
    limited.service.stop()
    try:
        assert limited.ask("plain", user=user).status == 200
        refused = limited.ask("headers", user=user)
        assert (refused.status, refused.details) == (500, "rate_limiter_error")
        assert limited.ask("other", user=user).status == 502
    finally:
        limited.service.start()
    deadline = monotonic() + PATIENCE
    while limited.ask("headers", user=user).status == 500:  # until Envoy has connected again
        assert monotonic() < deadline
    assert limited.ask("headers", user="banned").status == 429
