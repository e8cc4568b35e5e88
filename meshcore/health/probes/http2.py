"""Checks over HTTP/2; h2 reads and writes the frames."""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Iterator

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from meshcore.health.probes.http import USER_AGENT, Answer, edited, judge, string_matcher
from meshcore.health.probes.probe import Probe, Target, broken
from meshcore.health.verdict import Verdict
from meshcore.model import HttpHealthCheck

__all__ = ["Http2Probe", "StreamProbe"]

Headers = list[tuple[str, str]]

#: Bytes before the payload of a frame, the largest payload that we allow, and the type of farewells
#: (RFC 9113, 4.1, 4.2 and 6.8).
HEAD, LARGEST, GOAWAY = 9, 16384, 7


class StreamProbe(Probe):
    """One stream after another on a connection of HTTP/2; what is asked and what counts is the subclass's."""

    def __init__(self, reuse: bool) -> None:
        super().__init__()
        self._reuse = reuse
        self._connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._connection.initiate_connection()
        self._buffered = bytearray()
        self._stream = 0  #: of the check under way; 0: none is
        self._leaving = False  #: the host wants no further streams

    @abstractmethod
    def request(self) -> tuple[Headers, bytes]:
        """Header lines, the pseudo headers first, and the body."""

    @abstractmethod
    def on_headers(self, headers: dict[str, str], ended: bool) -> Verdict | None: ...

    @abstractmethod
    def on_data(self, data: bytes, ended: bool) -> Verdict | None: ...

    @abstractmethod
    def on_trailers(self, headers: dict[str, str]) -> Verdict | None: ...

    def begin(self) -> Verdict | None:
        self.reusable = False
        headers, body = self.request()
        self._stream = self._connection.get_next_available_stream_id()
        self._connection.send_headers(self._stream, headers, end_stream=not body)
        if body:
            self._connection.send_data(self._stream, body, end_stream=True)
        return None

    def outgoing(self) -> bytes:
        return self._connection.data_to_send()

    def feed(self, data: bytes) -> Verdict | None:
        if not data:
            return broken("the connection was closed")
        self._buffered += data
        verdict = None
        try:
            for kind, frame in self._frames():
                # h2 hears nothing more after a farewell, but the check under way may still end.
                events = [] if kind == GOAWAY else self._connection.receive_data(frame)
                found = self._farewell(frame) if kind == GOAWAY else None
                for event in events:
                    found = found or self._take(event)
                verdict = verdict or found
        except (h2.exceptions.ProtocolError, UnicodeDecodeError, ValueError) as error:
            return broken(f"no HTTP/2 answer: {error}")
        if verdict is not None:
            self._end()
        return verdict

    def _frames(self) -> Iterator[tuple[int, bytes]]:
        """The frames that are complete, with their types."""
        while len(self._buffered) >= HEAD:
            end = HEAD + int.from_bytes(self._buffered[:3], "big")
            if end > HEAD + LARGEST:
                raise ValueError("a frame is too large")
            if len(self._buffered) < end:
                return
            frame = bytes(self._buffered[:end])
            del self._buffered[:end]
            yield frame[3], frame

    def _farewell(self, frame: bytes) -> Verdict | None:
        self._leaving = True
        last, error = frame[HEAD : HEAD + 4], frame[HEAD + 4 : HEAD + 8]
        if not any(error) and int.from_bytes(last, "big") >= self._stream:
            return None
        return broken("the host closes its connections")

    def rest(self, data: bytes) -> Verdict | None:
        """Settings, pings and farewells come between checks as well."""
        if not data or self.feed(data) is not None or self._leaving:
            self.reusable = False
        return None

    def _end(self) -> None:
        with contextlib.suppress(h2.exceptions.ProtocolError):  # it is over on both sides already
            self._connection.reset_stream(self._stream, h2.errors.ErrorCodes.CANCEL)
        self._stream = 0
        self.reusable = self._reuse and not self._leaving

    def _take(self, event: h2.events.Event) -> Verdict | None:
        if getattr(event, "stream_id", 0) != self._stream or not self._stream:
            return None
        if isinstance(event, h2.events.ResponseReceived):
            return self.on_headers(_headers(event.headers), event.stream_ended is not None)
        if isinstance(event, h2.events.DataReceived):
            self._connection.acknowledge_received_data(event.flow_controlled_length or 0, self._stream)
            return self.on_data(bytes(event.data or b""), event.stream_ended is not None)
        if isinstance(event, h2.events.TrailersReceived):
            return self.on_trailers(_headers(event.headers))
        if isinstance(event, h2.events.StreamReset):
            return broken("the host reset the stream")
        return None


def _headers(lines: object) -> dict[str, str]:
    return {str(name): str(value) for name, value in lines}  # type: ignore[attr-defined]


class Http2Probe(StreamProbe):
    def __init__(self, check: HttpHealthCheck, target: Target, reuse: bool) -> None:
        super().__init__(reuse)
        self._check = check
        self._matches = string_matcher(check.service_name) if check.service_name is not None else None
        self._answer: Answer | None = None
        pseudo = [
            (":method", check.method),
            (":authority", target.authority),
            (":scheme", "https" if target.secure else "http"),
            (":path", check.path),
        ]
        lines = [("user-agent", USER_AGENT)]
        lines = edited(lines, check.request_headers_to_add, check.request_headers_to_remove, target, "HTTP/2")
        if check.send:
            lines = [line for line in lines if line[0] != "content-length"]
            lines.append(("content-length", str(len(check.send))))
        self._headers = pseudo + lines

    def request(self) -> tuple[Headers, bytes]:
        self._answer = None
        return self._headers, self._check.send

    def on_headers(self, headers: dict[str, str], ended: bool) -> Verdict | None:
        self._answer = Answer(self._check, int(headers[":status"]), headers)
        return judge(self._check, self._answer, self._matches) if ended else None

    def on_data(self, data: bytes, ended: bool) -> Verdict | None:
        assert self._answer is not None  # h2 lets no data come before the headers
        self._answer.add(data)
        return judge(self._check, self._answer, self._matches) if ended else None

    def on_trailers(self, headers: dict[str, str]) -> Verdict | None:
        assert self._answer is not None
        return judge(self._check, self._answer, self._matches)
