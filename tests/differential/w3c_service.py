"""The service that W3C's trace-context suite asks to call back: an app with our middleware and client."""

from __future__ import annotations

import os

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from meshcore import Mesh
from meshcore.config import load_text
from meshcore.integrations.asgi import MeshMiddleware
from meshcore.integrations.httpx import AsyncMeshTransport

#: Envoy's documents: requests for this process go to its app, all others to the suite.
MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
CONFIG = """
static_resources:
  listeners:
  - name: all
    address: {socket_address: {address: 127.0.0.1, port_value: 80}}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/%(manager)s
          stat_prefix: all
          route_config:
            virtual_hosts:
            - name: own
              domains: ['127.0.0.1:%(own)s']
              routes: [{match: {prefix: /}, route: {cluster: service}}]
            - name: suite
              domains: ['*']
              routes: [{match: {prefix: /}, route: {cluster: suite}}]
  clusters:
  - {name: service}
  - name: suite
    load_assignment:
      cluster_name: suite
      endpoints:
      - lb_endpoints:
        - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %(suite)s}}}
"""

values = {"manager": MANAGER, "own": os.environ["W3C_SERVICE_PORT"], "suite": os.environ["HARNESS_PORT"]}
mesh = Mesh(load_text(CONFIG % values), service="service")
client = httpx.AsyncClient(transport=AsyncMeshTransport(mesh))


async def call(request: Request) -> Response:
    for wanted in await request.json():
        await client.post(wanted["url"], json=wanted["arguments"])
    return Response()


app = MeshMiddleware(Starlette(routes=[Route("/test", call, methods=["POST"])]), mesh=mesh)
