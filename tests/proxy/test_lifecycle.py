"""Starting, draining, stopping, and configurations that change under way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from proxy_support import (
    RawClient,
    RawOrigin,
    WatchedEngine,
    cluster,
    config_for,
    in_loop,
    origin,
    proxy_for,
    talking,
)

from meshcore.config import ConfigError
from meshcore.model import Config, ConfigWarning
from meshcore.proxy import Proxy
from meshcore.reloading import Reloader

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Gate:
    """An origin's handler that answers when told to."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.open = asyncio.Event()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.arrived.set()
        await self.open.wait()
        return web.Response(text="done")


@in_loop
async def test_draining_finishes_what_is_under_way_and_accepts_no_more() -> None:
    gate = Gate()
    async with origin(gate) as port, proxy_for(config_for(cluster(port))) as served:
        address = served.port
        async with RawClient(address) as busy, RawClient(address) as idle:
            await busy.get("/")
            await gate.arrived.wait()
            stopping = asyncio.ensure_future(served.proxy.stop(drain=10.0))
            assert await idle.rest() == b""  # an idle connection ends at once
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", address)
            assert not stopping.done()
            gate.open.set()
            status, headers, body = await busy.answer()
            assert (status, headers["connection"], body) == (200, ["close"], b"done")
            assert await busy.rest() == b""
            assert await stopping is True


@in_loop
async def test_draining_ends_with_its_time() -> None:
    gate = Gate()
    async with origin(gate) as port, proxy_for(config_for(cluster(port))) as served:
        async with RawClient(served.port) as client:
            await client.get("/")
            await gate.arrived.wait()
            assert await served.proxy.stop(drain=0.05) is False
            assert await client.rest() == b""
        assert served.engine.open == 0
        assert served.log[0].flags == "DC"


@in_loop
async def test_draining_can_be_cut_short() -> None:
    gate = Gate()
    async with origin(gate) as port, talking(config_for(cluster(port))) as (served, client):
        await client.get("/")
        await gate.arrived.wait()
        stopping = asyncio.ensure_future(served.proxy.stop(drain=3600.0))
        await asyncio.sleep(0)
        served.proxy.stop_now()
        assert await stopping is False


@in_loop
async def test_an_address_in_use_leaves_nothing_open() -> None:
    async with RawOrigin(OK) as app:
        engine = WatchedEngine(config_for(cluster(app.port)))
        proxy = Proxy(engine, listen=[("127.0.0.1", 0), ("127.0.0.1", app.port)])  # type: ignore[arg-type]
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{app.port}: .*in use"):
            await proxy.start()
        assert proxy.ports == []


@in_loop
async def test_a_swap_loses_no_request() -> None:
    async with (
        RawOrigin(OK) as first,
        RawOrigin(OK) as second,
        proxy_for(config_for(cluster(first.port))) as served,
    ):
        other = config_for(cluster(second.port))

        async def ask_often() -> list[int]:
            async with RawClient(served.port) as client:
                statuses = []
                for _ in range(20):
                    await client.get("/")
                    statuses.append((await client.answer())[0])
                return statuses

        asking = [asyncio.ensure_future(ask_often()) for _ in range(4)]
        while first.connections < 8:
            await asyncio.sleep(0)
        served.proxy.engine.swap(other)
        assert await asyncio.gather(*asking) == [[200] * 20] * 4
        assert second.connections


class Documents:
    """A load that gives what it is set to."""

    def __init__(self, config: Config) -> None:
        self.now: Config | Exception = config

    def load(self) -> Config:
        if isinstance(self.now, Exception):
            raise self.now
        return self.now


@in_loop
async def test_a_bad_file_is_reported_and_the_old_configuration_keeps_serving() -> None:
    async with RawOrigin(OK) as app, proxy_for(config_for(cluster(app.port))) as served:
        documents = Documents(config_for(cluster(app.port)))
        said: list[str] = []
        reloader = Reloader(served.proxy, documents.load, (), said.append)
        for error in (ConfigError(()), OSError("no such file")):
            documents.now = error
            assert not await reloader.reload()
            assert "the old one keeps serving" in said[-1]
            assert served.proxy.reload_error == str(error)
            async with RawClient(served.port) as client:
                await client.get("/")
                assert (await client.answer())[0] == 200
        documents.now = config_for(cluster(app.port), digest="new")
        assert await reloader.reload()
        assert "new" in said[-1]
        assert served.proxy.reload_error == ""
        assert served.proxy.engine.config.digest == "new"
        assert served.proxy.stats.counters["config.reload_rejected"] == 2
        assert served.proxy.stats.counters["config.reload_success"] == 1


@in_loop
async def test_a_reload_lists_the_warnings_that_were_not_there_before() -> None:
    async with RawOrigin(OK) as app, proxy_for(config_for(cluster(app.port))) as served:

        def warned(*messages: str) -> Config:
            return replace(config_for(cluster(app.port)), warnings=tuple(map(ConfigWarning, messages)))

        documents = Documents(warned("old"))
        said: list[str] = []
        reloader = Reloader(served.proxy, documents.load, (), said.append)
        assert await reloader.reload()
        documents.now = warned("old", "new", "new")
        assert await reloader.reload()
        documents.now = warned("old")
        assert await reloader.reload()
        assert [it for it in said if "warning" in it] == ["warning: old", "warning: new"]


@in_loop
async def test_changed_files_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text("a: 1\n")
    async with RawOrigin(OK) as app, proxy_for(config_for(cluster(app.port))) as served:
        said: asyncio.Queue[str] = asyncio.Queue()
        documents = Documents(config_for(cluster(app.port), digest="second"))
        reloader = Reloader(served.proxy, documents.load, [str(tmp_path)], said.put_nowait, interval=0.01)
        watching = asyncio.ensure_future(reloader.run())
        path.write_text("a: 22\n")
        assert "second" in await said.get()
        documents.now = ConfigError(())
        path.write_text("a: [\n")
        assert "keeps serving" in await said.get()
        documents.now = config_for(cluster(app.port), digest="third")
        reloader.trigger()  # as SIGHUP does, with no file changed
        assert "third" in await said.get()
        watching.cancel()
