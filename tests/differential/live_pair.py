"""A running Envoy and an engine of one bootstrap, asked the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from live_compare import Request, View, ask_engine, ask_envoy
from live_config import CLUSTERS, bootstrap
from live_envoy import Envoy, free_ports
from live_upstream import EchoServers

from meshcore.config import load
from meshcore.engine import Engine

__all__ = ["Ask", "LivePair", "live_pair"]

#: Asks both: (listener, request) -> Envoy's view, the engine's view.
Ask = Callable[[str, Request], tuple[View, View]]


@dataclass(frozen=True)
class LivePair:
    engine: Engine
    ports: Mapping[str, int]  #: by listener
    upstreams: EchoServers

    def ask(self, listener: str, request: Request) -> tuple[View, View]:
        port = self.ports[listener]
        return ask_envoy(port, request), ask_engine(self.engine, port, request)


@contextmanager
def live_pair(
    binary: str, listeners: Mapping[str, dict[str, Any]], *, runtime: Mapping[str, Any] | None = None
) -> Iterator[LivePair]:
    """``listeners``: what differs from Envoy's defaults, by the listener's name."""
    ports = dict(zip(listeners, free_ports(len(listeners)), strict=True))
    with EchoServers(len(CLUSTERS)) as upstreams:
        addresses = (list(ports.values()), upstreams.ports)
        engine = Engine(load(bootstrap(*addresses, listeners=listeners, runtime=runtime)))
        told = bootstrap(*addresses, listeners=listeners, tell_details=True, runtime=runtime)
        with Envoy(binary, told):
            yield LivePair(engine, ports, upstreams)
