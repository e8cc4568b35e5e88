"""TLS to endpoints: verified, or not made at all; never plaintext in its place."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from aiohttp import web
from proxy_support import RawOrigin, cluster, config_for, in_loop, talking

from meshcore.model import UpstreamTls

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def serve(certificate: tuple[str, str], *, ask_client: bool = False) -> asyncio.Server:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="secure")

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    if ask_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificate[0])
    server = web.Server(handle, access_log=None)
    return await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0, ssl=context)


@in_loop
async def test_a_verified_connection(certificate: tuple[str, str]) -> None:
    server = await serve(certificate, ask_client=True)
    port = server.sockets[0].getsockname()[1]
    files = {
        "ca_certificates": certificate[0],
        "client_certificate": certificate[0],
        "private_key": certificate[1],
    }
    for tls, status in (
        (UpstreamTls("MUTUAL", **files), 200),
        (UpstreamTls("MUTUAL", sni="app.example", **files), 200),
        (UpstreamTls("MUTUAL", sni="other.example", **files), 503),  # not its name
        (UpstreamTls("SIMPLE", ca_certificates=certificate[0]), 503),  # no certificate of ours
    ):
        async with talking(config_for(cluster(port, tls=tls))) as (_, client):
            await client.get("/")
            assert (await client.answer())[0] == status, tls
    server.close()


@in_loop
async def test_an_unknown_issuer(certificate: tuple[str, str]) -> None:
    server = await serve(certificate)
    port = server.sockets[0].getsockname()[1]
    for tls, status in (
        (UpstreamTls("SIMPLE"), 503),
        (UpstreamTls("SIMPLE", insecure_skip_verify=True), 200),
    ):
        async with talking(config_for(cluster(port, tls=tls))) as (served, client):
            await client.get("/")
            assert (await client.answer())[0] == status
            assert served.log[0].flags == ("UF" if status == 503 else "")
    server.close()


@pytest.mark.parametrize(
    "tls",
    [
        UpstreamTls("ISTIO_MUTUAL"),
        UpstreamTls("SIMPLE", credential_name="secret"),
        UpstreamTls("SIMPLE", ca_certificates="missing.pem"),
        UpstreamTls("MUTUAL", client_certificate=str(Path(__file__))),
    ],
)
@in_loop
async def test_what_cannot_be_secured_is_not_sent_in_plaintext(tls: UpstreamTls) -> None:
    async with RawOrigin(OK) as app, talking(config_for(cluster(app.port, tls=tls))) as (served, client):
        await client.get("/")
        assert (await client.answer())[0] == 503
        assert app.connections == 0
        assert served.log[0].flags == "UF"


@in_loop
async def test_disabled_tls_is_plaintext() -> None:
    tls = UpstreamTls("DISABLE")
    async with RawOrigin(OK) as app, talking(config_for(cluster(app.port, tls=tls))) as (_, client):
        await client.get("/")
        assert (await client.answer())[0] == 200
