"""What a middleware costs around an ASGI app: ours beside asgi-correlation-id, slowapi and OpenTelemetry.

    python benches/bench_middleware.py [--quick] [--json]

No sockets: the app is awaited as a server would, its two messages go nowhere, and what the bare app costs is
taken off. Ours decides on each request by an Envoy bootstrap: with one route, or 1,000 with a ring hash, a
limit and outlier detection; for a caller in the mesh (``x-meshcore-caller``), who has applied the routes
already, or for one from elsewhere, where the route's edits reach the app. Each peer does one part of that.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import functools
import importlib.util
import json
from collections.abc import Awaitable, Callable
from typing import Any

from hop_documents import HEADERS, SERVICE, bootstrap, path
from timing import Contender, Cost, beside, measure, verdict

from meshcore import Mesh, load
from meshcore.integrations._inbound import MARK
from meshcore.integrations.asgi import MeshMiddleware

App = Callable[[Any, Any, Any], Awaitable[None]]

#: Requests of one operation: enough that starting the loop is nothing.
COUNT = 100

LINES = [(b"content-length", b"11"), (b"content-type", b"application/json")]
BODY = b'{"ok":true}'


async def bare(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [*LINES]})
    await send({"type": "http.response.body", "body": BODY})


class Receive:
    """A request without a body, whose client stays."""

    whole = False

    async def __call__(self) -> Any:
        if self.whole:
            await asyncio.get_running_loop().create_future()
        self.whole = True
        return {"type": "http.request", "body": b"", "more_body": False}


async def send(message: Any) -> None:
    pass


def scope_of(headers: list[tuple[bytes, bytes]], routes: int) -> dict[str, Any]:
    target = path(routes)
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("10.1.2.3", 4711),
        "scheme": "http",
        "root_path": "",
        "method": "GET",
        "path": target,
        "raw_path": target.encode(),
        "query_string": b"",
        "headers": headers,
        "state": {},
    }


async def requests(app: App, scope: dict[str, Any], count: int) -> None:
    """As a server: each request has a scope, a state and a list of lines of its own."""
    for _ in range(count):
        await app({**scope, "state": {}, "headers": list(scope["headers"])}, Receive(), send)


@functools.cache
def ours(routes: int, every: str) -> App:
    mesh = Mesh(load(bootstrap(9080, routes=routes, every=every)), service=SERVICE, health_checks=False)
    mesh.start()
    return MeshMiddleware(bare, mesh=mesh)


CALLED = [*HEADERS, (MARK.encode(), b"productpage")]
#: Name -> number of routes, their timeout, header lines.
SCENARIOS: dict[str, tuple[int, str, list[tuple[bytes, bytes]]]] = {
    "1 route": (1, "15s", HEADERS),
    "1 route without a timeout": (1, "0s", HEADERS),
    "1 route, a caller in the mesh": (1, "15s", CALLED),
    "1,000 routes, ring hash, limit, outliers": (1000, "15s", HEADERS),
    "the same, a caller in the mesh": (1000, "15s", CALLED),
}


def correlation(app: App) -> App:
    from asgi_correlation_id import CorrelationIdMiddleware

    return CorrelationIdMiddleware(app)


def base_http(app: App) -> App:
    from starlette.middleware.base import BaseHTTPMiddleware

    async def dispatch(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    return BaseHTTPMiddleware(app, dispatch)


def slowapi(app: App) -> App:
    """A limit by client, in memory; it wants the Starlette app and its route in the scope."""
    from slowapi import Limiter
    from slowapi.middleware import SlowAPIASGIMiddleware
    from slowapi.util import get_remote_address
    from starlette.applications import Starlette
    from starlette.routing import Route

    def endpoint(request: Any) -> Any:
        return None

    known = Starlette(routes=[Route("/{rest:path}", endpoint)])
    known.state.limiter = Limiter(key_func=get_remote_address, default_limits=["1000000000/second"])
    inner = SlowAPIASGIMiddleware(app)

    async def limited(scope: Any, receive: Any, send: Any) -> None:
        scope["app"] = known
        await inner(scope, receive, send)

    return limited


def opentelemetry(app: App) -> App:
    """Spans that are recorded, and exported nowhere."""
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
    from opentelemetry.sdk.trace import TracerProvider

    return OpenTelemetryMiddleware(app, tracer_provider=TracerProvider())


def stack(app: App) -> App:
    return correlation(slowapi(opentelemetry(app)))


STACK = "correlation id, limit and span together"
#: Name -> how it wraps an app, and the modules that it needs.
PEERS: dict[str, tuple[Callable[[App], App], tuple[str, ...]]] = {
    "asgi-correlation-id": (correlation, ("asgi_correlation_id",)),
    "BaseHTTPMiddleware of Starlette": (base_http, ("starlette",)),
    "slowapi": (slowapi, ("slowapi",)),
    "OpenTelemetry": (opentelemetry, ("opentelemetry.instrumentation", "opentelemetry.sdk")),
    STACK: (stack, ("asgi_correlation_id", "slowapi", "opentelemetry.instrumentation", "opentelemetry.sdk")),
}


def installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of the package above it
        return False


def contenders(loop: asyncio.AbstractEventLoop) -> dict[str, Contender]:
    def contender(app: App, headers: list[tuple[bytes, bytes]] = HEADERS, routes: int = 1) -> Contender:
        serve = functools.partial(requests, app, scope_of(headers, routes), COUNT)
        return Contender("run(serve())", {"run": loop.run_until_complete, "serve": serve}, COUNT)

    found = {"bare": contender(bare)}
    for name, (routes, every, headers) in SCENARIOS.items():
        found[name] = contender(ours(routes, every), headers, routes)
    for name, (wrap, modules) in PEERS.items():
        if all(map(installed, modules)):
            found[name] = contender(wrap(bare))
    return found


def rows(*, quick: bool = False) -> dict[str, Cost]:
    """What each middleware adds to the bare app."""
    loop = asyncio.new_event_loop()
    try:
        costs = measure(contenders(loop), rounds=5 if quick else 15, sample=0.02 if quick else 0.05)
    finally:
        loop.close()
    app = costs.pop("bare")
    return {name: Cost(cost.minimum - app.minimum, cost.median - app.median) for name, cost in costs.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="shorter samples")
    parser.add_argument("--json", action="store_true", help="print nanoseconds as JSON")
    options = parser.parse_args()
    found = rows(quick=options.quick)
    if options.json:
        print(json.dumps({name: dataclasses.asdict(cost) for name, cost in found.items()}, indent=2))
        return
    print("What each adds to a request of a bare app:\n")
    print(beside(found))
    for name in sorted(PEERS.keys() - found.keys()):
        print(f"not installed: {name}")
    if STACK in found:
        full = found["1,000 routes, ring hash, limit, outliers"].minimum
        print(
            "\n"
            + verdict(
                "all that we do, of what the peers do together",
                full / found[STACK].minimum,
                1 / 40,
                at_most=True,
            )
        )


if __name__ == "__main__":
    main()
