"""A WebSocket from the client's side, in bytes: its handshake, frames that go out, frames that come in.

Source: RFC 6455, sections 4.1, 5 and 7.4. No extension is offered, so that none may be used.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from meshcore.upstream.headers import Line

__all__ = [
    "BINARY",
    "CLOSE",
    "PING",
    "PONG",
    "TEXT",
    "TOO_BIG",
    "Frames",
    "Message",
    "WebSocketError",
    "close_frame",
    "frame",
    "handshake",
    "is_accepted",
    "subprotocol",
]

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

NORMAL, PROTOCOL_ERROR, NO_STATUS, INVALID_TEXT, TOO_BIG = 1000, 1002, 1005, 1007, 1009
#: Codes that may be in a close frame; 1004 to 1006 and 1015 stand for there being none.
_CODES = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)})
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#: What the handshake itself says in place of what came with a request.
_OWN = frozenset({b"sec-websocket-key", b"sec-websocket-version", b"sec-websocket-extensions"})


class WebSocketError(Exception):
    """What came is no frame of a server's, or too much. ``code``: with which to close the connection."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Message(NamedTuple):
    """What came, whole: TEXT, BINARY, PING or PONG, or CLOSE with its ``code`` and its reason as ``data``."""

    kind: int
    data: bytes
    code: int = 0


# ---------------------------------------------------------------------- the handshake


def handshake(lines: Sequence[Line], protocols: Sequence[str] = ()) -> tuple[list[Line], bytes]:
    """The header lines of a request for a WebSocket, and its key.

    Args:
        lines: those of the request, without the ones that are for one hop only.
        protocols: subprotocols that are asked for, where no line says so.
    """
    key = base64.b64encode(os.urandom(16))
    kept = [line for line in lines if line[0].lower() not in _OWN]
    if protocols and not any(name.lower() == b"sec-websocket-protocol" for name, _ in kept):
        kept.append((b"Sec-WebSocket-Protocol", ", ".join(protocols).encode("latin-1")))
    kept += [
        (b"Connection", b"Upgrade"),
        (b"Upgrade", b"websocket"),
        (b"Sec-WebSocket-Version", b"13"),
        (b"Sec-WebSocket-Key", key),
    ]
    return kept, key


def is_accepted(key: bytes, answer: Sequence[Line]) -> bool:
    """Whether an answer with status 101 is one to the handshake of that key."""
    fields = {name.lower(): value.strip() for name, value in answer}
    wanted = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    return (
        fields.get(b"upgrade", b"").lower() == b"websocket"
        and fields.get(b"sec-websocket-accept") == wanted
        and not fields.get(b"sec-websocket-extensions")
    )


def subprotocol(answer: Sequence[Line]) -> str | None:
    """The one that the server has chosen."""
    chosen = (value for name, value in answer if name.lower() == b"sec-websocket-protocol")
    value = next(chosen, None)
    return None if value is None else value.strip().decode("latin-1")


# ---------------------------------------------------------------------- frames that go out


def frame(kind: int, data: bytes) -> bytes:
    """A message in one frame, masked as a client's have to be."""
    size = len(data)
    if size < 126:
        head = bytes((0x80 | kind, 0x80 | size))
    elif size < 1 << 16:
        head = bytes((0x80 | kind, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | kind, 0x80 | 127)) + size.to_bytes(8, "big")
    mask = os.urandom(4)
    return head + mask + _masked(data, mask)


def close_frame(code: int, reason: str = "") -> bytes:
    """One that says so, or that says nothing where the code is none that may be sent."""
    if code not in _CODES:
        return frame(CLOSE, b"")
    text = reason.encode("utf-8", "replace")
    if len(text) > 123:  # a control frame has no room for more
        text = text[:123].decode("utf-8", "ignore").encode()
    return frame(CLOSE, code.to_bytes(2, "big") + text)


def _masked(data: bytes, mask: bytes) -> bytes:
    size = len(data)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")


# ---------------------------------------------------------------------- frames that come in


class Frames:
    """Puts messages together from the bytes of a server.

    Args:
        most: bytes that a message may have.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = bytearray()
        self._kind = 0  # of the message whose fragments come
        self._message = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that are whole now; none after CLOSE.

        Raises:
            WebSocketError: nothing that comes later is worth reading.
        """
        self._bytes += data
        while (found := self._frame()) is not None:
            first, payload = found
            message = self._control(first, payload) if first & 8 else self._data(first, payload)
            if message is not None:
                yield message
                if message.kind == CLOSE:
                    return

    def _frame(self) -> tuple[int, bytes] | None:
        """The first byte of the next frame and what it carries; None: it is not whole yet."""
        have = self._bytes
        if len(have) < 2:
            return None
        first, size = have[0], have[1]
        if first & 0x70:
            raise WebSocketError(PROTOCOL_ERROR, "a reserved bit is set")
        if size & 0x80:
            raise WebSocketError(PROTOCOL_ERROR, "a server's frame is masked")
        if first & 8 and (size > 125 or not first & 0x80):
            raise WebSocketError(PROTOCOL_ERROR, "a control frame is too long, or in pieces")
        begin = 2
        if size >= 126:
            begin = 4 if size == 126 else 10
            if len(have) < begin:
                return None
            size = int.from_bytes(have[2:begin], "big")
        if not first & 8 and size + len(self._message) > self._most:
            raise WebSocketError(TOO_BIG, f"a message is longer than {self._most} bytes")
        if len(have) < begin + size:
            return None
        payload = bytes(have[begin : begin + size])
        del have[: begin + size]
        return first, payload

    def _data(self, first: int, payload: bytes) -> Message | None:
        kind = first & 15
        if kind not in (CONTINUATION, TEXT, BINARY) or (kind == CONTINUATION) != bool(self._kind):
            raise WebSocketError(PROTOCOL_ERROR, "a fragment where none may be")
        self._kind = kind or self._kind
        self._message += payload
        if not first & 0x80:
            return None
        whole = Message(self._kind, bytes(self._message))
        self._kind, self._message = 0, bytearray()
        if whole.kind == TEXT:
            _require_text(whole.data)
        return whole

    def _control(self, first: int, payload: bytes) -> Message:
        kind = first & 15
        if kind in (PING, PONG):
            return Message(kind, payload)
        if kind != CLOSE:
            raise WebSocketError(PROTOCOL_ERROR, "a frame of an unknown kind")
        if not payload:
            return Message(CLOSE, b"", NO_STATUS)
        code = int.from_bytes(payload[:2], "big")
        if len(payload) == 1 or code not in _CODES:
            raise WebSocketError(PROTOCOL_ERROR, "a close frame with a code that there is not")
        _require_text(payload[2:])
        return Message(CLOSE, payload[2:], code)


def _require_text(data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError:
        raise WebSocketError(INVALID_TEXT, "a text is not UTF-8") from None
