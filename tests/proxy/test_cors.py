"""The proxy answers preflights itself, and lets browsers read what other origins may read."""

from __future__ import annotations

import socket

from proxy_support import HOST, RawOrigin, cluster, config_for, in_loop, route, talking

from meshcore.model import CorsPolicy, ForwardAction, Route, StringKind, StringMatch

ORIGIN = "https://shop.example"
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Total: 7\r\n"
    b"Access-Control-Allow-Origin: https://from.upstream\r\n\r\nok"
)


def shared(cluster_name: str = "app", **more: object) -> tuple[Route, ...]:
    policy = CorsPolicy(
        allow_origins=(StringMatch(StringKind.EXACT, ORIGIN),),
        allow_methods="GET,PUT",
        expose_headers="x-total",
        max_age="600",
        allow_credentials=True,
        **more,  # type: ignore[arg-type]
    )
    return (route(ForwardAction(cluster=cluster_name, cors=policy), name="all"),)


def preflight(origin: str = ORIGIN) -> bytes:
    lines = (
        f"OPTIONS /x HTTP/1.1\r\nHost: {HOST}",
        f"Origin: {origin}",
        "Access-Control-Request-Method: PUT",
    )
    return "\r\n".join((*lines, "", "")).encode()


@in_loop
async def test_a_preflight_goes_no_further() -> None:
    async with (
        RawOrigin(ANSWER) as app,
        talking(config_for(cluster(app.port), routes=shared())) as (served, client),
    ):
        for _ in range(2):  # the connection stays open
            await client.send(preflight())
            status, headers, body = await client.answer()
            assert (status, body) == (200, b"")
            assert headers["access-control-allow-origin"] == [ORIGIN]
            assert headers["access-control-allow-methods"] == ["GET,PUT"]
            assert headers["access-control-allow-credentials"] == ["true"]
            assert headers["access-control-max-age"] == ["600"]
            assert headers["content-length"] == ["0"]
        await served.idle()
        assert app.connections == 0
        assert {(record.details, record.cluster, record.route) for record in served.log} == {
            ("cors_response", "app", "all")
        }


@in_loop
async def test_an_answer_from_upstream_gets_the_headers() -> None:
    async with (
        RawOrigin(ANSWER) as app,
        talking(config_for(cluster(app.port), routes=shared())) as (_, client),
    ):
        await client.get("/", f"Origin: {ORIGIN}")
        status, headers, body = await client.answer()
        assert (status, body) == (200, b"ok")
        assert headers["access-control-allow-origin"] == [ORIGIN]
        assert headers["access-control-allow-credentials"] == ["true"]
        assert headers["access-control-expose-headers"] == ["x-total"]
        assert app.heads[0].count(ORIGIN.encode()) == 1  # upstreams see the origin


@in_loop
async def test_other_origins_get_what_the_upstream_says() -> None:
    routes = shared()
    async with RawOrigin(ANSWER) as app, talking(config_for(cluster(app.port), routes=routes)) as (_, client):
        await client.send(preflight("https://other.example"))
        _, headers, body = await client.answer()
        assert body == b"ok"
        assert headers["access-control-allow-origin"] == ["https://from.upstream"]
        assert "access-control-allow-credentials" not in headers


@in_loop
async def test_preflights_of_other_origins_may_be_kept_from_the_upstream() -> None:
    routes = shared(forward_not_matching_preflights=False)
    async with RawOrigin(ANSWER) as app, talking(config_for(cluster(app.port), routes=routes)) as (_, client):
        await client.send(preflight("https://other.example"))
        status, headers, body = await client.answer()
        assert (status, body) == (200, b"")
        assert "access-control-allow-origin" not in headers
        assert app.connections == 0


@in_loop
async def test_a_failure_can_be_read_by_the_origin_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    async with talking(config_for(cluster(port), routes=shared())) as (_, client):
        await client.get("/", f"Origin: {ORIGIN}")
        status, headers, _ = await client.answer()
        assert status == 503
        assert headers["access-control-allow-origin"] == [ORIGIN]
