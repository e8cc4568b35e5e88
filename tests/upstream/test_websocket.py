"""meshcore.upstream.websocket: frames as RFC 6455 has them, in whatever pieces they come."""

from __future__ import annotations

import base64
import hashlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshcore.upstream.websocket import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Frames,
    Message,
    WebSocketError,
    close_frame,
    frame,
    handshake,
    is_accepted,
    subprotocol,
)

MOST = 100_000


def served(kind: int, data: bytes, *, last: bool = True) -> bytes:
    """A frame of a server's."""
    size = len(data)
    if size < 126:
        head = bytes((last << 7 | kind, size))
    elif size < 65536:
        head = bytes((last << 7 | kind, 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((last << 7 | kind, 127)) + size.to_bytes(8, "big")
    return head + data


def unmasked(data: bytes) -> bytes:
    """What a server reads of a client's frame, as a frame of its own."""
    assert data[1] & 0x80
    size, at = data[1] & 0x7F, 2
    if size >= 126:
        at = 4 if size == 126 else 10
        size = int.from_bytes(data[2:at], "big")
    mask, body = data[at : at + 4], data[at + 4 :]
    assert len(body) == size
    return (
        data[:1] + bytes((data[1] & 0x7F,)) + data[2:at] + bytes(b ^ mask[i & 3] for i, b in enumerate(body))
    )


messages = st.one_of(
    st.text(max_size=300).map(lambda text: Message(TEXT, text.encode())),
    st.binary(max_size=300).map(lambda data: Message(BINARY, data)),
    st.tuples(st.sampled_from((PING, PONG)), st.binary(max_size=125)).map(lambda it: Message(*it)),
)


@given(st.lists(messages, max_size=6), st.lists(st.integers(1, 200), max_size=20))
def test_messages_come_in_any_pieces(given_messages: list[Message], cuts: list[int]) -> None:
    wire, frames, seen = b"".join(served(kind, data) for kind, data, _ in given_messages), Frames(MOST), []
    for size in (*cuts, len(wire)):
        seen += frames.feed(wire[:size])
        wire = wire[size:]
    assert seen == given_messages


@given(
    st.sampled_from((TEXT, BINARY)),
    st.lists(st.sampled_from((b"", b"a", b"\xc3\xa4", b"x" * 200)), min_size=1),
)
def test_fragments_are_put_together_and_pings_come_between(kind: int, parts: list[bytes]) -> None:
    wire = b""
    for i, part in enumerate(parts):
        wire += served(kind if not i else 0, part, last=i == len(parts) - 1)
        wire += served(PING, b"p") if i < len(parts) - 1 else b""
    seen = list(Frames(MOST).feed(wire))
    assert seen == [Message(PING, b"p")] * (len(parts) - 1) + [Message(kind, b"".join(parts))]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 99_999])
def test_what_goes_out_is_masked(size: int) -> None:
    data = (b"0123456" * (size // 7 + 1))[:size]
    assert list(Frames(MOST).feed(unmasked(frame(BINARY, data)))) == [Message(BINARY, data)]
    assert frame(BINARY, b"x" * 64) != frame(BINARY, b"x" * 64)  # by a mask that nobody can know


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (b"\xc1\x00", 1002),  # a reserved bit
        (b"\x81\x80", 1002),  # masked
        (b"\x83\x00", 1002),  # an unknown kind
        (b"\x8b\x00", 1002),
        (b"\x09\x00", 1002),  # a ping in pieces
        (b"\x89\x7e", 1002),  # one that is too long
        (b"\x80\x00", 1002),  # a continuation of nothing
        (b"\x01\x00\x81\x00", 1002),  # a message within another
        (b"\x81\x01\xff", 1007),
        (b"\x01\x01\xc3\x80\x01x", 1007),
        (b"\x88\x01\x03", 1002),
        (b"\x88\x02\x03\xed", 1002),  # 1005
        (b"\x88\x02\x00\x00", 1002),
        (b"\x88\x03\x03\xe8\xff", 1007),
        (b"\x82\x7f" + (1 << 63).to_bytes(8, "big"), 1009),
        (b"\x82\x7f" + (MOST + 1).to_bytes(8, "big"), 1009),
        (served(BINARY, b"x" * 60_000, last=False) + served(0, b"x" * 60_000), 1009),
    ],
)
def test_what_is_no_servers_frame(wire: bytes, code: int) -> None:
    with pytest.raises(WebSocketError) as raised:
        list(Frames(MOST).feed(wire))
    assert raised.value.code == code


@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_bytes_are_messages_or_refused(wire: bytes, size: int) -> None:
    frames, seen = Frames(200), []
    with suppress(WebSocketError):
        for at in range(0, len(wire), size):
            seen += frames.feed(wire[at : at + size])
    assert {message.kind for message in seen} <= {TEXT, BINARY, PING, PONG, CLOSE}
    assert all(len(message.data) <= 200 for message in seen)


@pytest.mark.parametrize(
    ("code", "reason", "told"),
    [(1000, "", b""), (1001, "bye", b"bye"), (4999, "ä" * 62, "ä".encode() * 61), (3000, "\ud800", b"?")],
)
def test_a_close_frame_says_why(code: int, reason: str, told: bytes) -> None:
    assert list(Frames(MOST).feed(unmasked(close_frame(code, reason)))) == [Message(CLOSE, told, code)]


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000])
def test_codes_that_are_never_sent(code: int) -> None:
    assert list(Frames(MOST).feed(unmasked(close_frame(code)))) == [Message(CLOSE, b"", 1005)]


def test_nothing_comes_behind_a_close() -> None:
    assert list(Frames(MOST).feed(served(CLOSE, b"") + b"\xff\xff")) == [Message(CLOSE, b"", 1005)]


def answer(key: bytes, **other: str) -> list[tuple[bytes, bytes]]:
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
    lines = {"Upgrade": "WebSocket", "Sec-WebSocket-Accept": accept, **other}
    return [(name.encode(), value.encode()) for name, value in lines.items() if value]


def test_a_handshake() -> None:
    given_lines = [(b"Origin", b"a"), (b"sec-websocket-key", b"old"), (b"Sec-WebSocket-Extensions", b"x")]
    lines, key = handshake(given_lines, ["chat", "other"])
    fields = {name.lower(): value for name, value in lines}
    assert fields[b"sec-websocket-key"] == key != handshake([])[1]
    assert fields[b"sec-websocket-protocol"] == b"chat, other"
    assert b"sec-websocket-extensions" not in fields
    assert len(base64.b64decode(key)) == 16
    kept, _ = handshake([(b"sec-websocket-protocol", b"mine")], ["chat"])
    assert [value for name, value in kept if name.lower() == b"sec-websocket-protocol"] == [b"mine"]


def test_who_has_accepted() -> None:
    key = handshake([])[1]
    assert is_accepted(key, answer(key))
    assert not is_accepted(key, answer(b"another"))
    assert not is_accepted(key, answer(key, Upgrade=""))
    assert not is_accepted(key, answer(key, **{"Sec-WebSocket-Extensions": "permessage-deflate"}))
    assert subprotocol(answer(key, **{"Sec-WebSocket-Protocol": " chat "})) == "chat"
    assert subprotocol(answer(key)) is None
