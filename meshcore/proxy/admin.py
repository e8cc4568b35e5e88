"""The admin pages: /healthz, /ready, /config, /clusters and /stats. Read only."""

from __future__ import annotations

import dataclasses
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from meshcore._version import __version__
from meshcore.listening import ListenError, shown
from meshcore.proxy.clusters_text import clusters_text
from meshcore.proxy.figures import counters_of, gauges_of

if TYPE_CHECKING:
    from meshcore.proxy.server import Proxy

__all__ = ["Admin", "plain"]


class Admin:
    """The pages' server."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        app = web.Application()
        app.router.add_get("/", self._index)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/ready", self._ready)
        app.router.add_get("/config", self._config)
        app.router.add_get("/clusters", self._clusters)
        app.router.add_get("/stats", self._stats)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)

    @property
    def port(self) -> int | None:
        return self._runner.addresses[0][1] if self._runner.addresses else None

    async def start(self, host: str, port: int) -> None:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            raise ListenError(shown(host, port), error, admin=True) from error

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _index(self, request: web.Request) -> web.Response:
        return web.Response(
            text="/healthz\n/ready\n/config\n/clusters\n/clusters?format=json\n/stats\n/stats?format=json\n/stats?format=prometheus\n"
        )

    async def _healthz(self, request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _ready(self, request: web.Request) -> web.Response:
        """503 while draining, so that a balancer before us sends no more."""
        if self._proxy.draining:
            return web.Response(status=503, text="DRAINING\n")
        return web.Response(text="LIVE\n")

    async def _config(self, request: web.Request) -> web.Response:
        config = self._proxy.engine.config
        return _json(
            {
                "version": __version__,
                "digest": config.digest,
                "sources": config.sources,
                "reload_error": self._proxy.reload_error,
                "warnings": [str(warning) for warning in config.warnings],
                "skipped": config.skipped,
                "listeners": plain(config.listeners),
                "clusters": plain(config.clusters),
            }
        )

    async def _clusters(self, request: web.Request) -> web.Response:
        clusters = self._proxy.engine.clusters()
        form = request.query.get("format", "text")
        if form == "json":
            return _json({"clusters": clusters})
        if form != "text":
            return web.Response(status=400, text="format is one of text and json\n")
        return web.Response(text=clusters_text(clusters))

    async def _stats(self, request: web.Request) -> web.Response:
        stats = self._proxy.stats
        stats.gauges = gauges_of(self._proxy)
        stats.counters |= counters_of(self._proxy)
        form = request.query.get("format", "text")
        if form == "json":
            return web.Response(body=stats.json(), content_type="application/json")
        if form == "prometheus":
            return web.Response(text=stats.prometheus(), content_type="text/plain")
        if form != "text":
            return web.Response(status=400, text="format is one of text, json and prometheus\n")
        return web.Response(text=stats.text())


def plain(value: Any) -> Any:
    """A model object as JSON has it, without origins and what is at its default."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(item)
            for field in dataclasses.fields(value)
            if field.name != "origin" and (item := getattr(value, field.name)) != field.default
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (tuple, list, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return str(value)


def _json(value: Any) -> web.Response:
    text = msgspec.json.format(msgspec.json.encode(value), indent=2)
    return web.Response(body=text + b"\n", content_type="application/json")
