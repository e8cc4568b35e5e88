"""Checks over HTTP/1.1; h11 reads and writes the lines."""

from __future__ import annotations

import h11

from meshcore.health.probes.http import USER_AGENT, Answer, edited, judge, string_matcher
from meshcore.health.probes.probe import Probe, Target, broken
from meshcore.health.verdict import Verdict
from meshcore.model import HttpHealthCheck

__all__ = ["Http1Probe"]


class Http1Probe(Probe):
    def __init__(self, check: HttpHealthCheck, target: Target, reuse: bool) -> None:
        super().__init__()
        self._check = check
        self._reuse = reuse
        self._connection = h11.Connection(h11.CLIENT)
        self._matches = string_matcher(check.service_name) if check.service_name is not None else None
        self._answer: Answer | None = None
        self._outgoing = b""
        lines = [("host", target.authority), ("user-agent", USER_AGENT)]
        lines = edited(
            lines, check.request_headers_to_add, check.request_headers_to_remove, target, "HTTP/1.1"
        )
        if check.send:
            lines = [line for line in lines if line[0] not in ("content-length", "transfer-encoding")]
            lines.append(("content-length", str(len(check.send))))
        self._request = h11.Request(method=check.method, target=check.path, headers=lines)

    def begin(self) -> Verdict | None:
        connection = self._connection
        if self.reusable:
            connection.start_next_cycle()
        self.reusable = False
        self._answer = None
        self._outgoing = connection.send(self._request) or b""
        if self._check.send:
            self._outgoing += connection.send(h11.Data(data=self._check.send)) or b""
        self._outgoing += connection.send(h11.EndOfMessage()) or b""
        return None

    def outgoing(self) -> bytes:
        data, self._outgoing = self._outgoing, b""
        return data

    def feed(self, data: bytes) -> Verdict | None:
        try:
            self._connection.receive_data(data)
            while True:
                event = self._connection.next_event()
                if event is h11.NEED_DATA:
                    return None
                verdict = self._take(event)
                if verdict is not None:
                    return verdict
        except h11.RemoteProtocolError as error:
            return broken(f"no HTTP/1.1 answer: {error}" if data else "the connection was closed")

    def _take(self, event: object) -> Verdict | None:
        if isinstance(event, h11.Response):
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
            self._answer = Answer(self._check, event.status_code, headers)
        elif isinstance(event, h11.Data) and self._answer is not None:
            self._answer.add(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage) and self._answer is not None:
            done = self._connection.our_state is h11.DONE and self._connection.their_state is h11.DONE
            close = self._answer.headers.get("proxy-connection", "").lower() == "close"
            more = bool(self._connection.trailing_data[0])  # it would be taken for the next check's answer
            self.reusable = self._reuse and done and not close and not more
            return judge(self._check, self._answer, self._matches)
        elif isinstance(event, (h11.ConnectionClosed, h11.PAUSED)):
            return broken("the connection was closed")
        return None
