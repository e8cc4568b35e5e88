"""Requests from the bytes of a client's connection.

httptools (llhttp, strict) parses. What is ours are the bounds of a head, what a request must have, and the
answers to what cannot be parsed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httptools

from meshcore.proxy.options import ProxyOptions
from meshcore.proxy.request import Request
from meshcore.upstream.headers import Line
from meshcore.upstream.replies import CODEC_ERROR, HEAD_TOO_LARGE

if TYPE_CHECKING:
    from meshcore.proxy.client import ClientConnection

__all__ = ["RequestParser"]

_VERSIONS = ("1.1", "1.0")


class RequestParser:
    """See above. What it finds it tells the connection. Its ``on_`` methods are llhttp's to call."""

    def __init__(self, client: ClientConnection, options: ProxyOptions) -> None:
        self._client = client
        self._options = options
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self.arriving: Request | None = None  #: whose body is being parsed
        self._begin_head()

    def close(self) -> None:
        """Parse nothing any longer."""
        self._parser = None  # it refers to us

    def _begin_head(self) -> None:
        self._lines: list[Line] = []
        self._target = b""
        self._quiet = 0  # bytes since something was whole
        self._too_large = False

    def parse(self, data: memoryview) -> memoryview | None:
        """What is left behind a request for another protocol, with whose head llhttp stops."""
        parser = self._parser
        if parser is None:
            return None
        self._quiet += len(data)
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgraded:
            self._upgrade()
            return data[upgraded.args[0] :]
        except httptools.HttpParserError:
            self._unparsable()
        else:
            if self._quiet > self._options.max_request_head:  # so much for a line that has not ended
                self._too_large = True
                self._unparsable()
        return None

    def _unparsable(self) -> None:
        self._parser = None
        arriving, self.arriving = self.arriving, None
        if arriving is None:
            self._client.take(HEAD_TOO_LARGE if self._too_large else CODEC_ERROR)
        else:
            self._client.body_fails(arriving)

    def _upgrade(self) -> None:
        """llhttp takes such a request to end with its head."""
        request = self.arriving
        assert request is not None
        if request.head.upgrade is not None:
            self.arriving = None
            self._client.change_protocol(request)
        elif request.body is None:
            self.arriving = None
        else:  # it is not followed, and there is a body: a parser that never saw it goes on from there
            self._parser = httptools.HttpRequestParser(self)
            length = request.head.length
            framing = b"Transfer-Encoding: chunked" if length is None else b"Content-Length: " + length
            self._parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n\r\n" % framing)

    def on_message_begin(self) -> None:
        if self.arriving is None:
            self._begin_head()
            self._client.head_begins()

    def on_url(self, url: bytes) -> None:
        if self.arriving is None:
            self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._lines.append((name, value))  # trailers, too, which nobody looks at

    def on_headers_complete(self) -> None:
        parser = self._parser
        if self.arriving is not None or parser is None:
            return
        options = self._options
        version = parser.get_http_version()
        request = Request(
            self._client,
            parser.get_method().decode(),
            self._target,
            version,
            self._lines,
            keep_alive=parser.should_keep_alive(),
            buffer_size=options.buffer_size,
        )
        size = len(self._target) + request.head.size
        if size > options.max_request_head or len(self._lines) > options.max_headers:
            self._too_large = True
            raise ValueError("the head is too large")
        if version not in _VERSIONS or not request.names_one_host:
            raise ValueError("an unknown version, or not one Host")
        self._quiet = 0
        if request.body is not None or parser.should_upgrade():
            self.arriving = request
        self._lines, self._target = [], b""
        self._client.take(request)

    def on_body(self, data: bytes) -> None:
        self._quiet = 0
        request = self.arriving
        if request is not None and request.body is not None and not self._client.discarding:
            request.body.feed(data)

    def on_message_complete(self) -> None:
        self._quiet = 0
        request, parser = self.arriving, self._parser
        if request is None or (parser is not None and parser.should_upgrade()):
            return
        self.arriving = None
        self._client.body_ends(request)
