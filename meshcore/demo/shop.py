"""The bookshop put together: services, the mesh's proxy between them, the gateway in front.

Both proxies serve the same documents, each compiled for the place where it stands: the gateway for
``bookinfo-gateway``, the mesh's for a workload of the namespace ``default``.
"""

from __future__ import annotations

from pathlib import Path

from meshcore.config import Node, load
from meshcore.demo.services import MeshClient, Service, bookshop
from meshcore.engine import Engine
from meshcore.model import Config
from meshcore.proxy import Proxy

__all__ = ["BASE", "CANARY", "FIRST_STAGE", "FOLDER", "SECOND_STAGE", "STICKY_STAGES", "USER", "Shop"]

FOLDER = Path(__file__).parent / "bookinfo"
BASE = "bookinfo.yaml"
FIRST_STAGE = "reviews-90-10.yaml"
SECOND_STAGE = "reviews-50-50.yaml"
#: A canary that each user keeps, and the same grown.
STICKY_STAGES = ("reviews-sticky-10.yaml", "reviews-sticky-50.yaml")

#: What the stages promise: the share of each version of reviews, and where the tester goes.
CANARY = {FIRST_STAGE: {"v1": 0.9, "v2": 0.1}, SECOND_STAGE: {"v1": 0.5, "v2": 0.5}}
USER = ("jason", "v3")

_LOOPBACK = "127.0.0.1"
_WORKLOAD = Node(namespace="default")
_GATEWAY = Node(namespace="default", gateway="default/bookinfo-gateway")
#: The port of the Gateway document, which the gateway's own (any free one) stands for.
_GATEWAY_PORT = 80


class Shop:
    """Everything that the demo runs."""

    def __init__(self) -> None:
        self.gateway_port = 0
        self.mesh_port = 0
        self._client = MeshClient()
        self._services: list[Service] = bookshop(self._client)
        self._engines: list[tuple[Node, Engine]] = []
        self._proxies: list[Proxy] = []

    @property
    def served(self) -> int:
        """Requests that the services have answered."""
        return sum(service.requests for service in self._services)

    async def start(self) -> None:
        """Start the services, then the proxies; :meth:`stop` is due even if this fails."""
        for service in self._services:
            await service.start()
        # Among services the port is part of the authority that is asked for, as in "reviews:9080".
        self.mesh_port = await self._start_proxy(_WORKLOAD, None)
        self._client.proxy_port = self.mesh_port
        self.gateway_port = await self._start_proxy(_GATEWAY, _GATEWAY_PORT)

    def change(self, stage: str) -> None:
        """Serve ``stage`` from now on. All documents are compiled before the first engine changes."""
        swaps = [(engine, self._load(node, stage)) for node, engine in self._engines]
        for engine, config in swaps:
            engine.swap(config)

    async def stop(self) -> None:
        """Stop from the outside in, so that what is under way can end."""
        for proxy in reversed(self._proxies):
            await proxy.stop(drain=1)
        await self._client.close()
        for service in self._services:
            await service.stop()

    async def _start_proxy(self, node: Node, port: int | None) -> int:
        """Start a proxy for ``node`` that stands for the configured ``port``; its own port comes back."""
        engine = Engine(self._load(node, FIRST_STAGE))
        proxy = Proxy(engine, listen=[(_LOOPBACK, 0, port)])
        await proxy.start()
        self._engines.append((node, engine))
        self._proxies.append(proxy)
        return proxy.ports[0]

    def _load(self, node: Node, stage: str) -> Config:
        return load([FOLDER / BASE, FOLDER / stage], node=node, endpoints=self._endpoints())

    def _endpoints(self) -> dict[str, object]:
        """Where the services listen, as an endpoints file would say it."""
        endpoints: dict[str, list[dict[str, object]]] = {}
        for service in self._services:
            endpoints.setdefault(service.name, []).append(
                {"address": _LOOPBACK, "port": service.port, "labels": {"version": service.version}}
            )
        return dict(endpoints)
