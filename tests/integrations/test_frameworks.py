"""The middlewares around apps of frameworks that the docs name; FastAPI and Flask have their own files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from litestar import Litestar, get
from mesh_support import in_loop, mesh_of, rules, service
from quart import Quart

from meshcore.context import current
from meshcore.integrations.asgi import MeshMiddleware
from meshcore.integrations.wsgi import MeshMiddleware as WSGIMiddleware
from meshcore.mesh import Mesh

TRACE = "0af7651916cd43dd8448eb211c80319c"
HEADERS = {"host": "reviews:9080", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
ROUTES = (
    "match: [{uri: {exact: /moved}}], redirect: {uri: /sync}",
    "match: [{uri: {exact: /old}}], rewrite: {uri: /sync}, route: [{destination: {host: reviews}}]",
    "route: [{destination: {host: reviews}}], headers: {response: {set: {x-by-mesh: 'yes'}}}",
)


def trace() -> str:
    context = current()
    return context.trace_id if context is not None else "none"


def litestar(mesh: Mesh) -> Any:
    @get("/async")
    async def in_a_coroutine() -> str:
        return trace()

    @get("/sync", sync_to_thread=True)
    def in_a_thread() -> str:
        return trace()

    app = Litestar([in_a_coroutine, in_a_thread], logging_config=None)
    # Its own list of middlewares stands behind its router, which knows nothing of what the mesh answers.
    app.asgi_handler = MeshMiddleware(app.asgi_handler, mesh=mesh)
    return app


def quart(mesh: Mesh) -> Any:
    app = Quart("reviews")

    @app.get("/async")
    async def in_a_coroutine() -> str:
        return trace()

    @app.get("/sync")
    def in_a_thread() -> str:
        return trace()

    app.asgi_app = MeshMiddleware(app.asgi_app, mesh=mesh)
    return app


async def in_a_coroutine(request: HttpRequest) -> HttpResponse:
    return HttpResponse(trace())


def in_a_thread(request: HttpRequest) -> HttpResponse:
    return HttpResponse(trace())


urlpatterns = [path("async", in_a_coroutine), path("sync", in_a_thread)]
if not settings.configured:
    settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="none", MIDDLEWARE=[])


def django(mesh: Mesh) -> Any:
    return MeshMiddleware(get_asgi_application(), mesh=mesh)


@pytest.mark.parametrize("framework", [litestar, quart, django])
@in_loop
async def test_an_asgi_framework_is_in_the_mesh(framework: Callable[[Mesh], Any]) -> None:
    app = framework(mesh_of(service("reviews", 1), rules("reviews", *ROUTES)))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://reviews:9080", headers=HEADERS
    ) as client:
        for at in ("/async", "/sync", "/old"):
            found = await client.get(at)
            assert (found.status_code, found.text) == (200, TRACE)
            assert found.headers.get("x-by-mesh") == (None if at == "/old" else "yes")
        moved = await client.get("/moved")
    assert (moved.status_code, moved.headers["location"]) == (301, "http://reviews:9080/sync")
    assert current() is None


def test_django_is_in_the_mesh_by_wsgi() -> None:
    mesh = mesh_of(service("reviews", 1), rules("reviews", *ROUTES))
    transport = httpx.WSGITransport(WSGIMiddleware(get_wsgi_application(), mesh=mesh))
    with httpx.Client(transport=transport, base_url="http://reviews:9080", headers=HEADERS) as client:
        for at in ("/async", "/sync", "/old"):
            found = client.get(at)
            assert (found.status_code, found.text) == (200, TRACE)
        assert client.get("/moved").headers["location"] == "http://reviews:9080/sync"
    assert current() is None
