"""What the client of a request is answered, and what the access log says of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from meshcore.engine import Decision, Outcome
from meshcore.proxy.answer import Answer, http_date
from meshcore.proxy.pacing import Pace
from meshcore.proxy.request import Request
from meshcore.proxy.watch import Watch
from meshcore.telemetry.access import AccessRecord
from meshcore.upstream.framing import OF_CONNECTION
from meshcore.upstream.headers import Line
from meshcore.upstream.incoming import Incoming
from meshcore.upstream.messages import Response
from meshcore.upstream.replies import Reply

if TYPE_CHECKING:
    from meshcore.proxy.server import Proxy

__all__ = ["ClientAnswer"]


class ClientAnswer:
    """Makes the answer to one request: the upstream's, the decision's own, or one in our own words."""

    def __init__(self, proxy: Proxy, request: Request, record: AccessRecord, watch: Watch) -> None:
        self.proxy = proxy
        self.request = request
        self.record = record
        self.watch = watch
        self.answer: Answer | None = None  #: that has begun
        self.flags = ""  #: of the decision
        self.awaits_continue = False  #: the client waits to be told to send its body

    def describe(self, decision: Decision) -> None:
        """Tell the access log what was decided."""
        record = self.record
        record.request_id = decision.request_id or record.request_id
        record.listener = decision.listener or ""
        record.virtual_host = decision.virtual_host or ""
        record.route = decision.route or ""
        record.cluster = decision.cluster or ""
        record.endpoint = decision.endpoint or ""
        record.flags, record.details = decision.flags, decision.details
        self.flags = decision.flags if decision.outcome is Outcome.FORWARD else ""

    def begin(self, decision: Decision, response: Response) -> Answer:
        """The upstream's answer, of which nothing has been sent yet."""
        lines = response.head.lines
        if not self.proxy.view().options(decision.listener).suppress_envoy_headers:
            took = round((self.record.upstream_duration or 0) * 1000)
            lines.append((b"x-envoy-upstream-service-time", str(took).encode()))
        lines = decision.response_headers(lines, status=response.status)
        lines, sized = self._common(decision, lines, response.head.length)
        self.answer = Answer(response.status, lines, sized=sized, reason=response.reason)
        # A client that was never told to send its body may send it or the next request.
        self.answer.close = self.proxy.draining or self.awaits_continue
        return self.answer

    async def own(self, decision: Decision, transport: str = "") -> Answer:
        """Send the decision's own answer. ``transport``: how the connection of the last attempt failed."""
        self.watch.stop()
        self.describe(decision)
        if transport:
            self.record.details = f"{decision.details[:-1]}|{transport}}}"
        lines = decision.response_headers()
        return await self._send_whole(decision, decision.status or 500, lines, decision.body)

    async def reply(self, reply: Reply, decision: Decision | None = None) -> Answer:
        """Send an answer in our own words, edited as the decision says."""
        self.watch.stop()
        self.note(reply)
        lines = [(b"content-type", b"text/plain")] if reply.body else []
        if decision is not None:
            lines = decision.response_headers(lines, status=reply.status)
        return await self._send_whole(decision, reply.status, lines, reply.body, close=reply.close)

    async def fail(self, reply: Reply) -> Answer:
        """Answer ``reply``, or cut the connection where another answer has begun."""
        self.watch.stop()
        self.note(reply)
        if self.answer is not None:
            self.answer.abandon(self.request)
            return self.answer
        return await self.reply(reply)

    async def _send_whole(
        self,
        decision: Decision | None,
        status: int,
        headers: Iterable[Line],
        body: bytes,
        *,
        close: bool = False,
    ) -> Answer:
        lines, _ = self._common(decision, headers, None)
        lines.append((b"content-length", b"%d" % len(body)))
        self.answer = answer = Answer(status, lines, sized=True)
        # A client that still waits to be told to send its body does not have to.
        answer.close = close or self.proxy.draining or self.request.expects_continue
        self.hold_back(answer, decision, None)
        answer.begin(self.request)
        await answer.finish(body)
        return answer

    def hold_back(self, answer: Answer, decision: Decision | None, content: Incoming | None) -> None:
        """Limit the rate of the answer where a fault says so. ``content``: what it is made of."""

        def progress() -> None:
            self.watch.touch()
            if content is not None and content.complete:  # the endpoint has done its part in time
                self.watch.lift_deadline()

        if decision is not None and decision.response_rate is not None:
            answer.pace = Pace(decision.response_rate, self.proxy.now, self.proxy.sleep, progress)

    def _common(
        self, decision: Decision | None, headers: Iterable[Line], length: bytes | None
    ) -> tuple[list[Line], bool]:
        """The lines with Envoy's own (``server`` always, ``date`` where the upstream gave none) and with the
        body's length as their only framing, whatever an edit made of it or of the connection; and whether
        they have that."""
        dated = sized = False
        lines = []
        for line in headers:
            name = line[0].lower()
            if name == b"date":
                dated = True
            elif name == b"content-length":
                if line[1] != length:
                    continue
                sized = True
            elif name == b"server" or name in OF_CONNECTION:
                continue
            lines.append(line)
        if not dated:
            lines.append((b"date", http_date()))
        options = self.proxy.view().options(decision.listener if decision else None)
        lines.append((b"server", options.server_name.encode()))
        return lines, sized

    def note(self, reply: Reply) -> None:
        """Tell the access log how it ended."""
        self.record.flags = ",".join(filter(None, (reply.flags, self.flags)))
        self.record.details = reply.details
