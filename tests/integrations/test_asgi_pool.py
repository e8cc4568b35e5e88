"""meshcore.integrations._asgi_pool.pxi: answers that are given out again know nothing of what they were."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from asgi_support import App, Client
from mesh_support import active, in_loop
from test_asgi_answer import ignore, request, scope_of, started

from meshcore.integrations.asgi import MeshMiddleware


class Thing:
    """Something that a request has."""


async def answers(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body"})


@in_loop
async def test_one_that_is_given_out_again_is_a_new_one() -> None:
    mesh = started()
    middleware = MeshMiddleware(App(), mesh=mesh)
    seen: set[int] = set()
    for _ in range(3):
        answer: Any = middleware(scope_of(), request, ignore)
        seen.add(id(answer))
        with pytest.raises(RuntimeError, match="no app has been called"):
            answer.context()
        await answer
        assert answer.context() is not None
        with pytest.raises(RuntimeError, match="already awaited"):
            await answer
        del answer
    assert len(seen) == 1
    assert (await Client(middleware).get("/")).status == 200
    mesh.close()


@in_loop
async def test_one_that_an_app_keeps_is_its_own() -> None:
    kept: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        kept.append(send)
        await answers(scope, receive, send)

    mesh = started()
    middleware = MeshMiddleware(app, mesh=mesh)
    for _ in range(2):
        await middleware(scope_of(), request, ignore)
    assert kept[0] is not kept[1]
    assert kept[0].context() is not kept[1].context()
    mesh.close()


@in_loop
async def test_what_leads_back_to_itself_goes_with_the_garbage() -> None:
    mesh = started()
    middleware = MeshMiddleware(answers, mesh=mesh)
    for begins in (False, True):
        thing = Thing()
        gone = weakref.ref(thing)
        scope = scope_of(thing=thing)
        scope["answer"] = middleware(scope, request, ignore)
        if begins:
            await scope["answer"]
            scope["context"] = scope["answer"].context()
        del scope, thing
        gc.collect()
        assert gone() is None
    assert (await Client(middleware).get("/")).status == 200
    assert active(mesh) == 0
    mesh.close()


@in_loop
async def test_more_at_once_than_are_kept() -> None:
    mesh = started()
    middleware = MeshMiddleware(App(), mesh=mesh)
    for _ in range(2):
        answers = [middleware(scope_of(), request, ignore) for _ in range(200)]
        for answer in answers:
            await answer
        del answers, answer
    assert sum(mesh.requests.total().values()) == 400
    mesh.close()
