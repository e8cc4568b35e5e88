"""The endpoint always comes from the configuration, never from the request."""

from __future__ import annotations

import pytest
from proxy_support import HOST, RawOrigin, ask, cluster, config_for, in_loop, passthrough, proxy_for, route

from meshcore.model import Config, ForwardAction, Listener, RouteConfiguration, VirtualHost

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    "request_head",
    [
        "GET / HTTP/1.1\r\nHost: unknown.example",
        "GET / HTTP/1.1\r\nHost: {victim}",
        "GET http://{victim}/ HTTP/1.1\r\nHost: {victim}",
        "GET http://{victim}/ HTTP/1.1\r\nHost: {host}",
        "GET http://unknown.example/ HTTP/1.1\r\nHost: {host}",
        "GET http://{host}@{victim}/ HTTP/1.1\r\nHost: {victim}",
        "GET / HTTP/1.1\r\nHost: {host}@{victim}",
        "GET / HTTP/1.0",
    ],
)
@in_loop
async def test_an_unknown_authority_is_not_found(request_head: str) -> None:
    async with (
        RawOrigin(OK) as app,
        RawOrigin(OK) as victim,
        proxy_for(config_for(cluster(app.port))) as served,
    ):
        head = request_head.format(victim=f"127.0.0.1:{victim.port}", host=HOST)
        answer = await ask(served.port, head.encode() + b"\r\nConnection: close\r\n\r\n")
        assert answer.split()[1] in (b"404", b"400")
        assert victim.connections == 0
        assert app.connections == 0


@in_loop
async def test_the_absolute_form_of_a_known_authority_is_served_there() -> None:
    async with RawOrigin(OK) as app, proxy_for(config_for(cluster(app.port))) as served:
        answer = await ask(
            served.port,
            f"GET http://{HOST}/a?b HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode(),
        )
        assert answer.split()[1] == b"200"
        assert app.heads[0].startswith(f"GET /a?b HTTP/1.1\r\nHost: {HOST}\r\n".encode())


@pytest.mark.parametrize("target", ["127.0.0.1:{port}", "app.example:443"])
@in_loop
async def test_connect_is_refused(target: str) -> None:
    async with RawOrigin(OK) as app, proxy_for(config_for(cluster(app.port))) as served:
        head = f"CONNECT {target.format(port=app.port)} HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
        answer = await ask(served.port, head.encode() + b"GET / HTTP/1.1\r\n\r\n")
        assert answer.split()[1] == b"403"
        assert app.connections == 0
        assert served.log[0].details == "upgrade_failed"


@in_loop
async def test_the_original_destination_is_no_destination() -> None:
    """Istio's PassthroughCluster would send anyone anywhere."""
    catch_all = VirtualHost("any", ("*",), (route(ForwardAction(cluster="PassthroughCluster")),))
    config = Config((Listener("web", None, RouteConfiguration("r", (catch_all,))),), (passthrough(),))
    async with RawOrigin(OK) as victim, proxy_for(config) as served:
        head = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{victim.port}\r\nConnection: close\r\n\r\n"
        answer = await ask(served.port, head.encode())
        assert answer.split()[1] == b"404"
        assert victim.connections == 0
        record = served.log[0]
        assert (record.flags, record.details) == ("NR", "original_destination_not_supported")
