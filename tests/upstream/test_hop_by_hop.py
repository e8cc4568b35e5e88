"""Headers of one hop stay on it, and Connection cannot take away what is not the client's to take."""

from __future__ import annotations

import pytest
from proxy_support import RawClient, RawOrigin, cluster, config_for, in_loop, proxy_for

from meshcore.upstream.headers import end_to_end, read_head


def lines(*pairs: tuple[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in pairs]


def upgrade_of(given: list[tuple[bytes, bytes]]) -> bytes | None:
    return read_head(given).upgrade


def unknown_coding(given: list[tuple[bytes, bytes]]) -> bool:
    return read_head(given).unknown_coding


def test_hop_by_hop_lines_are_removed_in_any_case_and_the_rest_keeps_its_order() -> None:
    given = lines(
        ("A", "1"),
        ("Connection", "keep-alive, X-Mine"),
        ("KEEP-ALIVE", "5"),
        ("x-mine", "2"),
        ("TE", "trailers"),
        ("Trailer", "x"),
        ("Proxy-Connection", "y"),
        ("Proxy-Authorization", "z"),
        ("Upgrade", "h2c"),
        ("Transfer-Encoding", "chunked"),
        ("a", "3"),
        ("connection", " x-other ,,"),
        ("X-Other", "4"),
    )
    assert end_to_end(given) == lines(("A", "1"), ("a", "3"))


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "Content-Length",
        "X-Forwarded-For",
        "x-forwarded-proto",
        "X-Envoy-Internal",
        "X-Real-IP",
        "Via",
    ],
)
def test_connection_cannot_name_what_others_vouch_for(name: str) -> None:
    given = lines(("Connection", name), (name, "kept"))
    assert end_to_end(given) == lines((name, "kept"))


def test_upgrades() -> None:
    assert upgrade_of(lines(("Connection", "keep-alive, Upgrade"), ("Upgrade", "WebSocket"))) == b"websocket"
    assert upgrade_of(lines(("Upgrade", "websocket"))) is None
    assert upgrade_of(lines(("Connection", "upgrade"))) is None
    assert upgrade_of(lines(("Connection", "upgrade"), ("Upgrade", "h2c"))) is None


def test_codings() -> None:
    assert not unknown_coding(lines(("Transfer-Encoding", "Chunked")))
    assert unknown_coding(lines(("Transfer-Encoding", "gzip, chunked")))
    assert unknown_coding(lines(("Transfer-Encoding", "chunked"), ("transfer-encoding", "chunked")))


@in_loop
async def test_headers_that_the_proxy_sets_reach_the_origin_whatever_connection_names() -> None:
    """CVE-2024-45410."""
    answer = (
        b"HTTP/1.1 200 OK\r\n"
        b"Connection: X-Secret\r\nX-Secret: 1\r\nKeep-Alive: 5\r\nContent-Length: 0\r\n\r\n"
    )
    async with RawOrigin(answer) as app, proxy_for(config_for(cluster(app.port))) as served:
        async with RawClient(served.port) as client:
            await client.get(
                "/", "Connection: close, X-Forwarded-Proto, X-Forwarded-For, X-Mine, Host", "X-Mine: 1"
            )
            _, headers, _ = await client.answer()
        sent = app.heads[0].lower()
        assert b"x-forwarded-proto: http" in sent
        assert b"x-mine" not in sent
        assert b"connection" not in sent
        assert b"\r\nhost: " in sent
        assert not {"x-secret", "keep-alive"} & headers.keys()
