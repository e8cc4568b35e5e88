"""Endpoints that send a byte now and then: no client waits longer for the whole than the route's timeout."""

from __future__ import annotations

import asyncio
import socketserver
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from callers import CALLERS, caller_of, decisions_seen
from mesh_support import REVIEWS, active, mesh_of, rules, service

from meshcore.context import RequestContext, enter, leave
from meshcore.integrations._httpx_reading import Until, body_within, keep_time, within
from meshcore.integrations._outbound import Outbound

BALANCED = "{loadBalancer: {simple: ROUND_ROBIN}}"
EJECTING = "{outlierDetection: {consecutive5xxErrors: 1, maxEjectionPercent: 100}}"
#: How answers begin, go on piece by piece, and end.
BEGUN = {
    "length": (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 200\r\n\r\n", b"x", b""),
    "chunks": (
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n",
        b"1\r\nx\r\n",
        b"0\r\n\r\n",
    ),
    "head": (b"HTTP/1.1 200 OK\r\n", b"x-a: b\r\n", b"content-length: 0\r\n\r\n"),
}


class _Origin(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        path = self.rfile.readline().split()[1].decode()
        while self.rfile.readline().strip():
            pass
        how, _, pieces = path[1:].partition("/")
        begun, piece, end = BEGUN[how]
        try:
            self.wfile.write(begun)
            for _ in range(int(pieces or 200)):
                self.wfile.write(piece)
                threading.Event().wait(0.01)
            self.wfile.write(end)
        except OSError:
            pass  # it was given up


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Origin) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def documents(port: int, timeout: str) -> tuple[str, str]:
    return service("reviews", port).replace(BALANCED, EJECTING), rules("reviews", f"timeout: {timeout}, HERE")


@pytest.mark.parametrize("name", CALLERS)
def test_a_head_that_trickles_is_not_waited_for(port: int, name: str) -> None:
    with mesh_of(*documents(port, "0.2s")) as mesh:
        assert caller_of(name).call(mesh, "GET", "/head").status == 504
        assert active(mesh) == 0


@pytest.mark.parametrize("body", ["length", "chunks"])
@pytest.mark.parametrize("name", CALLERS)
def test_a_body_that_trickles_is_cut_off(
    port: int, name: str, body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Outbound, "deadline", lambda self, decision: time.monotonic() + 0.05)  # from its head
    seen = decisions_seen(monkeypatch)
    with mesh_of(*documents(port, "15s")) as mesh:
        answer = caller_of(name).call(mesh, "GET", f"/{body}")
        assert "timed out" in str(answer.error).lower()
        assert active(mesh) == 0
        assert [(decision.flags, status) for decision, status in seen] == [("UT", 200)]
        (reviews,) = [it for it in mesh.engine.clusters() if it["name"] == REVIEWS]
        assert not reviews["endpoints"][0]["ejected"]  # as by Envoy


@pytest.mark.parametrize("name", CALLERS)
def test_a_body_has_the_time_that_it_takes_where_no_route_says_other(port: int, name: str) -> None:
    with mesh_of(*documents(port, "15s")) as mesh:
        assert caller_of(name).call(mesh, "GET", "/chunks/10").body == b"x" * 10
        assert active(mesh) == 0


@pytest.mark.parametrize(
    ("path", "deadline", "error"),
    [
        pytest.param("length", 0.0, "ReadTimeout", id="the deadline is over before it is read"),
        pytest.param("length/5", None, "RemoteProtocolError", id="it breaks off"),
    ],
)
def test_httpx_gives_the_place_back_as_soon_as_reading_fails(
    port: int, path: str, deadline: float | None, error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not when the answer is closed: httpcore has given up its connection by then."""
    httpx = pytest.importorskip("httpx")
    from meshcore.integrations.httpx import AsyncMeshTransport

    monkeypatch.setattr(Outbound, "deadline", lambda self, decision: deadline)

    async def main() -> None:
        with mesh_of(*documents(port, "15s")) as mesh:
            async with (
                httpx.AsyncClient(transport=AsyncMeshTransport(mesh)) as client,
                client.stream("GET", f"http://reviews:9080/{path}") as answer,
            ):
                assert active(mesh) == 1
                with pytest.raises(getattr(httpx, error)):
                    await answer.aread()
                assert active(mesh) == 0

    asyncio.run(main())


def test_the_deadline_is_the_earlier_of_the_routes_and_the_current_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with mesh_of(*documents(1, "15s")) as mesh:
        mesh.use()
        out = Outbound(mesh)
        decision, _ = out.decide("GET", b"/", [(b"host", b"reviews:9080")], scheme="http")
        own = decision.deadline
        assert own is not None
        assert out.deadline(decision) == own
        for other, expected in ((own + 1.0, own), (own - 1.0, own - 1.0), (None, own)):
            context = RequestContext()
            monkeypatch.setattr(RequestContext, "deadline", other)
            token = enter(context)
            try:
                assert out.deadline(decision) == expected
            finally:
                leave(token)
        decision.close()


# ------------------------------------------------------------------ httpx's timeouts


class _Late(Exception):
    pass


def timed(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[float], list[Any]]:
    """A connection, the clock that its timeouts go by, and the timeouts that it was given."""
    clock, given = [100.0], []
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    stream = SimpleNamespace(
        read=lambda size, timeout: given.append(timeout), close=None, get_extra_info=None
    )
    backend = SimpleNamespace(connect_tcp=lambda host, port, timeout: stream)
    transport = SimpleNamespace(_pool=SimpleNamespace(_network_backend=backend))
    core = SimpleNamespace(ReadTimeout=_Late, ConnectTimeout=_Late)
    keep_time(transport, core)
    return transport._pool._network_backend.connect_tcp("127.0.0.1", 1, timeout=5.0), clock, given


def test_each_read_has_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, clock, given = timed(monkeypatch)
    timeout = within({"read": 2.0}, 5.0)["read"]
    for clock[0] in (101.0, 104.0):
        stream.read(1, timeout)
    assert given == [2.0, 1.0]
    clock[0] = 105.0
    with pytest.raises(_Late):
        stream.read(1, timeout)
    stream.read(1, 7.0)  # one that has no end
    assert given == [2.0, 1.0, 7.0]


def test_a_body_has_the_clients_own_timeout_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not what was left of the attempt's, whose answer has begun."""
    stream, _, given = timed(monkeypatch)
    for own, end, expected in ((3.0, None, 3.0), (None, None, None), (3.0, 102.0, 2.0), (None, 102.0, 2.0)):
        timeouts = within({"read": own}, 0.5)
        assert type(timeouts["read"]) is Until
        assert timeouts["read"] == 0.5
        body_within(timeouts, {"read": own}, end)
        stream.read(1, timeouts["read"])
        assert given.pop() == expected


def test_a_transport_of_another_make_stays_as_it_is() -> None:
    transport = SimpleNamespace()
    assert keep_time(transport, None) is transport
    assert vars(transport) == {}


# ------------------------------------------------------------------ urllib3's


def test_urllib3s_timeout_of_the_whole_holds_beside_the_routes(port: int) -> None:
    urllib3 = pytest.importorskip("urllib3")
    from meshcore.integrations.urllib3 import MeshPoolManager

    with mesh_of(*documents(port, "15s")) as mesh, MeshPoolManager(mesh, retries=False) as manager:
        answer = manager.request("GET", "http://reviews:9080/chunks/10", timeout=urllib3.Timeout(total=10))
        assert len(answer.data) == 10
        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            manager.request("GET", "http://reviews:9080/head", timeout=urllib3.Timeout(total=0.001))
