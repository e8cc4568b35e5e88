"""What bench_hop.py measures: servers in processes of their own, each started by a command.

python benches/hop_servers.py ROLE PORT UPSTREAM [--uvloop]
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp_proxy
from hop_documents import SERVICE, bootstrap

App = Callable[[Any, Any, Any], Awaitable[None]]

ANSWER = {"id": 7, "reviews": [{"reviewer": f"reviewer {i}", "text": "x" * 40} for i in range(4)]}
BODY = json.dumps(ANSWER).encode()
LINES = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Some JSON, from memory."""
    await send({"type": "http.response.start", "status": 200, "headers": [*LINES]})
    await send({"type": "http.response.body", "body": BODY})


def starlette() -> App:
    """The same by a framework, as JSON of an object."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def items(request: Request) -> JSONResponse:
        return JSONResponse(ANSWER)

    return Starlette(routes=[Route("/service-0/items/{item}", items)])


def within(app: App, routes: int) -> App:
    from meshcore import Mesh, load
    from meshcore.integrations.asgi import MeshMiddleware

    mesh = Mesh(load(bootstrap(9080, routes=routes)), service=SERVICE, health_checks=False)
    return MeshMiddleware(app, mesh=mesh)


def calling(upstream: int, *, mesh: bool) -> App:
    """Asks another service for its answer, by httpx."""
    import httpx

    from meshcore import Mesh, load
    from meshcore.integrations.httpx import AsyncMeshTransport

    url = f"http://127.0.0.1:{upstream}/service-0/items/7"
    transport = None
    if mesh:
        known = Mesh(load(bootstrap(upstream)), health_checks=False)
        known.start()
        transport = AsyncMeshTransport(known)
    clients: list[httpx.AsyncClient] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if not clients:
            clients.append(httpx.AsyncClient(transport=transport, limits=httpx.Limits(max_connections=100)))
        answer = await clients[0].get(url)
        await send({"type": "http.response.start", "status": answer.status_code, "headers": [*LINES]})
        await send({"type": "http.response.body", "body": answer.content})

    return app


async def meshcore_proxy(port: int, upstream: int, routes: int) -> None:
    from meshcore import Engine, load
    from meshcore.proxy import Proxy

    await Proxy(Engine(load(bootstrap(upstream, routes=routes))), listen=[("127.0.0.1", port)]).start()
    await asyncio.Event().wait()


async def plain_aiohttp(port: int, upstream: int) -> None:
    server = await aiohttp_proxy.listen(upstream, port)
    await server.serve_forever()


APPS: dict[str, Callable[[int], App]] = {
    "app": lambda _: app,
    "middleware-1": lambda _: within(app, 1),
    "middleware-1000": lambda _: within(app, 1000),
    "starlette": lambda _: starlette(),
    "starlette-mesh": lambda _: within(starlette(), 1),
    "caller": lambda upstream: calling(upstream, mesh=False),
    "caller-mesh": lambda upstream: calling(upstream, mesh=True),
}
PROXIES: dict[str, Callable[[int, int], Awaitable[None]]] = {
    "aiohttp": plain_aiohttp,
    "proxy-1": lambda port, upstream: meshcore_proxy(port, upstream, 1),
    "proxy-1000": lambda port, upstream: meshcore_proxy(port, upstream, 1000),
}


async def serve(app: App, port: int) -> None:
    import uvicorn

    config = uvicorn.Config(
        app, port=port, http="httptools", access_log=False, lifespan="off", log_level="error", loop="none"
    )
    await uvicorn.Server(config).serve()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("role", choices=[*APPS, *PROXIES])
    parser.add_argument("port", type=int)
    parser.add_argument("upstream", type=int)
    parser.add_argument("--uvloop", action="store_true")
    options = parser.parse_args()
    if options.uvloop:
        import uvloop

        uvloop.install()
    if options.role in APPS:
        asyncio.run(serve(APPS[options.role](options.upstream), options.port))
    else:
        asyncio.run(PROXIES[options.role](options.port, options.upstream))


if __name__ == "__main__":
    main()
