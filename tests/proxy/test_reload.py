"""meshcore.reloading: beside the traffic, and never by half of a document."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from proxy_support import HOST, Served, config_for, in_loop, proxy_for, route

from meshcore import load
from meshcore.model import Config, DirectResponse, HttpOptions
from meshcore.proxy import in_force
from meshcore.reloading import Reloader
from meshcore.upstream.view import View

PATIENCE = 60.0


def answering(status: int, **fields: Any) -> Config:
    return config_for(routes=(route(DirectResponse(status)),), **fields)


async def status_of(served: Served) -> int:
    _, writer = connection = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(f"GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
    answer = await connection[0].read()
    writer.close()
    return int(answer.split()[1])


def documents(status: int, count: int = 3) -> str:
    """An Envoy document whose routes can be cut anywhere between two of them."""
    head = f"name: table\nvirtual_hosts:\n- name: app\n  domains: [{HOST}]\n  routes:\n"
    routes = "".join(
        f"  - match: {{path: /{i}}}\n    direct_response: {{status: {status}}}\n" for i in range(count)
    )
    return f"{head}{routes}  - match: {{prefix: /}}\n    direct_response: {{status: {status}}}\n"


@in_loop
async def test_requests_are_served_while_a_reload_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading, compiling and arranging what the proxy looks up all happen off the loop's thread."""
    where: dict[str, int] = {}
    loading, go_on = threading.Event(), threading.Event()

    def read() -> Config:
        where["read"] = threading.get_ident()
        loading.set()
        assert go_on.wait(PATIENCE)
        return answering(202)

    def view(config: Config) -> View:
        where["view"] = threading.get_ident()
        return View(config)

    async with proxy_for(answering(201)) as served:
        monkeypatch.setattr(in_force, "View", view)
        swap = served.proxy.engine.swap

        def compile_and_swap(config: Config) -> None:
            where["compile"] = threading.get_ident()
            swap(config)

        monkeypatch.setattr(served.proxy.engine, "swap", compile_and_swap, raising=False)
        reloader = Reloader(served.proxy, read, (), lambda message: None)
        reload = asyncio.ensure_future(reloader.reload())
        await asyncio.to_thread(loading.wait, PATIENCE)
        assert await status_of(served) == 201
        assert not reload.done()
        go_on.set()
        assert await reload
        assert await status_of(served) == 202
        assert set(where) == {"read", "view", "compile"}
        assert threading.get_ident() not in where.values()


class Watched:
    """A reloader over one file, with the loads that it makes."""

    def __init__(self, served: Served, path: Path, during: Callable[[], object] = lambda: None) -> None:
        self.path = path
        self.loads = 0
        self.said: list[str] = []
        self.during = during
        self.reloader = Reloader(served.proxy, self.load, [str(path)], self.said.append)
        self.look = self.reloader.look

    def load(self) -> Config:
        self.loads += 1
        config = load(self.path)
        self.during()
        return config


@in_loop
async def test_a_file_is_read_when_two_looks_have_found_the_same(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text(documents(201))
    async with proxy_for(load(path)) as served:
        watched = Watched(served, path)
        text = documents(202)
        for end in (text.index("  - match: {path: /1}"), text.index("  - match: {prefix"), len(text)):
            path.write_text(text[:end])  # valid each time, but half of what is being written
            assert not await watched.look()
            assert watched.loads == 0
            assert await status_of(served) == 201
        assert await watched.look()
        assert watched.loads == 1
        assert await status_of(served) == 202
        assert not await watched.look()
        assert watched.loads == 1


@in_loop
async def test_what_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text(documents(201))
    async with proxy_for(load(path)) as served:
        watched = Watched(served, path, during=lambda: path.write_text(documents(202, count=9)))
        path.write_text(documents(503, count=1))
        assert not await watched.look()
        assert not await watched.look()
        assert watched.loads == 1
        assert not watched.said, "nobody is told of what did not last"
        assert await status_of(served) == 201
        watched.during = lambda: None
        assert not await watched.look()
        assert await watched.look()
        assert await status_of(served) == 202


@in_loop
async def test_half_a_file_is_refused_by_line_until_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text(documents(201))
    async with proxy_for(load(path)) as served:
        watched = Watched(served, path)
        text = documents(202)
        path.write_text(text[: text.index("direct_response") + len("direct_resp")])
        assert not await watched.look()
        assert not await watched.look()
        assert f"{path}:8:1: " in watched.said[0]
        assert "keeps serving" in watched.said[0]
        assert f"{path}:8:1: " in served.proxy.reload_error
        assert await status_of(served) == 201
        assert not await watched.look()
        assert len(watched.said) == 1, "what is known to be bad is not read again"
        path.write_text(text)
        assert not await watched.look()
        assert await watched.look()
        assert served.proxy.reload_error == ""
        assert await status_of(served) == 202


@in_loop
async def test_a_file_that_is_replaced_by_another_moment_of_absence(tmp_path: Path) -> None:
    """Editors remove and write: a file that is away is not the new configuration."""
    path = tmp_path / "routes.yaml"
    path.write_text(documents(201))
    async with proxy_for(load(path)) as served:
        watched = Watched(served, path)
        path.unlink()
        assert not await watched.look()
        path.write_text(documents(202, count=5))
        assert not await watched.look()
        assert await watched.look()
        assert not [message for message in watched.said if "refused" in message]
        assert await status_of(served) == 202


@in_loop
async def test_an_unforeseen_error_is_reported_and_the_next_change_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text(documents(201))
    async with proxy_for(load(path)) as served:
        watched = Watched(served, path, during=lambda: 1 / 0)
        path.write_text(documents(202, count=4))
        assert not await watched.look()
        assert not await watched.look()
        assert "division by zero" in served.proxy.reload_error
        watched.during = lambda: None
        path.write_text(documents(203, count=5))
        assert not await watched.look()
        assert await watched.look()
        assert await status_of(served) == 203


@in_loop
async def test_a_swap_of_the_engine_by_others_is_seen() -> None:
    async with proxy_for(answering(201)) as served:
        other = answering(202)
        served.proxy.engine.swap(other)
        assert served.proxy.view().config is other
        assert await status_of(served) == 202


@in_loop
async def test_a_listener_says_whether_its_requests_are_logged() -> None:
    async with proxy_for(answering(201)) as served:
        for access_log, lines in ((True, 1), (False, 1), (True, 2)):
            await asyncio.to_thread(
                served.proxy.swap, answering(202, options=HttpOptions(access_log=access_log))
            )
            assert await status_of(served) == 202
            await served.idle()
            assert len(served.log) == lines
        assert served.proxy.stats.counters["http.downstream_rq_total"] == 3
