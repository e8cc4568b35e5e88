"""A running Envoy and our proxy, with the same filter, ask one rate limit service: clients see the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from live_compare import Request, View, ask_envoy
from live_config import CLUSTERS, bootstrap
from live_envoy import Envoy, free_ports
from live_proxy import running
from live_rate_limits import LIMITS, LISTENERS, METADATA, TURNED_OFF, UNITS, service_cluster
from live_rate_service import PATIENCE, LiveService
from live_upstream import EchoServers

from meshcore import Engine, load
from meshcore.proxy import Proxy

pytestmark = pytest.mark.envoy

_users = itertools.count()


@dataclass(frozen=True)
class Both:
    """Ports by listener: Envoy's, and the proxy's."""

    envoy: dict[str, int]
    ours: dict[str, int]
    service: LiveService

    def ask(self, listener: str, **headers: str) -> tuple[View, View]:
        """Each with a user of its own: they share the service."""

        def view(port: int, who: str) -> View:
            lines = tuple((f"x-{name}", value.replace("USER", who)) for name, value in headers.items())
            seen = ask_envoy(port, Request("a.example", "/", "GET", lines))
            return replace(seen, received=[])  # other tests see what upstreams get

        return view(self.envoy[listener], "envoy"), view(self.ours[listener], "ours")


@pytest.fixture(scope="module")
def both(binary: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    document = Path(tmp_path_factory.mktemp("limits"), "limits.yaml")
    document.write_text(LIMITS)
    listeners = {**LISTENERS, **TURNED_OFF, **{name: config for name, (config, _) in METADATA.items()}}
    port, *ports = free_ports(1 + len(listeners))
    with EchoServers(len(CLUSTERS)) as upstreams, LiveService(document, port) as service:
        config: dict[str, Any] = bootstrap(ports, upstreams.ports, listeners=listeners)
        config["static_resources"]["clusters"].append(service_cluster(port))
        proxy = Proxy(Engine(load(config)), name=None, listen=[("127.0.0.1", 0, own) for own in ports])
        with Envoy(binary, config), running(proxy):
            yield Both(
                dict(zip(listeners, ports, strict=True)),
                dict(zip(listeners, proxy.ports, strict=True)),
                service,
            )


@pytest.fixture
def user() -> str:
    """One whom nobody has asked for yet."""
    return f"USER-{next(_users)}"


def same(both: Both, listener: str, times: int, **headers: str) -> list[int | None]:
    """Ask so many times: the statuses, where all else is the same."""
    seen = []
    for _ in range(times):
        envoy, ours = both.ask(listener, **headers)
        assert envoy.differences(ours) == {}, f"(Envoy's, ours) at {listener} for {headers}"
        seen.append(envoy.status)
    return seen


@pytest.mark.parametrize("listener", LISTENERS)
def test_by_user(both: Both, listener: str, user: str) -> None:
    refused = {"other": 503, "unknown domain": 200}.get(listener, 429)
    assert same(both, listener, 5, user=user) == [200] * 3 + [refused] * 2


@pytest.mark.parametrize("listener", LISTENERS)
def test_by_several_descriptors(both: Both, listener: str, user: str) -> None:
    refused = {"other": 503, "unknown domain": 200}.get(listener, 429)
    fewest = 3 if listener == "own limits" else 2
    assert same(both, listener, 4, user=user, plan="a") == [200] * fewest + [refused] * (4 - fewest)


@pytest.mark.parametrize("listener", LISTENERS)
def test_whoever_is_not_limited(both: Both, listener: str, user: str) -> None:
    assert same(both, listener, 2) == [200] * 2
    assert same(both, listener, 5, user="free") == [200] * 5
    assert same(both, listener, 3, tried=user) == [200] * 3


def test_hits(both: Both, user: str) -> None:
    listener = "own limits"
    assert same(both, listener, 4, double=user) == [200, 200, 429, 429]
    assert same(both, listener, 2, sized=user, size="40") == [200, 200]
    assert same(both, listener, 1, sized=user, size="none") == [200]
    assert same(both, listener, 2, sized=user, size="40") == [429, 429]
    assert same(both, listener, 1, sized=user, size="0") == [429]  # something is owed
    assert same(both, listener, 1, back=user) == [200]
    assert same(both, listener, 1, sized=user, size="0") == [200]


@pytest.mark.parametrize("listener", TURNED_OFF)
def test_filters_that_are_turned_off(both: Both, listener: str, user: str) -> None:
    outer = listener.endswith("outer")
    assert same(both, listener, 5, user=user, off="1") == [200] * 5
    assert same(both, listener, 4, user=user) == ([200] * 4 if outer else [200] * 3 + [429])
    local, other = listener.startswith("local"), f"{user}-on"
    assert same(both, listener, 4, user=other, on="1") == [200] * (2 if local else 3) + [429] * (
        2 if local else 1
    )


@pytest.mark.parametrize("listener", METADATA)
def test_metadata(both: Both, listener: str, user: str) -> None:
    _, limited = METADATA[listener]
    assert same(both, listener, 4, user=user) == ([200, 200, 429, 429] if limited else [200] * 4)


@pytest.mark.parametrize("unit", UNITS)
def test_windows_of_each_unit(both: Both, unit: str, user: str) -> None:
    envoy, ours = (dict(view.response) for view in both.ask("headers", **{unit: user}))
    assert envoy["x-ratelimit-limit"] == ours["x-ratelimit-limit"]


def test_without_the_service(both: Both, user: str) -> None:
    both.service.stop()
    try:
        assert same(both, "plain", 1, user=user) == [200]
        assert same(both, "headers", 1, user=user) == [500]
        assert same(both, "other", 1, user=user) == [502]
    finally:
        both.service.start()
    deadline = monotonic() + PATIENCE
    while any(view.status == 500 for view in both.ask("headers", user="free")):
        assert monotonic() < deadline
    assert same(both, "headers", 1, user="banned") == [429]
