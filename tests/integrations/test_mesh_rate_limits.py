"""The rate limit services that a mesh's configuration names: middlewares and clients ask them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from asgi_support import App, Client
from callers import CALLERS, Caller, caller_of
from mesh_support import active, config_of, rules, service
from origins import Origin, origins, refused_port
from test_wsgi import App as WsgiApp
from test_wsgi import call

from meshcore.global_limit.rls.codec import METHOD, REQUEST, RESPONSE, SERVICE
from meshcore.global_limit.rls.messages import Code, RateLimitResponse
from meshcore.integrations.asgi import MeshMiddleware
from meshcore.integrations.wsgi import MeshMiddleware as WsgiMiddleware
from meshcore.mesh import Mesh
from meshcore.model import (
    Config,
    Fraction,
    GlobalRateLimit,
    RateLimit,
    RateLimitAction,
    RateLimitActionKind,
)

grpc = pytest.importorskip("grpc", reason="needs grpcio, of the extra 'rls'")

MARK = ((b"x-meshcore-caller", b"productpage"),)


class Service:
    """A rate limit service that refuses /limited, and keeps whom it was asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._server = grpc.server(ThreadPoolExecutor(2))
        handler = grpc.unary_unary_rpc_method_handler(self._answer)
        generic = grpc.method_handlers_generic_handler(SERVICE, {METHOD: handler})
        self._server.add_generic_rpc_handlers((generic,))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def _answer(self, data: bytes, context: Any) -> bytes:
        (descriptor,) = REQUEST.decode(data).descriptors
        self.asked.append(descriptor.entries[0][1])
        refused = self.asked[-1] == "/limited"
        return RESPONSE.encode(
            RateLimitResponse(
                Code.OVER_LIMIT if refused else Code.OK, request_headers_to_add=(("x-told", "1"),)
            )
        )

    def close(self) -> None:
        self._server.stop(None).wait()


@pytest.fixture(scope="module")
def server() -> Iterator[Service]:
    made = Service()
    yield made
    made.close()


@pytest.fixture
def limits(server: Service) -> Service:
    server.asked.clear()
    return server


@pytest.fixture(scope="module")
def reviews() -> Iterator[Origin]:
    with origins(1) as (found,):
        yield found


def limited(app: int, limits: int, **fields: Any) -> Config:
    """Every request is asked about by its path."""
    config = config_of(service("reviews", app), rules("reviews"))
    action = RateLimitAction(RateLimitActionKind.PATH, key="path")
    settings = {"target_uri": f"127.0.0.1:{limits}", "timeout": 20.0, **fields}
    filters = (("ratelimit", GlobalRateLimit("shop", rate_limits=(RateLimit((action,)),), **settings)),)
    return replace(config, listeners=tuple(replace(one, filters=filters) for one in config.listeners))


@pytest.mark.parametrize("name", CALLERS)
def test_every_client_asks(name: str, limits: Service, reviews: Origin) -> None:
    caller: Caller = caller_of(name)
    with Mesh(limited(reviews.port, limits.port), service="productpage") as mesh:
        allowed = caller.call(mesh, "GET", "/a")
        refused = caller.call(mesh, "GET", "/limited")
        assert (allowed.status, allowed.json()["headers"]["x-told"]) == (200, "1")
        assert (refused.status, refused.headers["x-envoy-ratelimited"]) == (429, "true")
        assert limits.asked == ["/a", "/limited"]
        assert active(mesh) == 0
        assert (
            sum(count for name, count in mesh.counters.total().items() if name.endswith(".over_limit")) == 1
        )


def test_the_asgi_middleware_asks(limits: Service) -> None:
    async def main() -> None:
        app = App()
        async with Mesh(limited(1, limits.port), service="reviews") as mesh:
            middleware = MeshMiddleware(app, mesh=mesh)
            assert (await Client(middleware).get("/a")).status == 200
            assert (b"x-told", b"1") in app.seen[0]["headers"]
            assert (await Client(middleware).get("/limited")).status == 429
            assert limits.asked == ["/a", "/limited"]
            assert active(mesh) == 0

    asyncio.run(main())


def test_the_wsgi_middleware_asks(limits: Service) -> None:
    app = WsgiApp()
    with Mesh(limited(1, limits.port), service="reviews") as mesh:
        middleware = WsgiMiddleware(app, mesh=mesh)
        assert call(middleware, "/a").status == 200
        assert app.seen[0]["HTTP_X_TOLD"] == "1"
        assert call(middleware, "/limited", typed=False).status == 429
        assert limits.asked == ["/a", "/limited"]
        assert active(mesh) == 0


@pytest.mark.parametrize(("address", "asked"), [("10.0.0.9", 0), ("::1", 0), ("8.8.8.8", 1), ("nobody", 1)])
def test_a_request_between_two_services_of_the_mesh_counts_once(
    limits: Service, address: str, asked: int
) -> None:
    """Its client has asked. Whoever says so from elsewhere is not believed."""

    async def main() -> int:
        async with Mesh(limited(1, limits.port), service="reviews") as mesh:
            client = Client(MeshMiddleware(App(), mesh=mesh))
            return (await client.get("/limited", headers=MARK, client=(address, 1))).status

    assert asyncio.run(main()) == (429 if asked else 200)
    with Mesh(limited(1, limits.port), service="reviews") as mesh:
        answer = call(
            WsgiMiddleware(WsgiApp(), mesh=mesh),
            "/limited",
            typed=False,
            HTTP_X_MESHCORE_CALLER="productpage",
            REMOTE_ADDR=address,
        )
    assert answer.status == (429 if asked else 200)
    assert len(limits.asked) == 2 * asked


@pytest.mark.parametrize(("deny", "status"), [(Fraction(0), 200), (Fraction(100), 500)])
def test_a_service_that_is_not_there_counts_as_its_filter_says(deny: Fraction, status: int) -> None:
    config = limited(1, refused_port(), deny_on_failure=deny)

    async def main() -> int:
        async with Mesh(config, service="reviews") as mesh:
            client = Client(MeshMiddleware(App(), mesh=mesh))
            found = (await client.get("/a", headers=MARK, client=("8.8.8.8", 1))).status
            assert (await Client(MeshMiddleware(App(), mesh=mesh)).get("/a")).status == found
            return found

    assert asyncio.run(main()) == status
    with Mesh(config, service="reviews") as mesh:
        assert call(WsgiMiddleware(WsgiApp(), mesh=mesh), "/a", typed=status == 200).status == status


def test_without_grpcio_the_mesh_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "grpc.aio", None)
    with pytest.raises(ImportError, match=r"meshcore-engine\[rls\]"):
        Mesh(limited(1, 2))
    plain = config_of(service("reviews", 1), rules("reviews"))
    mesh = Mesh(plain)
    with pytest.raises(ImportError, match=r"meshcore-engine\[rls\]"):
        mesh.swap(limited(1, 2))
    assert mesh.engine.config is plain
