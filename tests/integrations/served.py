"""An app in the mesh, for ASGI and for WSGI, as tests/integrations/test_servers.py has real servers serve it.

    MESH=mesh.yaml STATE=state uvicorn served:asgi

/trace asks the service back for its context; /held asks it, and answers what it does; /state tells what all
workers know together; others just answer.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import httpx
import requests

import meshcore
from meshcore.integrations.asgi import MeshMiddleware as AsgiMiddleware
from meshcore.integrations.httpx import AsyncMeshTransport
from meshcore.integrations.requests import MeshAdapter
from meshcore.integrations.wsgi import MeshMiddleware as WsgiMiddleware
from meshcore.mesh import Mesh

PID = str(os.getpid())


class Written:
    """A span processor that writes down the ids of each span, where all workers do."""

    def on_end(self, span: Any) -> None:
        above = None if span.parent is None else f"{span.parent.span_id:016x}"
        ids = [f"{span.context.trace_id:032x}", span.kind.name, f"{span.context.span_id:016x}", above]
        with open(os.environ["SPANS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(ids) + "\n")

    def force_flush(self) -> None:
        pass


mesh = Mesh.load(
    os.environ["MESH"],
    service="front",
    shared_state=os.environ["STATE"],
    reload_interval=0,
    spans=Written() if os.environ.get("SPANS") else None,  # type: ignore[arg-type]
)


def told(path: str, status: int = 200, content: bytes = b"") -> bytes:
    """The answer, where ``content`` is that of the service back."""
    context = meshcore.current()
    assert context is not None
    found: dict[str, Any] = {"pid": int(PID), "trace": context.trace_id, "request_id": context.request_id}
    if status == 200 and content:
        found["back"] = json.loads(content)
    if path == "/state":
        state = mesh.engine.shared_state
        assert state is not None
        found["processes"] = state.processes
        (back,) = (it for it in mesh.engine.clusters() if "|back." in it["name"])
        found["active"] = back["endpoints"][0]["active_requests"]
    return json.dumps(found).encode()


# ------------------------------------------------------------------ ASGI

client = httpx.AsyncClient(transport=AsyncMeshTransport(mesh), timeout=60)


async def app(
    scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    path, status, content = scope["path"], 200, b""
    if path in ("/trace", "/held"):
        answer = await client.get(f"http://back:9080{path}", headers={"x-pid": PID})
        status, content = answer.status_code, answer.content
    body = await asyncio.to_thread(told, path, status, content)  # threads know the context, too
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


asgi = AsgiMiddleware(app, mesh=mesh)

# ------------------------------------------------------------------ WSGI

session = requests.Session()
session.trust_env = False
session.mount("http://", MeshAdapter(mesh, pool_maxsize=20))


def wsgi_app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path, status, content = environ["PATH_INFO"], 200, b""
    if path in ("/trace", "/held"):
        answer = session.get(f"http://back:9080{path}", headers={"x-pid": PID})
        status, content = answer.status_code, answer.content
    body = told(path, status, content)
    start_response(
        f"{status} Of back", [("content-type", "application/json"), ("content-length", str(len(body)))]
    )
    return [body]


wsgi = WsgiMiddleware(wsgi_app, mesh=mesh)
