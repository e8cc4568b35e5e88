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

__all__ = ["BASE", "CANARY", "FIRST_STAGE", "FOLDER", "SECOND_STAGE", "USER", "Shop"]

FOLDER = Path(__file__).parent / "bookinfo"
BASE = "bookinfo.yaml"
FIRST_STAGE = "reviews-90-10.yaml"
SECOND_STAGE = "reviews-50-50.yaml"

#: What the stages promise: the share of each version of reviews, and where the tester goes.
CANARY = {FIRST_STAGE: {"v1": 0.9, "v2": 0.1}, SECOND_STAGE: {"v1": 0.5, "v2": 0.5}}
USER = ("jason", "v3")

_GATEWAY = Node(namespace="default", gateway="default/bookinfo-gateway")
_WORKLOAD = Node(namespace="default")
_LOOPBACK = "127.0.0.1"


class Shop:
    """Everything that the demo runs. ``stage`` is the file that says where reviews go."""

    def __init__(self) -> None:
        self.stage = FIRST_STAGE
        self._client = MeshClient()
        self.services: list[Service] = bookshop(self._client)
        self._engines: list[tuple[Node, Engine]] = []
        self._proxies: list[Proxy] = []

    @property
    def gateway_port(self) -> int:
        return self._proxies[1].ports[0]

    @property
    def mesh_port(self) -> int:
        return self._proxies[0].ports[0]

    @property
    def served(self) -> int:
        """Requests that the services have answered."""
        return sum(service.requests for service in self.services)

    async def start(self) -> None:
        """Start the services, then the proxies; :meth:`stop` is needed even if this fails."""
        for service in self.services:
            await service.start()
        for node in (_WORKLOAD, _GATEWAY):
            engine = Engine(self._load(node, self.stage))
            proxy = Proxy(engine, listen=[(_LOOPBACK, 0)], admin=None, access_log=None)
            await proxy.start()
            self._engines.append((node, engine))
            self._proxies.append(proxy)
        self._client.proxy_port = self.mesh_port

    def change(self, stage: str) -> None:
        """Serve ``stage`` from now on. All documents are compiled before the first engine changes."""
        swaps = [(engine, self._load(node, stage)) for node, engine in self._engines]
        for engine, config in swaps:
            engine.swap(config)
        self.stage = stage

    async def stop(self) -> None:
        """Stop from the outside in, so that what is under way can end."""
        for proxy in reversed(self._proxies):
            await proxy.stop(drain=1)
        await self._client.close()
        for service in self.services:
            await service.stop()

    def _endpoints(self) -> dict[str, object]:
        """Where the services listen, in the form of an endpoints file."""
        raise NotImplementedError

    def _load(self, node: Node, stage: str) -> Config:
        return load([FOLDER / BASE, FOLDER / stage], node=node, endpoints=self._endpoints())
