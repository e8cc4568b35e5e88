"""One service of the bookshop, as an ordinary FastAPI app. What makes it part of the mesh are three lines.

SERVICE=reviews VERSION=v2 MESH=mesh.yaml ENDPOINTS=endpoints.yaml uvicorn service:app --port 9082
"""

from __future__ import annotations

import os
from typing import Any

import httpx
from fastapi import FastAPI, HTTPException, Request

import meshcore
from meshcore.integrations.asgi import MeshMiddleware
from meshcore.integrations.httpx import AsyncMeshTransport
from meshcore.mesh import Mesh

NAME, VERSION = os.environ["SERVICE"], os.environ.get("VERSION", "v1")

mesh = Mesh.load(os.environ["MESH"], service=NAME, endpoints=os.environ["ENDPOINTS"])  # 1
client = httpx.AsyncClient(transport=AsyncMeshTransport(mesh))  # 2
app = FastAPI()
app.add_middleware(MeshMiddleware, mesh=mesh)  # 3


def about(**more: Any) -> dict[str, Any]:
    """What each answer tells of its service, so that one sees from outside which way a request took."""
    context = meshcore.current()
    assert context is not None
    return {
        "service": NAME,
        "version": VERSION,
        "trace": context.trace_id,
        "request_id": context.request_id,
        **more,
    }


async def call(url: str, request: Request) -> Any:
    """Another service's answer, or the status that it failed with."""
    user = request.headers.get("end-user")
    answer = await client.get(url, headers={"end-user": user} if user else None)
    return answer.json() if answer.status_code == 200 else {"status": answer.status_code}


if NAME == "productpage":

    @app.get("/productpage")
    async def productpage(request: Request) -> dict[str, Any]:
        return about(
            details=await call("http://details:9080/details/0", request),
            reviews=await call("http://reviews:9080/reviews/0", request),
        )

elif NAME == "details":

    @app.get("/details/{book}")
    async def details(book: int) -> dict[str, Any]:
        return about(book=book, title="The Comedy of Errors")

elif NAME == "reviews":

    @app.get("/reviews/{book}")
    async def reviews(book: int, request: Request) -> dict[str, Any]:
        if VERSION == "v1":  # the first version knew nothing of stars
            return about(book=book)
        return about(book=book, ratings=await call(f"http://ratings:9080/ratings/{book}", request))

elif NAME == "ratings":
    broken = False

    @app.get("/ratings/{book}")
    async def ratings(book: int) -> dict[str, Any]:
        if broken:
            raise HTTPException(503)
        return about(book=book, stars=5)

    @app.post("/break")
    async def break_down() -> None:
        """From now on this one answers 503."""
        global broken
        broken = True
