"""A client's request: its head as it came, and its body as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshcore.upstream.headers import Line, read_head
from meshcore.upstream.incoming import Incoming

if TYPE_CHECKING:
    from meshcore.proxy.client import ClientConnection

__all__ = ["BadBody", "Request", "text"]


class BadBody(Exception):
    """The client's body is none."""


class Request:
    """See above.

    Args:
        connection: that it came by.
        method, target: of the request line.
        version: "1.1" or "1.0".
        raw_headers: its header lines.
        keep_alive: the client wants to send another one.
        buffer_size: bytes of the body to read ahead.
    """

    __slots__ = (
        "body",
        "connection",
        "head",
        "keep_alive",
        "method",
        "raw_headers",
        "target",
        "tunnel",
        "version",
    )

    def __init__(
        self,
        connection: ClientConnection,
        method: str,
        target: bytes,
        version: str,
        raw_headers: list[Line],
        *,
        keep_alive: bool,
        buffer_size: int,
    ) -> None:
        self.connection = connection
        self.method = method
        self.target = target
        self.version = version
        self.raw_headers = raw_headers
        head = self.head = read_head(raw_headers)  #: sorted out
        # HTTP/1.0 knows no codings: somebody before us may see another end of it (RFC 9112 section 6.1).
        self.keep_alive = keep_alive and not (head.codings and version == "1.0")
        has_body = bool(head.codings) or bool(head.length and int(head.length))
        #: What comes behind it, where it asks for another protocol.
        self.tunnel: Incoming | None = None
        #: None: it has none.
        self.body = Incoming(connection, buffer_size) if has_body else None

    @property
    def expects_continue(self) -> bool:
        """The client waits to be told to send its body."""
        return self.version == "1.1" and self.head.fields.get(b"expect", b"").lower() == b"100-continue"

    @property
    def names_one_host(self) -> bool:
        """It has a Host, and no other; an old one needs none."""
        fields = self.head.fields
        if b"host" not in fields:
            return self.version == "1.0"
        if len(fields) == len(self.raw_headers):  # no line is repeated
            return True
        return sum(name.lower() == b"host" for name, _ in self.raw_headers) == 1

    def field(self, name: bytes) -> str:
        """The first value of a header; "" where there is none."""
        value = self.head.fields.get(name)
        return "" if value is None else text(value)


def text(value: bytes) -> str:
    """Bytes of a head as str, such that the same bytes can be made of it again."""
    return value.decode("utf-8", "surrogateescape")
