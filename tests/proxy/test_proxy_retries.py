"""The proxy makes the attempts that a decision asks for: retries, time limits, hedges, bodies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from proxy_support import (
    HOST,
    SOON,
    ManyExchanges,
    RawClient,
    Served,
    config_for,
    in_loop,
    proxy_for,
    route,
    unused_port,
)

from meshcore.model import (
    CircuitBreakers,
    Cluster,
    Config,
    Endpoint,
    ForwardAction,
    HedgePolicy,
    LocalityEndpoints,
    RetryPolicy,
)
from meshcore.upstream.client import Upstream

RETRIED = b"upstream connect error or disconnect/reset before headers. retried and the latest reset reason: "
#: Waits are no part of these tests.
AT_ONCE: dict[str, Any] = {"back_off_base": 0.001}


def answer(status: int, body: str = "", *lines: str) -> bytes:
    head = "".join(f"{line}\r\n" for line in lines)
    return f"HTTP/1.1 {status} Some\r\n{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


OK = answer(200, "good")
HANG = b"hang"
RESET = b""


@dataclass
class Script(ManyExchanges):
    """An upstream that does to each request in turn what is written: bytes to answer with, RESET or HANG."""

    steps: list[bytes]
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    hung: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)  #: who hung has been given up
    release: asyncio.Event = field(default_factory=asyncio.Event)  #: what hangs is answered with OK

    async def exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        step = self.steps[min(len(self.heads), len(self.steps) - 1)]
        self.heads.append(head)
        lines = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:-2])
        self.bodies.append(await reader.readexactly(int(lines.get("content-length", 0))))
        if step == HANG:
            self.hung.set()
            gone = asyncio.ensure_future(reader.read(1))
            released = asyncio.ensure_future(self.release.wait())
            await asyncio.wait({gone, released}, return_when=asyncio.FIRST_COMPLETED)
            released.cancel()
            if gone.done():
                self.left.set()
                return False
            gone.cancel()
            step = OK
        if step == RESET:
            return False
        writer.write(step)
        await writer.drain()
        return True

    def line(self, name: str) -> list[str]:
        """The values of a header, request by request."""
        return [
            line.split(": ", 1)[1]
            for head in self.heads
            for line in head.split("\r\n")
            if line.lower().startswith(name + ": ")
        ]


@asynccontextmanager
async def scripted(*steps: bytes) -> AsyncIterator[Script]:
    script = Script(list(steps))
    server = await script.start()
    try:
        yield script
    finally:
        server.close()


def config(
    *ports: int,
    retry: RetryPolicy | None = None,
    breakers: CircuitBreakers | None = None,
    attempt_count: bool = False,
    limit: int | None = None,
    **action: Any,
) -> Config:
    endpoints = tuple(Endpoint("127.0.0.1", port) for port in ports)
    app = Cluster(
        "app",
        localities=(LocalityEndpoints(endpoints),),
        circuit_breakers=breakers or CircuitBreakers(),
    )
    forward = ForwardAction("app", retry_policy=retry, **action)
    made = config_for(app, routes=(route(forward, name="all", request_buffer_limit=limit),))
    if not attempt_count:
        return made
    listener = made.listeners[0]
    host = replace(
        listener.route_configuration.virtual_hosts[0],
        include_request_attempt_count=True,
        include_attempt_count_in_response=True,
    )
    table = replace(listener.route_configuration, virtual_hosts=(host,))
    return replace(made, listeners=(replace(listener, route_configuration=table),))


async def nothing_left(served: Served) -> None:
    """No lease of any sort is held, and no task runs that was the requests'."""
    await served.idle()
    for one in served.engine.clusters():
        assert [endpoint["active_requests"] for endpoint in one["endpoints"]] == [0] * len(one["endpoints"])
        for priority in one["circuit_breakers"].values():
            assert {resource["used"] for resource in priority.values()} == {0}


@asynccontextmanager
async def talking(made: Config, **more: Any) -> AsyncIterator[tuple[Served, RawClient]]:
    async with proxy_for(made, **more) as served:
        async with RawClient(served.port) as client:
            yield served, client
        await nothing_left(served)


def counters(served: Served) -> Callable[[str], int]:
    return lambda name: served.proxy.stats.counters[f"cluster.app.{name}"]


ANY = RetryPolicy(("5xx",), 2, **AT_ONCE)


@in_loop
async def test_an_answer_is_retried() -> None:
    async with (
        scripted(answer(503, "bad"), RESET, OK) as app,
        talking(config(app.port, retry=ANY, attempt_count=True)) as (served, client),
    ):
        await client.get("/x?y=1")
        status, headers, body = await client.answer()
        assert (status, body) == (200, b"good")
        assert headers["x-envoy-attempt-count"] == ["3"]
        assert app.line("x-envoy-attempt-count") == ["1", "2", "3"]
        assert all(head.startswith("GET /x?y=1 HTTP/1.1\r\n") for head in app.heads)
        await served.idle()
        record = served.log[0]
        assert (record.attempts, record.flags, record.details) == (3, "", "via_upstream")
        count = counters(served)
        assert (count("upstream_rq_total"), count("upstream_rq_retry")) == (3, 2)
        assert (count("retry.upstream_rq_5xx"), count("upstream_rq_rx_reset")) == (1, 1)
        assert (count("upstream_rq_retry_success"), count("upstream_rq_2xx")) == (1, 1)


@in_loop
async def test_the_last_answer_goes_to_the_client() -> None:
    async with (
        scripted(answer(503, "one"), answer(502, "two"), answer(500, "three")) as app,
        talking(config(app.port, retry=ANY)) as (served, client),
    ):
        await client.get("/")
        assert (await client.answer())[::2] == (500, b"three")
        await served.idle()
        assert (served.log[0].flags, served.log[0].attempts) == ("URX", 3)
        assert counters(served)("upstream_rq_retry_limit_exceeded") == 1


@in_loop
async def test_nobody_listens_anywhere() -> None:
    ports = [unused_port() for _ in range(3)]
    async with talking(config(*ports, retry=RetryPolicy(("connect-failure",), 2, **AT_ONCE))) as (
        served,
        client,
    ):
        await client.get("/")
        status, _, body = await client.answer()
        assert status == 503
        assert body == RETRIED + b"remote connection failure"
        await served.idle()
        record = served.log[0]
        assert (record.flags, record.attempts) == ("URX,UF", 3)
        assert record.details == (
            "upstream_reset_before_response_started"
            "{remote_connection_failure|delayed_connect_error:_Connection_refused}"
        )
        assert served.engine.errors == ["connect-failure"] * 3
        assert counters(served)("upstream_cx_connect_fail") == 3


@in_loop
async def test_another_endpoint_is_tried() -> None:
    async with scripted(OK) as app:
        policy = RetryPolicy(
            ("connect-failure",), 1, avoid_previous_hosts=True, host_selection_max_attempts=9, **AT_ONCE
        )
        async with talking(config(unused_port(), app.port, retry=policy)) as (served, client):
            for _ in range(4):
                await client.get("/")
                assert (await client.answer())[0] == 200
            await served.idle()
            assert {record.endpoint for record in served.log} == {f"127.0.0.1:{app.port}"}
            assert sum(record.attempts for record in served.log) > 4


@pytest.mark.parametrize(
    ("step", "condition", "attempts"),
    [
        (RESET, "connect-failure", 1),
        (RESET, "reset", 2),
        (RESET, "reset-before-request", 1),
        (b"SSH-2.0\r\n\r\n", "reset", 2),
        (b"SSH-2.0\r\n\r\n", "connect-failure", 1),
        (answer(503), "gateway-error", 2),
        (answer(500), "gateway-error", 1),
        (answer(409), "retriable-4xx", 2),
        (answer(200, "", "grpc-status: 14"), "unavailable", 2),
        (answer(200, "", "grpc-status: 13"), "unavailable", 1),
    ],
)
@in_loop
async def test_conditions(step: bytes, condition: str, attempts: int) -> None:
    async with (
        scripted(step, OK) as app,
        talking(config(app.port, retry=RetryPolicy((condition,), 1, **AT_ONCE))) as (served, client),
    ):
        await client.get("/", "Content-Type: application/grpc")
        await client.answer()
        await served.idle()
        assert (len(app.heads), served.log[0].attempts) == (attempts, attempts)


@pytest.mark.parametrize("body", [b"", b"hi"])
@pytest.mark.parametrize(("condition", "attempts"), [("reset-before-request", 2), ("connect-failure", 1)])
@in_loop
async def test_a_connection_that_is_reset_before_anything_is_sent(
    condition: str, attempts: int, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        scripted(OK) as app,
        talking(config(app.port, retry=RetryPolicy((condition,), 1, **AT_ONCE))) as (served, client),
    ):
        connect = Upstream.connect

        async def reset_at_once(upstream: Upstream, *arguments: Any) -> Any:
            monkeypatch.undo()
            connection = await connect(upstream, *arguments)
            while not app.connections:
                await asyncio.sleep(0)
            app.hang_up()
            while not connection.closing:
                await asyncio.sleep(0)
            return connection

        monkeypatch.setattr(Upstream, "connect", reset_at_once)
        await client.send(post(body))
        assert (await client.answer())[0] == (200 if attempts == 2 else 503)
        await served.idle()
        assert served.engine.errors == ["reset-before-request"]
        assert served.log[0].attempts == attempts
        assert app.bodies == [body] * (attempts - 1)


@in_loop
async def test_a_try_that_is_too_slow_is_given_up() -> None:
    policy = RetryPolicy(("5xx",), 1, per_try_timeout=SOON, **AT_ONCE)
    async with scripted(HANG, OK) as app, talking(config(app.port, retry=policy)) as (served, client):
        await client.get("/")
        assert (await client.answer())[0] == 200
        await app.left.wait()
        assert counters(served)("upstream_rq_per_try_timeout") == 1
        assert counters(served)("upstream_rq_hedge") == 0


@in_loop
async def test_every_try_is_too_slow() -> None:
    policy = RetryPolicy(("5xx",), 1, per_try_timeout=SOON, **AT_ONCE)
    async with scripted(HANG) as app, talking(config(app.port, retry=policy)) as (served, client):
        await client.get("/")
        status, _, body = await client.answer()
        assert (status, body) == (504, b"upstream request timeout")
        await served.idle()
        assert (served.log[0].flags, served.log[0].details) == ("URX,UT", "upstream_per_try_timeout")
        assert len(app.heads) == 2


@in_loop
async def test_the_time_of_a_try_counts_from_the_end_of_the_upload() -> None:
    policy = RetryPolicy(("5xx",), 1, per_try_timeout=SOON, **AT_ONCE)
    async with scripted(OK) as app, talking(config(app.port, retry=policy)) as (_served, client):
        await client.send(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 2\r\n\r\nh".encode())
        while not app.heads:
            await asyncio.sleep(0)
        answered = asyncio.ensure_future(client.answer())
        done, _ = await asyncio.wait({answered}, timeout=2 * SOON)
        assert not done
        await client.send(b"i")
        assert (await answered)[0] == 200
        assert app.bodies == [b"hi"]


@in_loop
async def test_the_timeout_is_that_of_all_attempts() -> None:
    policy = RetryPolicy(("5xx",), 9, back_off_base=60.0, back_off_max=600.0)

    async def for_ever(seconds: float) -> None:
        await asyncio.Event().wait()

    async with scripted(answer(503), OK) as app:
        made = config(app.port, retry=policy, timeout=SOON)
        async with talking(made, sleep=for_ever) as (served, client):
            await client.get("/")
            status, _, body = await client.answer()
            assert (status, body) == (504, b"upstream request timeout")
            await served.idle()
            assert (served.log[0].flags, served.log[0].details) == ("UT", "response_timeout")
            assert len(app.heads) == 1
            assert counters(served)("upstream_rq_timeout") == 1


@in_loop
async def test_an_upload_that_takes_too_long_as_a_whole() -> None:
    async with (
        scripted(OK) as app,
        talking(config(app.port, max_stream_duration=0.05, timeout=0.0)) as (served, client),
    ):
        await client.send(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 2\r\n\r\nh".encode())
        assert (await client.answer())[::2] == (408, b"downstream duration timeout")
        await served.idle()
        assert served.log[0].details == "max_duration_timeout"


@in_loop
async def test_nothing_moves_on_a_try() -> None:
    policy = RetryPolicy(("5xx",), 1, per_try_idle_timeout=SOON, **AT_ONCE)
    async with scripted(HANG, OK) as app, talking(config(app.port, retry=policy)) as (served, client):
        await client.get("/")
        assert (await client.answer())[0] == 200
        assert served.engine.errors == ["per-try-idle-timeout"]


@in_loop
async def test_an_answer_that_stops_moving_is_cut() -> None:
    policy = RetryPolicy(("5xx",), 1, per_try_idle_timeout=SOON, **AT_ONCE)
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    async with scripted(half) as app, talking(config(app.port, retry=policy)) as (served, client):
        await client.get("/")
        assert b" 200 " in await client.head()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await client.reader.readexactly(9)
        await served.idle()
        assert served.log[0].details == "upstream_per_try_idle_timeout"


HEDGED: dict[str, Any] = {
    "retry": RetryPolicy(("5xx",), 1, per_try_timeout=SOON, **AT_ONCE),
    "hedge_policy": HedgePolicy(hedge_on_per_try_timeout=True),
}


@in_loop
async def test_a_hedge_wins() -> None:
    async with scripted(HANG, OK) as app, talking(config(app.port, **HEDGED)) as (served, client):
        await client.get("/")
        assert (await client.answer())[0] == 200
        await app.left.wait()  # the first one is given up
        await served.idle()
        assert counters(served)("upstream_rq_hedge") == 1
        assert served.log[0].attempts == 2


@pytest.mark.parametrize("limit", ["per_try_timeout", "per_try_idle_timeout"])
@in_loop
async def test_the_slow_one_wins_after_all(limit: str) -> None:
    limits: dict[str, Any] = {limit: SOON, **AT_ONCE}
    hedged = {**HEDGED, "retry": RetryPolicy(("5xx",), 1, **limits)}
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(scripted(HANG))
        served, client = await stack.enter_async_context(talking(config(app.port, **hedged)))
        await client.get("/")
        while len(app.heads) < 2:
            await asyncio.sleep(0)
        app.release.set()
        assert (await client.answer())[::2] == (200, b"good")
        await served.idle()
        assert served.log[0].attempts == 2


# ---------------------------------------------------------------------- bodies


def post(body: bytes) -> bytes:
    return f"POST /up HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@in_loop
async def test_a_body_is_sent_again() -> None:
    body = bytes(range(256)) * 800
    async with scripted(answer(503), RESET, OK) as app, talking(config(app.port, retry=ANY)) as (_, client):
        await client.send(post(body))
        assert (await client.answer())[0] == 200
        assert app.bodies == [body] * 3


@in_loop
async def test_a_body_that_is_too_large_to_keep_is_sent_once() -> None:
    body = b"x" * 300_000
    async with (
        scripted(answer(503, "once"), answer(503), OK) as app,
        talking(config(app.port, retry=ANY, limit=100_000)) as (served, client),
    ):
        await client.send(post(body))
        assert (await client.answer())[::2] == (503, b"once")
        assert app.bodies == [body]
        await client.send(post(body[:100_000]))  # as much as is kept
        assert (await client.answer())[0] == 200
        await served.idle()
        assert [record.attempts for record in served.log] == [1, 2]


@in_loop
async def test_hedges_share_a_body() -> None:
    body = bytes(range(256)) * 800
    async with scripted(HANG, OK) as app, talking(config(app.port, **HEDGED)) as (_, client):
        await client.send(post(body))
        assert (await client.answer())[0] == 200
        assert app.bodies == [body] * 2


# ---------------------------------------------------------------------- limits of the cluster


@in_loop
async def test_no_more_retries_than_the_breaker_allows() -> None:
    breakers = CircuitBreakers(max_retries=0)
    async with (
        scripted(answer(503, "one"), OK) as app,
        talking(config(app.port, retry=ANY, breakers=breakers)) as (served, client),
    ):
        await client.get("/")
        assert (await client.answer())[::2] == (503, b"one")
        await served.idle()
        assert (served.log[0].flags, len(app.heads)) == ("UO", 1)
        count = counters(served)
        assert (count("upstream_rq_retry_overflow"), count("upstream_rq_pending_overflow")) == (1, 0)


# ---------------------------------------------------------------------- ends


@pytest.mark.parametrize("hedged", [False, True])
@in_loop
async def test_a_client_that_leaves_takes_all_attempts_with_it(hedged: bool) -> None:
    more = HEDGED if hedged else {"retry": ANY}
    async with scripted(HANG) as app, proxy_for(config(app.port, **more)) as served:
        async with RawClient(served.port) as client:
            await client.get("/")
            while len(app.heads) < 1 + hedged:
                await asyncio.sleep(0)
        await nothing_left(served)
        while app.connections:
            await asyncio.sleep(0)
        assert served.log[0].flags == "DC"


@in_loop
async def test_a_client_that_leaves_in_a_wait() -> None:
    waiting = asyncio.Event()

    async def for_ever(seconds: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    async with scripted(answer(503)) as app, proxy_for(config(app.port, retry=ANY), sleep=for_ever) as served:
        async with RawClient(served.port) as client:
            await client.get("/")
            await waiting.wait()
        await nothing_left(served)


@in_loop
async def test_stopping_ends_all_attempts() -> None:
    async with scripted(HANG) as app, proxy_for(config(app.port, **HEDGED)) as served:
        async with RawClient(served.port) as client:
            await client.get("/")
            while len(app.heads) < 2:
                await asyncio.sleep(0)
            await served.proxy.stop(drain=0)
        await nothing_left(served)
