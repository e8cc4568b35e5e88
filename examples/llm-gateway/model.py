"""A stand-in for a model server: answers in OpenAI's way, the same to the same request.

MODEL=large VERSION=stable uvicorn model:app --port 9001
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

NAME = f"{os.environ['MODEL']}-{os.environ['VERSION']}"
WORDS = ["It", "was", "the", "best", "of", "times,"] * 8

seen: dict[str, Any] = {"requests": 0, "streams": 0, "key": ""}
status = 200
go_on = asyncio.Event()
go_on.set()


async def chat(request: Request) -> Response:
    seen["requests"] += 1
    seen["key"] = request.headers.get("authorization", "")
    if status != 200:
        return JSONResponse({"error": {"message": "out of order", "code": status}}, status)
    body = await request.json()
    words = WORDS[: body.get("max_tokens") or len(WORDS)]
    prompt = sum(len(message["content"].split()) for message in body["messages"])
    used = {"prompt_tokens": prompt, "completion_tokens": len(words), "total_tokens": prompt + len(words)}
    if body.get("stream"):
        usage = used if body.get("stream_options", {}).get("include_usage") else None
        return StreamingResponse(stream(words, usage), media_type="text/event-stream")
    message = {"role": "assistant", "content": " ".join(words)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return JSONResponse({"object": "chat.completion", "model": NAME, "choices": [choice], "usage": used})


async def stream(words: list[str], usage: dict[str, int] | None) -> AsyncIterator[str]:
    seen["streams"] += 1
    try:
        for word in words:
            yield event(choices=[{"index": 0, "delta": {"content": word + " "}}])
            await go_on.wait()
        if usage:
            yield event(choices=[], usage=usage)
        yield "data: [DONE]\n\n"
    finally:
        seen["streams"] -= 1


def event(**more: Any) -> str:
    return f"data: {json.dumps({'object': 'chat.completion.chunk', 'model': NAME, **more})}\n\n"


# ------------------------------------------------------------------ for run.py


async def answer(request: Request) -> Response:
    """From now on this server answers so."""
    global status
    status = request.path_params["status"]
    return Response()


async def hold(request: Request) -> Response:
    """From now on streams stop after their first word, until /go-on."""
    go_on.clear()
    return Response()


async def release(request: Request) -> Response:
    go_on.set()
    return Response()


async def what_was_seen(request: Request) -> Response:
    return JSONResponse(seen)


app = Starlette(
    routes=[
        Route("/v1/chat/completions", chat, methods=["POST"]),
        Route("/answer/{status:int}", answer, methods=["POST"]),
        Route("/hold", hold, methods=["POST"]),
        Route("/go-on", release, methods=["POST"]),
        Route("/seen", what_was_seen),
    ]
)
