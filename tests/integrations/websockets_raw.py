"""WebSockets over plain sockets: a server that says what it is told, and a client."""

from __future__ import annotations

import base64
import hashlib
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO

from meshcore.upstream.headers import head_bytes
from meshcore.upstream.websocket import TEXT, Frames, close_frame, frame, handshake, is_accepted

__all__ = ["Echo", "said_to"]

#: Seconds. Only where something hangs does a test come to this.
PATIENCE = 60.0
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Echo:
    """Serves one connection at a time."""

    def __enter__(self) -> Echo:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                connection.settimeout(PATIENCE)
                with connection, connection.makefile("rb") as reading, suppress(OSError, EOFError):
                    _talk(connection, reading)


def _talk(connection: socket.socket, reading: BinaryIO) -> None:
    lines = [line.rstrip().partition(b": ") for line in iter(reading.readline, b"\r\n")]
    (key,) = [value for name, _, value in lines if name.lower() == b"sec-websocket-key"]
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    lines = [
        (b"Connection", b"", b"Upgrade"),
        (b"Upgrade", b"", b"websocket"),
        (b"Sec-WebSocket-Accept", b"", accept),
    ]
    connection.sendall(
        head_bytes(b"HTTP/1.1 101 Switching Protocols", [(name, value) for name, _, value in lines])
    )
    while True:
        first, size = _exactly(reading, 2)
        more = {126: 2, 127: 8}.get(size & 127, 0)
        length = _exactly(reading, more)
        mask = _exactly(reading, 4)
        payload = _exactly(reading, int.from_bytes(length, "big") if more else size & 127)
        clear = bytes(byte ^ mask[i & 3] for i, byte in enumerate(payload))
        connection.sendall(bytes((first, size & 127)) + length + clear)
        if first & 15 == 8:
            return


def _exactly(reading: BinaryIO, size: int) -> bytes:
    data = reading.read(size)
    if len(data) < size:
        raise EOFError
    return data


def said_to(port: int, host: str, words: Sequence[str]) -> list[str]:
    """What is answered to some words, one after the other."""
    lines, key = handshake([(b"Host", host.encode())])
    answers: list[str] = []
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(head_bytes(b"GET / HTTP/1.1", lines))
        with connection.makefile("rb") as reading:
            start = reading.readline()
            assert start.startswith(b"HTTP/1.1 101 "), start
            head = [line.rstrip().partition(b": ") for line in iter(reading.readline, b"\r\n")]
            assert is_accepted(key, [(name, value) for name, _, value in head])
            frames = Frames(1 << 20)
            for word in words:
                connection.sendall(frame(TEXT, word.encode()))
                while not (seen := list(frames.feed(reading.read1()))):
                    pass
                answers += [message.data.decode() for message in seen]
            connection.sendall(close_frame(1000))
    return answers
