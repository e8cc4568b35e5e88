"""The bookshop: four services that know their own work and nothing of routing.

They call one another by name through the mesh's proxy, as services behind a sidecar do, and hand on
the headers that a mesh asks applications to propagate.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from meshcore.demo.page import render

__all__ = ["MeshClient", "Service", "ServiceError", "bookshop"]

#: Copied from each request that comes in to the requests that it causes.
PROPAGATED = ("end-user", "x-request-id", "traceparent", "tracestate", "b3")

BOOK = {"title": "The Comedy of Errors", "author": "William Shakespeare", "year": 1594, "pages": 96}
REVIEWS = [
    {"reviewer": "Antipholus", "text": "I laughed at my own misfortune, then at my brother's."},
    {"reviewer": "Luciana", "text": "Everyone is mistaken for someone else. So true to life."},
]
STARS = {"Antipholus": 5, "Luciana": 4}


class ServiceError(Exception):
    """Another service could not be asked, or did not answer 200."""


class MeshClient:
    """Asks services by name, through the mesh's proxy."""

    def __init__(self) -> None:
        self.proxy_port = 0  #: known once the proxy is up, which needs the services to be up
        self._session: ClientSession | None = None

    async def get(self, service: str, path: str, cause: web.Request) -> Any:
        """The JSON that ``service`` has for ``path``, asked on behalf of the request ``cause``.

        Raises:
            ServiceError: if there is none to be had.
        """
        if self._session is None:
            self._session = ClientSession(timeout=ClientTimeout(total=10))
        headers = {name: cause.headers[name] for name in PROPAGATED if name in cause.headers}
        headers["host"] = f"{service}:9080"
        try:
            async with self._session.get(
                f"http://127.0.0.1:{self.proxy_port}{path}", headers=headers
            ) as answer:
                if answer.status != 200:
                    raise ServiceError(f"{service} answered {answer.status}")
                return await answer.json()
        except (ClientError, asyncio.TimeoutError) as error:
            raise ServiceError(f"{service} could not be asked: {error or type(error).__name__}") from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


class Service:
    """An HTTP server on a loopback port of the system's choice, counting its requests."""

    def __init__(self, name: str, version: str, routes: Iterable[web.RouteDef]) -> None:
        self.name = name
        self.version = version
        self.requests = 0
        self.port = 0
        app = web.Application(middlewares=[self._middleware])
        app.add_routes(routes)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)

    async def start(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self._runner.cleanup()

    @web.middleware
    async def _middleware(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.requests += 1
        try:
            return await handler(request)
        except ServiceError as error:
            return web.json_response({"error": f"{self.name}: {error}"}, status=502)


def bookshop(mesh: MeshClient) -> list[Service]:
    """All services of the shop, not yet started."""
    return [
        Service("productpage", "v1", [web.get("/productpage", _productpage(mesh))]),
        Service("details", "v1", [web.get("/details/{id}", _details)]),
        Service("reviews", "v1", [web.get("/reviews/{id}", _reviews(mesh, "v1", None))]),
        Service("reviews", "v2", [web.get("/reviews/{id}", _reviews(mesh, "v2", "black"))]),
        Service("reviews", "v3", [web.get("/reviews/{id}", _reviews(mesh, "v3", "red"))]),
        Service("ratings", "v1", [web.get("/ratings/{id}", _ratings)]),
    ]


def _productpage(mesh: MeshClient) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(request: web.Request) -> web.Response:
        details = await mesh.get("details", "/details/0", request)
        reviews = await mesh.get("reviews", "/reviews/0", request)
        if "text/html" in request.headers.get("accept", ""):
            page = render(details, reviews, request.headers.get("end-user"))
            return web.Response(text=page, content_type="text/html")
        return web.json_response({"details": details, "reviews": reviews})

    return handler


async def _details(request: web.Request) -> web.Response:
    # The path as it arrived shows what a rewrite on the way has made of it.
    return web.json_response({"id": request.match_info["id"], **BOOK, "path": request.path_qs})


def _reviews(
    mesh: MeshClient, version: str, star_color: str | None
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(request: web.Request) -> web.Response:
        book = request.match_info["id"]
        answer: dict[str, Any] = {"id": book, "version": version, "reviews": REVIEWS}
        if star_color is not None:
            ratings = await mesh.get("ratings", f"/ratings/{book}", request)
            answer.update(stars=ratings["stars"], star_color=star_color)
        return web.json_response(answer)

    return handler


async def _ratings(request: web.Request) -> web.Response:
    return web.json_response({"id": request.match_info["id"], "stars": STARS})
