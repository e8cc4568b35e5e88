"""One service of a small shop, as an ordinary Flask app that calls others by requests. What makes it part of
the mesh are four lines.

SERVICE=stock VERSION=v2 MESH=mesh.yaml ENDPOINTS=endpoints.yaml flask --app service run --port 8001
"""

from __future__ import annotations

import logging
import os
from typing import Any

import requests
from flask import Flask, abort, request

import meshcore
from meshcore.integrations.requests import MeshAdapter
from meshcore.integrations.wsgi import MeshMiddleware
from meshcore.mesh import Mesh

NAME, VERSION = os.environ["SERVICE"], os.environ.get("VERSION", "v1")

mesh = Mesh.load(os.environ["MESH"], service=NAME, endpoints=os.environ["ENDPOINTS"])  # 1
session = requests.Session()
session.mount("http://", MeshAdapter(mesh))  # 2
session.trust_env = False  # 3: else what HTTP_PROXY says comes first
app = Flask(__name__)
app.wsgi_app = MeshMiddleware(app.wsgi_app, mesh=mesh)  # type: ignore[method-assign]  # 4

logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for each request


def about(**more: Any) -> dict[str, Any]:
    """What each answer tells of its service, so that one sees from outside which way a request took."""
    context = meshcore.current()
    assert context is not None
    own = {"service": NAME, "version": VERSION, "trace": context.trace_id, "request_id": context.request_id}
    return {**own, **more}


def call(url: str) -> Any:
    """Another service's answer, or the status that it failed with."""
    tester = request.headers.get("x-tester")
    answer = session.get(url, headers={"x-tester": tester} if tester else None, timeout=5)
    return answer.json() if answer.ok else {"status": answer.status_code}


if NAME == "shop":

    @app.get("/items/<int:item>")
    def items(item: int) -> dict[str, Any]:
        return about(
            stock=call(f"http://stock:8000/stock/{item}"),
            price=call(f"http://prices:8000/prices/{item}"),
        )

elif NAME == "stock":

    @app.get("/stock/<int:item>")
    def stock(item: int) -> dict[str, Any]:
        return about(left=3)

elif NAME == "prices":
    broken = False

    @app.get("/prices/<int:item>")
    def prices(item: int) -> dict[str, Any]:
        if broken:
            abort(503)
        return about(cents=1999)

    @app.post("/break")
    def break_down() -> tuple[str, int]:
        """From now on this one answers 503."""
        global broken
        broken = True
        return "", 204
