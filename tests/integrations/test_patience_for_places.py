"""meshcore.integrations, outgoing: who finds no connection free waits as long as its own timeouts say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3
from mesh_support import REVIEWS, config_of, rules, service
from origins import Origin, origins

from meshcore.integrations import _outbound
from meshcore.integrations import httpx as for_httpx
from meshcore.integrations import httpx2 as for_httpx2
from meshcore.integrations.aiohttp import MeshClientMiddleware
from meshcore.integrations.requests import MeshAdapter
from meshcore.integrations.urllib3 import MeshPoolManager
from meshcore.mesh import Mesh
from meshcore.model import CircuitBreakers, OutlierDetection
from meshcore.upstream.connections import Place

URL = "http://reviews:9080/"
SHORT = 0.001
Ask = Callable[[Mesh, float | None], int]


@pytest.fixture
def origin() -> Iterator[Origin]:
    with origins(1) as (found,):
        yield found


@pytest.fixture
def mesh(origin: Origin) -> Iterator[Mesh]:
    """One connection to one endpoint, which is ejected by its first failure; the route tries thrice."""
    route = 'retries: {attempts: 2, retryOn: "5xx,connect-failure,reset"}, HERE'
    config = config_of(service("reviews", origin.port), rules("reviews", route))
    clusters = tuple(
        replace(
            one,
            circuit_breakers=CircuitBreakers(max_connections=1, max_pending_requests=4),
            outlier_detection=OutlierDetection(consecutive_5xx=1, max_ejection_percent=100),
        )
        for one in config.clusters
    )
    with Mesh(replace(config, clusters=clusters)) as made:
        yield made


@pytest.fixture
def place(origin: Origin) -> Place:
    return Place(REVIEWS, f"127.0.0.1:{origin.port}", "default")


def left(mesh: Mesh) -> tuple[int, int, int]:
    """Connections and pending requests of the cluster, and active requests of its endpoint. Nobody has told
    outlier detection of a failure."""
    (cluster,) = (one for one in mesh.engine.clusters() if one["name"] == REVIEWS)
    breakers = cluster["circuit_breakers"]["default"]
    (endpoint,) = cluster["endpoints"]
    assert not any(cluster["outlier_detection"]["ejections_detected"].values())
    return breakers["connections"]["used"], breakers["pending_requests"]["used"], endpoint["active_requests"]


def by_httpx(library: Any, ours: Any) -> Ask:
    def ask(mesh: Mesh, patience: float | None) -> int:
        timeout = library.Timeout(None, pool=patience)
        with library.Client(transport=ours.MeshTransport(mesh), timeout=timeout) as client:
            status: int = client.get(URL).status_code
            return status

    return ask


def by_async_httpx(library: Any, ours: Any) -> Ask:
    async def main(mesh: Mesh, patience: float | None) -> int:
        timeout = library.Timeout(None, pool=patience)
        async with library.AsyncClient(transport=ours.AsyncMeshTransport(mesh), timeout=timeout) as client:
            status: int = (await client.get(URL)).status_code
            return status

    return lambda mesh, patience: asyncio.run(main(mesh, patience))


def by_requests(mesh: Mesh, patience: float | None) -> int:
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", MeshAdapter(mesh))
        return session.get(URL, timeout=(patience, None)).status_code


def by_urllib3(mesh: Mesh, patience: float | None) -> int:
    with MeshPoolManager(mesh) as manager:
        return manager.request("GET", URL, timeout=urllib3.Timeout(connect=patience, read=None)).status


def by_urllib3s_manager(mesh: Mesh, patience: float | None) -> int:
    with MeshPoolManager(mesh, timeout=urllib3.Timeout(connect=patience, read=None)) as manager:
        return manager.request("GET", URL).status


def by_aiohttp(mesh: Mesh, patience: float | None) -> int:
    async def main() -> int:
        timeout = aiohttp.ClientTimeout(connect=patience)
        async with (
            aiohttp.ClientSession(middlewares=[MeshClientMiddleware(mesh)], timeout=timeout) as session,
            session.get(URL) as response,
        ):
            return response.status

    return asyncio.run(main())


SYNC: dict[str, tuple[Ask, type[Exception]]] = {
    "httpx": (by_httpx(httpx, for_httpx), httpx.PoolTimeout),
    "httpx2": (by_httpx(httpx2, for_httpx2), httpx2.PoolTimeout),
    "requests": (by_requests, requests.ConnectTimeout),
    "urllib3": (by_urllib3, urllib3.exceptions.MaxRetryError),
    "urllib3's manager": (by_urllib3s_manager, urllib3.exceptions.MaxRetryError),
}
ASYNC: dict[str, tuple[Ask, type[Exception]]] = {
    "httpx async": (by_async_httpx(httpx, for_httpx), httpx.PoolTimeout),
    "httpx2 async": (by_async_httpx(httpx2, for_httpx2), httpx2.PoolTimeout),
    "aiohttp": (by_aiohttp, aiohttp.ConnectionTimeoutError),
}


@pytest.mark.parametrize("name", SYNC | ASYNC)
def test_who_finds_no_connection_in_time_raises_the_librarys_error(
    name: str, mesh: Mesh, place: Place, origin: Origin
) -> None:
    ask, error = (SYNC | ASYNC)[name]
    held = mesh.connections.wait(place, 0)
    with pytest.raises(error, match=f"no connection to {place.endpoint} of .* within 0.001 s") as raised:
        ask(mesh, SHORT)
    assert "event loop" not in str(raised.value)
    assert left(mesh) == (1, 0, 0)
    assert origin.seen == []
    held.close()
    assert ask(mesh, None) == 200
    assert left(mesh) == (0, 0, 0)


@pytest.mark.parametrize("patience", [None, SHORT])
@pytest.mark.parametrize("name", SYNC)
def test_a_sync_client_in_the_loop_that_has_the_connection_says_so(
    name: str, patience: float | None, mesh: Mesh, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, error = SYNC[name]
    monkeypatch.setattr(_outbound, "LOOP_PATIENCE", SHORT)

    async def main() -> None:
        held = await mesh.connections.take(place)
        with pytest.raises(error, match="inside of an event loop"):
            ask(mesh, patience)
        assert left(mesh) == (1, 0, 0)
        held.close()
        assert ask(mesh, None) == 200

    asyncio.run(main())
    assert left(mesh) == (0, 0, 0)
