"""Endpoints whose answers are none, or none that a server could pass on; and what goes to them as given."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from asgi_support import App, Client
from callers import CALLERS, Call, caller_of
from mesh_support import active, in_loop, mesh_of, rules, service
from origins import origins
from test_wsgi import App as WsgiApp
from test_wsgi import call

from meshcore.integrations._pools import Pools
from meshcore.integrations.asgi import MeshMiddleware
from meshcore.integrations.wsgi import MeshMiddleware as WsgiMiddleware
from meshcore.mesh import Mesh

ANSWERS = {
    "/999": b"HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nok",
    "/204": b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok",
    "/204-chunked": b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "/204-empty": b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
    "/304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    "/103": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhints",
}
PROTOCOL_ERROR = b"upstream connect error or disconnect/reset before headers. reset reason: protocol error"
AWAY = (
    "match: [{uri: {prefix: /ratings/}}], rewrite: {uri: /}, retries: {attempts: 0}, "
    "route: [{destination: {host: ratings}}]"
)


class _Raw(socketserver.StreamRequestHandler):
    heads: ClassVar[list[str]] = []

    def handle(self) -> None:
        while line := self.rfile.readline():
            path = line.split()[1].decode()
            lines = [line.decode("latin-1")]
            while (line := self.rfile.readline()).strip():
                lines.append(line.decode("latin-1").lower())
            self.heads.append("".join(lines))
            self.wfile.write(ANSWERS.get(path, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with _Server(("127.0.0.1", 0), _Raw) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture(autouse=True)
def heads() -> list[str]:
    _Raw.heads.clear()
    return _Raw.heads


def away(port: int) -> Mesh:
    return mesh_of(service("reviews", 1), service("ratings", port), rules("reviews", AWAY))


@pytest.mark.parametrize(
    ("path", "status"),
    [("/999", 502), ("/204", 502), ("/204-chunked", 502), ("/204-empty", 204), ("/304", 304)],
)
@in_loop
async def test_asgi_forwards_what_a_server_can_send(port: int, path: str, status: int) -> None:
    async with away(port) as mesh:
        middleware = MeshMiddleware(App(), mesh=mesh)
        client = await Client(middleware).get(f"/ratings{path}")
        assert client.status == status
        if status < 500:
            assert client.body == b""
            assert client.headers.get("content-length", "0") == "0"
        else:
            assert client.body == PROTOCOL_ERROR
        assert active(mesh) == 0
        await middleware._forwarder.close()


@pytest.mark.parametrize(
    ("path", "status"), [("/999", 999), ("/204", 502), ("/204-empty", 204), ("/304", 304)]
)
def test_wsgi_forwards_what_a_server_can_send(port: int, path: str, status: int) -> None:
    pytest.importorskip("httpx")
    with away(port) as mesh:
        answer = call(WsgiMiddleware(WsgiApp(), mesh=mesh), f"/ratings{path}", typed=False)
        assert answer.status == status
        assert answer.body == {999: b"ok", 502: PROTOCOL_ERROR}.get(status, b"")
        assert active(mesh) == 0


@pytest.mark.parametrize("name", CALLERS)
def test_clients_take_a_body_where_none_may_be_for_an_error(port: int, name: str) -> None:
    with mesh_of(service("reviews", port), rules("reviews", "retries: {attempts: 0}, HERE")) as mesh:
        caller = caller_of(name)
        answer = caller.call(mesh, "GET", "/204")
        if name == "aiohttp":  # its parser has found it, and that is its own error
            assert "Bad status line" in str(answer.error)
        else:
            assert answer.status == 502
        assert caller.call(mesh, "GET", "/204-empty").status == 204
        assert caller.call(mesh, "GET", "/999").status == 999
        assert active(mesh) == 0


def test_wsgi_forwards_nothing_that_is_between_the_client_and_us(port: int, heads: list[str]) -> None:
    pytest.importorskip("httpx")
    with away(port) as mesh:
        call(
            WsgiMiddleware(WsgiApp(), mesh=mesh),
            "/ratings/a",
            typed=False,
            HTTP_TE="trailers",
            HTTP_CONNECTION="te, upgrade, x-mine",
            HTTP_UPGRADE="websocket",
            HTTP_X_MINE="1",
            HTTP_X_OTHER="1",
        )
    names = {line.split(":")[0] for line in heads[0].splitlines()}
    assert not names & {"te", "upgrade", "x-mine"}
    assert "x-other" in names


REWRITTEN = "match: [{uri: {prefix: /old/}}], rewrite: {uri: '/new{|}^/'}, HERE"


@pytest.mark.parametrize("name", [name for name in CALLERS if name.startswith("httpx")])
def test_httpx_sends_what_the_route_rewrote(port: int, name: str, heads: list[str]) -> None:
    with mesh_of(service("reviews", port), rules("reviews", REWRITTEN)) as mesh:
        caller_of(name).call(mesh, "GET", "/old/a%7Cb?c=%7B")
    assert heads[0].startswith("GET /new{|}^/a%7Cb?c=%7B HTTP/1.1")


def test_wsgi_forwards_the_target_as_it_came(port: int, heads: list[str]) -> None:
    pytest.importorskip("httpx")
    with away(port) as mesh:
        middleware = WsgiMiddleware(WsgiApp(), mesh=mesh)
        call(middleware, "/ratings/x", typed=False, RAW_URI="/ratings/a%7Cb?d={|}^")
    assert heads[0].startswith("GET /a%7Cb?d={|}^ HTTP/1.1")


@pytest.mark.parametrize("port", [70000, -1, None, 0, "4711"])
@in_loop
async def test_a_client_port_that_is_no_number_is_no_error(port: object) -> None:
    with mesh_of(service("reviews", 1), rules("reviews")) as mesh:
        client = await Client(MeshMiddleware(App(), mesh=mesh)).get("/", client=("10.0.0.9", port))
        assert client.status == 200
        for text in ("70000", "-1", "9" * 5000, ""):
            assert call(WsgiMiddleware(WsgiApp(), mesh=mesh), "/", REMOTE_PORT=text).status == 200


# ------------------------------------------------------------------ pools that are not the library's


def test_pools_are_bounded_and_closed_when_idle() -> None:
    closed: list[Any] = []
    pools = Pools(closed.append, most=2)
    one = pools.take("1", lambda: "one")
    two = pools.take("2", lambda: "two")
    assert pools.take("1", lambda: "again") is one
    pools.give(two)
    pools.give(one)
    three = pools.take("3", lambda: "three")
    assert closed == ["two"]  # used longest ago, and idle
    pools.take("4", lambda: "four")
    assert closed == ["two"]  # one is still in use
    pools.give(one)
    assert closed == ["two", "one"]
    pools.give(three)
    assert pools.clear() == ["three", "four"]
    assert pools.take("1", lambda: "new").transport == "new"


def test_a_pool_that_cannot_be_made_is_none() -> None:
    pools = Pools(lambda transport: None)

    def fail() -> Any:
        raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        pools.take("1", fail)
    assert pools.clear() == []


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_httpx_closes_the_pools_of_names_that_are_not_asked_for(library: str, monkeypatch: Any) -> None:
    pytest.importorskip(library)
    monkeypatch.setattr("meshcore.integrations._pools.MOST", 1)
    caller: Any = caller_of(library)
    with origins(1) as (one,):
        mesh = mesh_of(service("reviews", one.port), rules("reviews"))
        transport = caller.ours.MeshTransport(mesh)
        with mesh, caller.library.Client(transport=transport) as client:
            for scheme in ("https", "http"):
                try:
                    client.get(f"{scheme}://reviews:9080/a")
                except caller.library.ConnectError:
                    assert scheme == "https"  # nobody speaks TLS there
            (pool,) = transport._others._pools.values()
            assert pool.users == 0
            assert active(mesh) == 0


@pytest.mark.parametrize("name", CALLERS)
def test_interim_answers_are_skipped(name: str, port: int) -> None:
    """Else the next request over the connection gets the answer of this one."""
    calls = [Call("GET", path) for path in ("/103", "/a", "/103")]
    with mesh_of(service("reviews", port), rules("reviews")) as mesh:
        answers = caller_of(name).calls(mesh, *calls)
        assert [(answer.status, answer.body) for answer in answers] == [
            (200, b"hints"),
            (200, b"ok"),
            (200, b"hints"),
        ]
        assert active(mesh) == 0
