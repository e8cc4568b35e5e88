"""A transport of the caller's own under the mesh's: what it gets, and what becomes of its errors."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from mesh_support import in_loop, mesh_of, rules, service

from meshcore import Mesh
from meshcore.integrations.httpx import AsyncMeshTransport, MeshTransport

RETRIED = 'retries: {attempts: 2, retryOn: "5xx,connect-failure,reset"}, HERE'


@pytest.fixture
def mesh() -> Iterator[Mesh]:
    with mesh_of(service("reviews", 1, 2), rules("reviews", RETRIED)) as mesh:
        yield mesh


def test_attempts_are_requests_to_endpoints(mesh: Mesh) -> None:
    came: list[httpx.Request] = []

    def endpoint(request: httpx.Request) -> httpx.Response:
        came.append(request)
        if len(came) == 1:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(503 if len(came) == 2 else 200, content=request.content)

    with httpx.Client(transport=MeshTransport(mesh, transport=httpx.MockTransport(endpoint))) as client:
        answer = client.post("http://reviews:9080/a%20b?c", content=b"body")
    assert (answer.status_code, answer.content) == (200, b"body")
    assert len(came) == 3
    assert {it.url.port for it in came[:2]} == {1, 2}  # a retry goes to another endpoint
    for request in came:
        assert (request.url.host, request.url.raw_path) == ("127.0.0.1", b"/a%20b?c")
        assert request.headers["host"] == "reviews:9080"
        assert request.headers["x-request-id"]
        assert request.content == b"body"


def test_what_the_mesh_does_not_know_is_given_as_it_is(mesh: Mesh) -> None:
    def server(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=request.url.host)

    with httpx.Client(transport=MeshTransport(mesh, transport=httpx.MockTransport(server))) as client:
        assert client.get("http://other.example/").text == "other.example"


@in_loop
async def test_an_app_may_be_the_endpoint(mesh: Mesh) -> None:
    async def app(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["path"].encode()})

    transport = AsyncMeshTransport(mesh, transport=httpx.ASGITransport(app))
    async with httpx.AsyncClient(transport=transport) as client:
        assert (await client.get("http://reviews:9080/a")).text == "/a"


def test_what_is_no_transport_is_told(mesh: Mesh) -> None:
    with pytest.raises(TypeError, match=r"transport is 5; expected a transport with handle_request\(\)"):
        MeshTransport(mesh, transport=5)
    with pytest.raises(TypeError, match=r"with handle_async_request\(\)"):
        AsyncMeshTransport(mesh, transport=httpx.WSGITransport(lambda environ, start: []))
    with pytest.raises(
        TypeError, match="verify: options of HTTPTransport, which has no part beside transport"
    ):
        MeshTransport(mesh, transport=httpx.MockTransport(lambda request: httpx.Response(200)), verify=False)
