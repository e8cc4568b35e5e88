"""A small mesh for tests: one service by name, with the endpoints that a test has."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

from meshcore import load_text
from meshcore.mesh import Mesh
from meshcore.model import Config

#: Only where something hangs does a test come to this.
PATIENCE = 20.0
REVIEWS = "outbound|9080||reviews.default.svc.cluster.local"


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an async test in a loop of its own."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def bounded() -> None:
            await asyncio.wait_for(test(*args, **kwargs), PATIENCE)

        asyncio.run(bounded())

    return run


def active(mesh: Mesh) -> int:
    """Requests that hold a place in a cluster: at an endpoint, or where the app itself answers."""
    breakers = [cluster["circuit_breakers"] for cluster in mesh.engine.clusters()]
    return sum(of["requests"]["used"] for it in breakers for of in it.values())


def service(name: str, *ports: int) -> str:
    endpoints = ", ".join(f"{{address: 127.0.0.1, ports: {{http: {port}}}}}" for port in ports)
    return f"""
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}}}
spec:
  hosts: [{name}.default.svc.cluster.local]
  ports: [{{number: 9080, name: http, protocol: HTTP}}]
  resolution: STATIC
  location: MESH_INTERNAL
  endpoints: [{endpoints}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: {name}}}
spec:
  host: {name}
  trafficPolicy: {{loadBalancer: {{simple: ROUND_ROBIN}}}}
"""


def rules(name: str, *routes: str) -> str:
    """A VirtualService with these routes (YAML in flow style), and one that leads to the service."""
    here = f"{{destination: {{host: {name}, port: {{number: 9080}}}}}}"
    lines = "".join(f"  - {{{route.replace('HERE', f'route: [{here}]')}}}\n" for route in (*routes, "HERE"))
    return f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {name}}}
spec:
  hosts: [{name}]
  http:
{lines}"""


def config_of(*documents: str) -> Config:
    return load_text("\n---\n".join(documents))


def mesh_of(*documents: str, service: str | None = "reviews", **options: Any) -> Mesh:
    return Mesh(config_of(*documents), service=service, **options)
