"""An OpenAI-compatible gateway in front of several models.

MESH=mesh.yaml ENDPOINTS=endpoints.yaml STATE=gateway uvicorn gateway:app --workers 2
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from meshcore import RateLimiter
from meshcore.integrations.asgi import MeshMiddleware
from meshcore.integrations.httpx import AsyncMeshTransport
from meshcore.mesh import Mesh

#: What the workers share: the budgets of the keys, the limits of mesh.yaml, ejected servers.
STATE = os.environ["STATE"]
#: Who answers in place of a model that is out of order, in this order.
FALLBACK = {"large": ("small",), "auto": ("small",)}
USED = re.compile(rb'"total_tokens":\s*(\d+)')

mesh = Mesh.load(os.environ["MESH"], service="gateway", endpoints=os.environ["ENDPOINTS"], shared_state=STATE)
client = httpx.AsyncClient(
    transport=AsyncMeshTransport(mesh), timeout=None, headers={"accept-encoding": "identity"}
)
budget = RateLimiter(1000, 1000, 3600.0, name="tokens", shared_state=STATE)  # tokens an hour, for each key
app = FastAPI()
app.add_middleware(MeshMiddleware, mesh=mesh)


@app.post("/v1/chat/completions")
async def chat(request: Request) -> Response:
    key = request.headers.get("authorization", "")
    if not key.startswith("Bearer "):
        return refused(401, "an API key is needed")
    try:
        body: dict[str, Any] = await request.json()
        model, charge = str(body["model"]), estimate(body)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return refused(400, "this is no chat completion request")
    allowed, left, wait = budget.check(key, charge)
    if not allowed:
        again = {"retry-after": str(math.ceil(wait))} if wait < math.inf else {}
        return refused(429, f"the request may take {charge} tokens, and {left} are left", again)
    user = {"x-user": text(body["user"])} if body.get("user") else {}
    try:
        answer = await ask(model, await request.body(), user)
    except httpx.TransportError:
        budget.refund(key, charge)
        return refused(502, "no model can be reached")
    if answer.status_code != 200:
        budget.refund(key, charge)
        charge = 0
    told = {name: answer.headers[name] for name in ("content-type", "retry-after") if name in answer.headers}
    return StreamingResponse(relay(answer, key, charge), answer.status_code, told)


async def ask(model: str, body: bytes, headers: dict[str, bytes]) -> httpx.Response:
    """The first model that is in order answers; where none is, the last one's excuse stands.

    Other servers of a model are mesh.yaml's matter. Another model is another cluster, and takes a loop.
    """
    names = [model, *FALLBACK.get(model, ())]
    for name in names[:-1]:
        try:
            answer = await post(name, body, headers)
        except httpx.TransportError:
            continue
        if answer.status_code != 429 and answer.status_code < 500:
            return answer
        await answer.aclose()
    return await post(names[-1], body, headers)


async def post(model: str, body: bytes, headers: dict[str, bytes]) -> httpx.Response:
    # The model is a header, not a host: what mesh.yaml does not know is answered 404 there.
    headers = {**headers, "x-model": text(model), "content-type": b"application/json"}
    request = client.build_request("POST", "http://models/v1/chat/completions", content=body, headers=headers)
    return await client.send(request, stream=True)


async def relay(answer: httpx.Response, key: str, charge: int) -> AsyncIterator[bytes]:
    """The model's bytes as they come; then the key pays what was used, in place of what was guessed.

    Who leaves before that, or does not ask for the usage of a stream, pays the guess.
    """
    tail, used = b"", charge
    try:
        async for piece in answer.aiter_raw():
            tail = (tail + piece)[-4096:]  # usage comes last
            yield piece
        if charge and (found := USED.findall(tail)):
            used = int(found[-1])
    finally:
        if used < charge:
            budget.refund(key, charge - used)
        elif used > charge:
            budget.reserve(key, used - charge)  # a debt, where nothing is left
        await answer.aclose()


def estimate(body: dict[str, Any]) -> int:
    """Tokens that a request may take: about one for four characters, and what the answer may have."""
    asked = sum(len(str(message["content"])) for message in body["messages"])
    most = int(body.get("max_tokens") or 256)
    if most < 0:
        raise ValueError(most)
    return asked // 4 + most


def text(value: object) -> bytes:
    """A header's value of whatever the client wrote."""
    return str(value).encode("utf-8", "replace")


def refused(status: int, why: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": {"message": why, "code": status}}, status, headers)


@app.get("/under-way")
async def under_way() -> int:
    """How many requests the models are busy with, all workers' together."""
    return sum(
        endpoint["active_requests"] for cluster in mesh.engine.clusters() for endpoint in cluster["endpoints"]
    )
