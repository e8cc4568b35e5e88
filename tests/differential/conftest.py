"""The pair that the live tests compare: a running Envoy and an engine, of one bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from live_compare import Request, View, ask_engine, ask_envoy
from live_config import CLUSTERS, LISTENERS, bootstrap
from live_envoy import Envoy, envoy_binary, free_ports
from live_upstream import EchoServers

from meshcore.config import load
from meshcore.engine import Engine

#: Asks both: (listener, request) -> Envoy's view, the engine's view.
Ask = Callable[[str, Request], tuple[View, View]]


@pytest.fixture(scope="session")
def ask() -> Iterator[Ask]:
    binary = envoy_binary()
    if binary is None:
        pytest.skip("no envoy binary: set MESHCORE_ENVOY, or see tests/README.md")
    ports = dict(zip(LISTENERS, free_ports(len(LISTENERS)), strict=True))
    with EchoServers(len(CLUSTERS)) as upstreams:
        addresses = (list(ports.values()), upstreams.ports)
        engine = Engine(load(bootstrap(*addresses)))
        with Envoy(binary, bootstrap(*addresses, tell_details=True)):
            yield lambda listener, request: (
                ask_envoy(ports[listener], request),
                ask_engine(engine, ports[listener], request),
            )
