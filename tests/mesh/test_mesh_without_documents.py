"""A mesh without documents, for ids, traces and logs alone; and the request's id in answers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from mesh_support import in_loop, service

from meshcore import Mesh, current, load_text
from meshcore.context import ContextFilter
from meshcore.integrations.asgi import MeshMiddleware
from meshcore.integrations.httpx import MeshTransport
from meshcore.integrations.wsgi import MeshMiddleware as WsgiMiddleware
from meshcore.model import Config

ID = "9b2f6a0c-41d7-498f-9a1c-3e7b9d204f68"
LIMITS = (
    "apiVersion: meshcore/v1\nkind: RateLimits\nrules: [{name: a, rate: 9/hour, match: {path: /limited}}]\n"
)


async def app(scope: Any, receive: Any, send: Any) -> None:
    context = current()
    assert context is not None
    record = logging.makeLogRecord({})
    assert ContextFilter().filter(record)
    assert record.request_id == context.request_id
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": context.request_id.encode()})


def wsgi(environ: Any, start_response: Callable[..., Any]) -> list[bytes]:
    context = current()
    assert context is not None
    start_response("200 OK", [])
    return [context.request_id.encode()]


async def asked(mesh: Mesh, path: str = "/", **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(MeshMiddleware(app, mesh=mesh))
    async with httpx.AsyncClient(transport=transport, base_url="http://any.example") as client:
        return await client.get(path, headers=headers)


@in_loop
async def test_ids_are_kept_and_made_without_documents() -> None:
    with Mesh() as mesh:
        kept = await asked(mesh, **{"x-request-id": ID})
        assert (kept.status_code, kept.text[:14]) == (200, ID[:14])  # its nibble tells of the trace
        assert len((await asked(mesh)).text) == 36
        assert "x-request-id" not in kept.headers


def test_a_client_of_it_goes_on_as_without_a_mesh() -> None:
    refused = pytest.raises(httpx.ConnectError)  # by itself: no answer of the mesh's
    with Mesh() as mesh, httpx.Client(transport=MeshTransport(mesh)) as client, refused:
        client.get("http://127.0.0.1:1/")


def test_documents_can_be_swapped_in() -> None:
    with Mesh(service="reviews") as mesh:
        mesh.swap(load_text(service("reviews", 1)))
        assert any("reviews" in cluster.name for cluster in mesh.engine.config.clusters)


def _documents() -> list[Config | None]:
    return [None, load_text(service("reviews", 1)), load_text(LIMITS)]


@pytest.mark.parametrize("config", _documents(), ids=["none", "services", "limits"])
@in_loop
async def test_answers_tell_the_id_where_they_are_to(config: Config | None) -> None:
    for tells in (True, False):
        mesh = Mesh(config, service="reviews", always_set_request_id_in_response=tells)
        for path in ("/", "/limited"):
            for headers in ({}, {"x-request-id": ID}):
                answer = await asked(mesh, path, **headers)
                assert answer.headers.get("x-request-id") == (answer.text if tells else None)
        with httpx.Client(transport=httpx.WSGITransport(WsgiMiddleware(wsgi, mesh=mesh))) as client:
            answer = client.get("http://any.example/limited")
            assert answer.headers.get("x-request-id") == (answer.text if tells else None)
        mesh.close()


@in_loop
async def test_they_still_do_after_a_change(tmp_path: Path) -> None:
    file = tmp_path / "mesh.yaml"
    file.write_text(service("reviews", 1))
    with Mesh.load(file, service="reviews", always_set_request_id_in_response=True) as mesh:
        file.write_text(service("ratings", 1))
        mesh.reload()
        answer = await asked(mesh)
        assert answer.headers["x-request-id"] == answer.text


def test_no_path_is_no_mesh_without_documents() -> None:
    with pytest.raises(TypeError, match=r"Mesh\.load\(PATH, \.\.\.\); Mesh\(\) has none"):
        Mesh.load()
    with pytest.raises(TypeError, match="always_set_request_id_in_response is 'yes'; expected True or False"):
        Mesh(always_set_request_id_in_response="yes")  # type: ignore[arg-type]
