"""The middlewares: a trace that begins with the app is one that nobody else has."""

from __future__ import annotations

from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from asgi_support import App, Client
from mesh_support import in_loop, mesh_of

from meshcore.integrations import asgi, wsgi
from meshcore.mesh import Mesh

TIMES = 8
TRACED = """
static_resources:
  listeners:
  - name: inbound
    address: {socket_address: {address: 127.0.0.1, port_value: 10000}}
    filter_chains:
    - filters:
      - name: manager
        typed_config:
          "@type": MANAGER
          stat_prefix: inbound
          tracing:
            provider:
              name: TRACER
              typed_config: CONFIG
          http_filters:
          - name: router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
          route_config:
            virtual_hosts:
            - name: reviews
              domains: ["*"]
              routes:
              - match: {prefix: /}
                route: {cluster: reviews}
  clusters:
  - name: reviews
    load_assignment:
      cluster_name: reviews
      endpoints:
      - lb_endpoints:
        - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 9080}}}
"""
MANAGER = (
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
)
ZIPKIN = (
    "envoy.tracers.zipkin",
    '{"@type": type.googleapis.com/envoy.config.trace.v3.ZipkinConfig, '
    "collector_cluster: reviews, collector_endpoint: /api/v2/spans}",
)
OTEL = (
    "envoy.tracers.opentelemetry",
    '{"@type": type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig, service_name: reviews}',
)


def mesh_for(tracer: tuple[str, str]) -> Mesh:
    document = TRACED.replace("MANAGER", MANAGER).replace("TRACER", tracer[0]).replace("CONFIG", tracer[1])
    return mesh_of(document)


@pytest.mark.parametrize(("tracer", "name"), [(ZIPKIN, "x-b3-traceid"), (OTEL, "traceparent")])
@in_loop
async def test_of_asgi(tracer: tuple[str, str], name: str) -> None:
    app, mesh = App(), mesh_for(tracer)
    middleware = asgi.MeshMiddleware(app, mesh=mesh)
    for _ in range(TIMES):
        await Client(middleware).get("/")
    assert len({dict(scope["headers"])[name.encode()] for scope in app.seen}) == TIMES
    mesh.close()


@pytest.mark.parametrize(("tracer", "name"), [(ZIPKIN, "HTTP_X_B3_TRACEID"), (OTEL, "HTTP_TRACEPARENT")])
def test_of_wsgi(tracer: tuple[str, str], name: str) -> None:
    found = set()

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        found.add(environ[name])
        start_response("200 OK", [])
        return []

    with mesh_for(tracer) as mesh:
        middleware = wsgi.MeshMiddleware(app, mesh=mesh)
        for _ in range(TIMES):
            environ: dict[str, Any] = {}
            setup_testing_defaults(environ)
            middleware(environ, lambda *_: print)
    assert len(found) == TIMES
