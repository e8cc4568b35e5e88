"""The WSGI half of bench_middleware.py and callgrind_middleware.py."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from hop_documents import HEADERS, path
from middleware_scenarios import BARE, COUNT, SCENARIOS, Lines, mesh_for
from timing import Contender

from meshcore.integrations.wsgi import MeshMiddleware

App = Callable[[dict[str, Any], Any], Iterable[bytes]]

LINES = [("Content-Length", "11"), ("Content-Type", "application/json")]
BODY = b'{"ok":true}'


class Body:
    """As Flask and Django answer: to be closed, and its iterator is another object."""

    def __iter__(self) -> Iterator[bytes]:
        return iter((BODY,))

    def close(self) -> None:
        pass


def bare(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [*LINES])
    return Body()


def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
    return None


def environ_of(headers: Lines, routes: int) -> dict[str, Any]:
    """As gunicorn has it."""
    target = path(routes)
    return {
        "wsgi.errors": None,
        "wsgi.version": (1, 0),
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": None,
        "wsgi.input_terminated": True,
        "SERVER_SOFTWARE": "gunicorn",
        "wsgi.input": None,
        "gunicorn.socket": None,
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": "",
        "RAW_URI": target,
        "SERVER_PROTOCOL": "HTTP/1.1",
        **{f"HTTP_{name.decode().upper().replace('-', '_')}": value.decode() for name, value in headers},
        "wsgi.url_scheme": "http",
        "REMOTE_ADDR": "10.1.2.3",
        "REMOTE_PORT": "4711",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "PATH_INFO": target,
        "SCRIPT_NAME": "",
    }


def requests(app: App, environ: dict[str, Any], count: int) -> None:
    """As a server: each request has an environ of its own, and an id that no other has."""
    for number in range(count):
        request_id = f"5a1d5c2e-0f43-4d05-9d4b-{number:012}"
        body: Any = app({**environ, "HTTP_X_REQUEST_ID": request_id}, start_response)
        for _ in body:
            pass
        body.close()


@functools.cache
def ours(routes: int, every: str) -> App:
    return MeshMiddleware(bare, mesh=mesh_for(routes, every))


def proxy_fix(app: App) -> App:
    """What Flask's documentation puts around an app behind a proxy: its address, scheme and host."""
    from werkzeug.middleware.proxy_fix import ProxyFix

    fixed: Any = ProxyFix
    made: App = fixed(app, x_for=1, x_proto=1, x_host=1)
    return made


def opentelemetry(app: App) -> App:
    """Spans that are recorded, and exported nowhere."""
    from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
    from opentelemetry.sdk.trace import TracerProvider

    made: App = OpenTelemetryMiddleware(app, tracer_provider=TracerProvider())
    return made


#: What wraps the app in each of the peers.
PEERS: dict[str, Callable[[], App]] = {
    "ProxyFix of Werkzeug": functools.partial(proxy_fix, bare),
    "OpenTelemetry for WSGI": functools.partial(opentelemetry, bare),
}


def contenders(peers: Mapping[str, App]) -> dict[str, Contender]:
    def contender(app: App, headers: Lines = HEADERS, routes: int = 1) -> Contender:
        serve = functools.partial(requests, app, environ_of(headers, routes), COUNT)
        return Contender("serve()", {"serve": serve}, COUNT)

    found = {BARE: contender(bare)}
    for name, (routes, every, headers) in SCENARIOS.items():
        found[name] = contender(ours(routes, every), headers, routes)
    return {**found, **{name: contender(app) for name, app in peers.items()}}
