"""The request is known wherever a framework does its work: the middleware's part of meshcore.context."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from mesh_support import in_loop, mesh_of, service

from meshcore.context import ContextExecutor, bind, current
from meshcore.integrations.asgi import MeshMiddleware

TRACE = "0af7651916cd43dd8448eb211c80319c"
HEADERS = {"host": "reviews:9080", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}


def trace() -> str:
    context = current()
    return context.trace_id if context is not None else "none"


class Refused(Exception):
    pass


async def dependency() -> AsyncIterator[str]:
    yield trace()
    noted.append(trace())


#: What work that goes on beside an answer found.
noted: list[str] = []
#: Tasks that outlive their request, and what they wait for.
left: list[tuple[asyncio.Task[None], asyncio.Event]] = []
app = FastAPI()
app.add_middleware(MeshMiddleware, mesh=mesh_of(service("reviews", 1)))


@app.get("/async")
async def in_a_coroutine() -> str:
    return trace()


@app.get("/sync")
def in_a_thread() -> str:
    return trace()


@app.get("/depends")
async def with_a_dependency(found: str = Depends(dependency)) -> str:
    return found


@app.get("/background")
async def with_background_tasks(tasks: BackgroundTasks) -> str:
    async def later() -> None:
        await asyncio.sleep(0)
        noted.append(trace())

    tasks.add_task(later)
    tasks.add_task(lambda: noted.append(trace()))  # in a thread
    return ""


@app.get("/tasks")
async def with_tasks() -> str:
    async def later() -> str:
        await asyncio.sleep(0)
        return trace()

    found = set(await asyncio.gather(asyncio.create_task(later()), later(), asyncio.to_thread(trace)))
    if sys.version_info >= (3, 11):
        async with asyncio.TaskGroup() as group:
            grouped = group.create_task(later())
        found.add(grouped.result())
    loop = asyncio.get_running_loop()
    found.add(await loop.run_in_executor(None, bind(trace)))
    with ContextExecutor(1) as pool:
        found.add(await loop.run_in_executor(pool, trace))
    found.add(contextvars.copy_context().run(trace))
    return ",".join(found)


@app.get("/late")
async def with_a_task_that_goes_on() -> str:
    """Nobody has asked for the context before the request is over."""
    over = asyncio.Event()

    async def later() -> None:
        await over.wait()
        noted.append(trace())

    left.append((asyncio.create_task(later()), over))
    return ""


@app.get("/stream")
async def streamed() -> StreamingResponse:
    async def parts() -> AsyncIterator[str]:
        for _ in range(2):
            await asyncio.sleep(0)
            yield f"{trace()},"

    return StreamingResponse(parts())


@app.get("/stream/sync")
def streamed_by_threads() -> StreamingResponse:
    def parts() -> Iterator[str]:
        yield f"{trace()},"
        yield f"{trace()},"

    return StreamingResponse(parts())


@app.get("/refused")
async def refuse() -> None:
    raise Refused


@app.get("/broken")
def fail() -> None:
    raise ZeroDivisionError


@app.exception_handler(Refused)
async def refused(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse(trace(), 403)


@app.exception_handler(Exception)
async def broken(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse(trace(), 500)  # Starlette calls it outside of all middleware


async def ask(path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://reviews:9080") as client:
        return await client.get(path, headers=HEADERS)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/async", f'"{TRACE}"'),
        ("/sync", f'"{TRACE}"'),
        ("/depends", f'"{TRACE}"'),
        ("/tasks", f'"{TRACE}"'),
        ("/stream", f"{TRACE},{TRACE},"),
        ("/stream/sync", f"{TRACE},{TRACE},"),
        ("/refused", f'"{TRACE}"'),
        ("/broken", f'"{TRACE}"'),
    ],
)
@in_loop
async def test_the_request_is_known(path: str, body: str) -> None:
    noted.clear()
    response = await ask(path)
    assert response.text == body
    assert noted == ([TRACE] if path == "/depends" else [])


@in_loop
async def test_the_request_is_known_after_its_answer() -> None:
    noted.clear()
    await ask("/background")
    assert noted == [TRACE, TRACE]


@in_loop
async def test_the_request_is_known_when_it_is_over() -> None:
    noted.clear()
    for path in ("/late", "/late"):
        await ask(path)
    while left:
        task, over = left.pop(0)
        over.set()
        await task
    assert noted == [TRACE, TRACE]


@in_loop
async def test_requests_at_once_do_not_see_each_other() -> None:
    async def one(number: int) -> None:
        transport = httpx.ASGITransport(app)
        headers = {**HEADERS, "traceparent": f"00-{number:032x}-b7ad6b7169203331-01"}
        async with httpx.AsyncClient(transport=transport, base_url="http://reviews:9080") as client:
            responses = [await client.get(path, headers=headers) for path in ("/async", "/sync", "/tasks")]
        assert {it.json() for it in responses} == {f"{number:032x}"}

    await asyncio.gather(*(one(number) for number in range(1, 9)))
    assert current() is None
