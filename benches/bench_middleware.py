"""What a middleware costs around an app of ASGI or WSGI: ours beside slowapi, OpenTelemetry and others.

    python benches/bench_middleware.py [--quick] [--json]

No sockets: the app is called as a server would, what it sends goes nowhere, and what the bare app costs is
taken off. Ours decides on each request by an Envoy bootstrap: with one route, or 1,000 and a limit (the ring
hash and outlier detection there are for whoever forwards: an app picks no endpoint of its own); for a caller
in the mesh (``x-meshcore-caller``), who has applied the routes already, or for one from elsewhere, where the
route's edits reach the app. Each peer does one part of that.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import wsgi_middleware
from comparison import Comparison, present
from hop_documents import HEADERS, path
from middleware_scenarios import BARE, COUNT, FULL, SCENARIOS, Lines, added, mesh_for
from timing import Contender, Cost, beside, measure, verdict

from meshcore.integrations.asgi import MeshMiddleware

App = Callable[[Any, Any, Any], Awaitable[None]]

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


def scope_of(headers: Lines, routes: int) -> dict[str, Any]:
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
    return MeshMiddleware(bare, mesh=mesh_for(routes, every))


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
#: What wraps the app in each of the peers.
PEERS: dict[str, Callable[[], App]] = {
    name: functools.partial(wrap, bare)
    for name, wrap in (
        ("asgi-correlation-id", correlation),
        ("BaseHTTPMiddleware of Starlette", base_http),
        ("slowapi", slowapi),
        ("OpenTelemetry", opentelemetry),
        (STACK, stack),
    )
}


def contenders(loop: asyncio.AbstractEventLoop, peers: Mapping[str, App]) -> dict[str, Contender]:
    def contender(app: App, headers: Lines = HEADERS, routes: int = 1) -> Contender:
        serve = functools.partial(requests, app, scope_of(headers, routes), COUNT)
        return Contender("run(serve())", {"run": loop.run_until_complete, "serve": serve}, COUNT)

    found = {BARE: contender(bare)}
    for name, (routes, every, headers) in SCENARIOS.items():
        found[name] = contender(ours(routes, every), headers, routes)
    return {**found, **{name: contender(app) for name, app in peers.items()}}


Measuring = Callable[[dict[str, Contender]], dict[str, Cost]]


def around_asgi(peers: Mapping[str, App], measuring: Measuring) -> dict[str, Cost]:
    loop = asyncio.new_event_loop()
    try:
        return added(contenders(loop, peers), measuring)
    finally:
        loop.close()


def around_wsgi(peers: Mapping[str, wsgi_middleware.App], measuring: Measuring) -> dict[str, Cost]:
    return added(wsgi_middleware.contenders(peers), measuring)


def compare(quick: bool) -> Comparison:
    """For `python -m benches`."""
    run = Comparison("middleware", quick)
    peers = run.present(PEERS)
    costs = around_asgi(peers, run.measure)
    others = run.present(wsgi_middleware.PEERS)
    of_wsgi = around_wsgi(others, run.measure)
    for scenario in ("1 route", FULL):
        run.add("around an ASGI app", costs, scenario, peers)
        run.add("around a WSGI app", of_wsgi, scenario, others)
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="shorter samples")
    parser.add_argument("--json", action="store_true", help="print nanoseconds as JSON")
    options = parser.parse_args()
    effort = {"rounds": 5, "sample": 0.02} if options.quick else {"rounds": 15, "sample": 0.05}
    measuring = functools.partial(measure, **effort)
    peers, lacking = present(PEERS)
    others, lacking_too = present(wsgi_middleware.PEERS)
    asgi, wsgi = around_asgi(peers, measuring), around_wsgi(others, measuring)
    if options.json:
        kinds = {"ASGI": asgi, "WSGI": wsgi}
        found = {
            kind: {name: dataclasses.asdict(cost) for name, cost in costs.items()}
            for kind, costs in kinds.items()
        }
        print(json.dumps(found, indent=2))
        return
    print("What each adds to a request of a bare ASGI app:\n")
    print(beside(asgi))
    print("\nWhat each adds to a request of a bare WSGI app:\n")
    print(beside(wsgi))
    for name, needs in (lacking | lacking_too).items():
        print(f"without {name}, which needs {needs}")
    if STACK in asgi:
        full = asgi[FULL].minimum / asgi[STACK].minimum
        print("\n" + verdict("all that we do, of what the peers do together", full, 1 / 40, at_most=True))


if __name__ == "__main__":
    main()
