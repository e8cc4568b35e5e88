"""meshcore.integrations: what middlewares are put around, and transports into."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any

import pytest
from mesh_support import mesh_of, service

from meshcore.integrations import asgi, wsgi
from meshcore.integrations._outbound import Outbound


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    """Never called."""


def wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
    return []


class Around:
    """A middleware of somebody else."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, *arguments: Any) -> Any:
        return self.app(*arguments)


def test_a_middleware_is_for_apps_of_its_kind() -> None:
    mesh: Any = mesh_of(service("reviews", 1))
    app: Any = wsgi_app
    with pytest.raises(TypeError, match=r"with 3 arguments; meshcore\.integrations\.wsgi\."):
        asgi.MeshMiddleware(app, mesh=mesh)
    app = asgi_app
    with pytest.raises(TypeError, match=r"with 2 arguments; meshcore\.integrations\.asgi\."):
        wsgi.MeshMiddleware(app, mesh=mesh)
    app = "main:app"
    with pytest.raises(TypeError, match="app is 'main:app'; expected an app"):
        asgi.MeshMiddleware(app, mesh=mesh)


@pytest.mark.parametrize("mesh", ["mesh.yaml", None])
def test_what_is_no_mesh_is_refused(mesh: Any) -> None:
    told = rf"mesh is {mesh!r}; expected a meshcore\.Mesh \(see Mesh\.load\)"
    with pytest.raises(TypeError, match=told):
        asgi.MeshMiddleware(asgi_app, mesh=mesh)
    with pytest.raises(TypeError, match=told):
        wsgi.MeshMiddleware(wsgi_app, mesh=mesh)
    with pytest.raises(TypeError, match=told):
        Outbound(mesh)


def test_a_mesh_is_around_an_app_once() -> None:
    mesh, other = mesh_of(service("reviews", 1)), mesh_of(service("reviews", 1))
    inner = asgi.MeshMiddleware(asgi_app, mesh=mesh)
    with pytest.raises(ValueError, match="around it already"):
        asgi.MeshMiddleware(Around(inner), mesh=mesh)
    asgi.MeshMiddleware(Around(inner), mesh=other)
    with pytest.raises(ValueError, match="around it already"):
        wsgi.MeshMiddleware(wsgi.MeshMiddleware(wsgi_app, mesh=mesh), mesh=mesh)


def test_a_mesh_that_a_framework_will_put_around_an_app_counts() -> None:
    fastapi, flask = pytest.importorskip("fastapi"), pytest.importorskip("flask")
    mesh = mesh_of(service("reviews", 1))
    later = fastapi.FastAPI()
    later.add_middleware(asgi.MeshMiddleware, mesh=mesh)
    with pytest.raises(ValueError, match="around it already"):
        asgi.MeshMiddleware(later, mesh=mesh)
    inner = flask.Flask("shop")
    inner.wsgi_app = wsgi.MeshMiddleware(inner.wsgi_app, mesh=mesh)
    with pytest.raises(ValueError, match="around it already"):
        wsgi.MeshMiddleware(inner, mesh=mesh)


@pytest.mark.parametrize("lib", ["httpx", "httpx2"])
def test_a_transport_of_the_other_kind_is_told(lib: str) -> None:
    library = pytest.importorskip(lib)
    ours = import_module(f"meshcore.integrations.{lib}")
    mesh = mesh_of(service("reviews", 1))

    async def ask(*, within: bool) -> None:
        client = library.AsyncClient(transport=ours.MeshTransport(mesh))
        if within:
            await client.__aenter__()
        await client.get("http://reviews/")

    for within in (False, True):
        with pytest.raises(TypeError, match=f"{lib}.AsyncClient takes AsyncMeshTransport, not MeshTransport"):
            asyncio.run(ask(within=within))
        client = library.Client(transport=ours.AsyncMeshTransport(mesh))
        with pytest.raises(TypeError, match=f"{lib}.Client takes MeshTransport, not AsyncMeshTransport"):
            client.__enter__() if within else client.get("http://reviews/")
