"""One request through the proxy: ask the engine, forward or answer, report, release the lease."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from meshcore.engine import Decision, Outcome
from meshcore.model import Cluster, Discovery, ForwardAction
from meshcore.proxy.answer import Answer
from meshcore.proxy.attempts import Attempts
from meshcore.proxy.client_answer import ClientAnswer
from meshcore.proxy.request import BadBody, Request, text
from meshcore.proxy.spans import ProxySpans, spans_of
from meshcore.proxy.tunnel import tunnel
from meshcore.proxy.watch import Watch
from meshcore.telemetry.access import AccessRecord
from meshcore.upstream import replies
from meshcore.upstream.client import BrokenAnswer, Response
from meshcore.upstream.mark import SPELLINGS
from meshcore.upstream.mirrors import Copy
from meshcore.upstream.replay import Replay
from meshcore.upstream.replies import Reply

if TYPE_CHECKING:
    from meshcore.proxy.server import Proxy

__all__ = ["Exchange"]


class Exchange:
    """The life of one request. ``run()`` gives the answer, already sent."""

    def __init__(self, proxy: Proxy, request: Request, record: AccessRecord) -> None:
        self.proxy = proxy
        self.request = request
        self.record = record
        self.watch = Watch(request.connection.alarm)
        self.client = ClientAnswer(proxy, request, record, self.watch)
        self._timeout: float | None = None
        self._complete = False  # the client has sent all
        self._attempts: Attempts | None = None
        self._copies: Sequence[Copy] = ()  # for mirrors
        self._spans: ProxySpans | None = None  # None: none is reported

    async def run(self) -> Answer:
        """Serve the request.

        Raises:
            asyncio.CancelledError: where the client went away, or the proxy is being stopped.
            ConnectionError: likewise, noticed on writing.
        """
        try:
            return await self._serve()
        finally:
            self.watch.stop()
            for copy in self._copies:
                copy.abandon()
            if self._attempts is not None:
                await self._attempts.close()

    def over(self) -> None:
        """The record says all that there is to say."""
        if self._spans is not None:
            self._spans.end(self.record)

    async def _serve(self) -> Answer:
        request = self.request
        head = request.head
        if head.unknown_coding:
            return await self.client.fail(replies.UNKNOWN_CODING)
        if request.method == "CONNECT":
            return await self.client.fail(replies.UPGRADE_FAILED)
        upgrade, lines = head.upgrade, head.lines
        if not head.fields.keys().isdisjoint(SPELLINGS):  # a stranger's: we would vouch for it
            lines = [line for line in lines if line[0].lower() not in SPELLINGS]
        if self.proxy.mark is not None:
            lines.append(self.proxy.mark)
        if upgrade is not None:
            if request.body is not None:
                return await self.client.fail(replies.CODEC_ERROR)
            lines += [(b"connection", b"upgrade"), (b"upgrade", upgrade)]
        source, source_port = _address(request.connection.peername)
        local, _ = _address(request.connection.sockname)
        decision = self.proxy.engine.decide(
            request.method,
            None,
            request.target,
            lines,
            source=source,
            source_port=source_port,
            local=local,
            port=self.proxy.config_port(request),
            protocol=self.record.protocol,
        )
        with decision:
            self.client.describe(decision)
            if self.proxy.spans is not None:
                self._spans = spans_of(self.proxy, request, decision, self.record)
            cluster = self.proxy.view().cluster(decision.cluster)
            if cluster is not None and cluster.discovery is Discovery.ORIGINAL_DST:
                return await self.client.reply(replies.UNKNOWN_DESTINATION, decision)
            if decision.rate_limits:
                await self.proxy.rate_limits.ask(decision)
                self.client.describe(decision)
            if decision.delay:
                await self.proxy.sleep(decision.delay)
                decision.end_delay()
            if decision.outcome is not Outcome.FORWARD:
                return await self.client.own(decision)
            if upgrade is not None and not self._may_upgrade(decision, upgrade):
                return await self.client.reply(replies.UPGRADE_FAILED, decision)
            return await self._forward(decision, cluster, upgrade)

    async def _forward(self, decision: Decision, cluster: Cluster | None, upgrade: bytes | None) -> Answer:
        timeout = self._timeout = decision.timeout
        idle = self._idle_timeout(decision)
        body = None
        length = self.request.head.length
        if self.request.body is not None:
            self.client.awaits_continue = self.request.expects_continue
            body = Replay(self._next_chunk, decision.buffer_limit, self.proxy.options.buffer_size)
        self._attempts = attempts = Attempts(
            self.proxy,
            self.request,
            decision,
            cluster,
            body=body,
            length=length,
            drop=b"expect" if self.client.awaits_continue else b"",
            cut=self.watch.end,
            spans=self._spans,
        )
        if body is None:
            self._request_complete()
        if idle and (body is not None or not timeout or idle < timeout):  # else the timeout comes first
            self.watch.end_when_idle(idle, replies.STREAM_IDLE)
        if decision.max_stream_duration is not None:
            self.watch.end_after(decision.max_stream_duration, replies.MAX_DURATION)
        if upgrade is None and decision.mirrors:  # nobody would speak the other protocol to a mirror
            self._copies = self.proxy.mirrors.begin(decision, length, body=body is not None)
        begun = self.watch.now()
        try:
            response = await attempts.run()
        except asyncio.CancelledError:
            reason = self.watch.caught()
            if reason is None:
                raise
            return await self._ended(decision, reason)
        finally:
            self.record.attempts = attempts.count
            self.record.trace_id = attempts.trace_id or self.record.trace_id
            self.record.endpoint = decision.endpoint or ""
        if response is None:
            return await self._given_up(decision, attempts.reply)
        self.record.upstream_duration = self.watch.now() - begun
        self.record.details, self.client.flags = decision.details, decision.flags
        self.record.flags = self.client.flags
        if decision.per_try_idle_timeout:
            self.watch.end_when_idle(decision.per_try_idle_timeout, replies.PER_TRY_IDLE)
        if response.status == 101:
            return await self._upgraded(decision, response, upgrade)
        return await self._relay(decision, response)

    async def _relay(self, decision: Decision, response: Response) -> Answer:
        answer = self.client.begin(decision, response)
        self.client.hold_back(answer, decision, response.content)
        try:
            answer.begin(self.request)
        except ValueError:  # a control character in the reason phrase
            self.client.answer = None
            return await self.client.reply(replies.PROTOCOL_ERROR, decision)
        content = response.content
        try:
            chunk = content.take()
            if not chunk and not content.complete:
                answer.flush_head()
                chunk = await content.read()
            while chunk and not content.at_end:
                self.watch.touch()
                await answer.write(chunk)
                chunk = content.take() or await content.read()
            await answer.finish(chunk)
        except BrokenAnswer:
            self.proxy.stats.add(f"cluster.{decision.cluster}.upstream_cx_protocol_error")
            decision.report(error=replies.BROKEN_OFF.error)
            return await self.client.fail(replies.BROKEN_OFF)
        except asyncio.CancelledError:
            reason = self.watch.caught()
            if reason is None:
                raise
            if reason is replies.PER_TRY_IDLE:
                decision.report(error=reason.error)
            return await self.client.fail(reason)
        return answer

    async def _upgraded(self, decision: Decision, response: Response, upgrade: bytes | None) -> Answer:
        client = self.request.tunnel
        if upgrade is None or client is None:
            return await self.client.reply(replies.PROTOCOL_ERROR, decision)  # nobody asked for it
        answer = self.client.begin(decision, response)
        answer.lines += [(b"Connection", b"Upgrade"), (b"Upgrade", upgrade)]
        self.client.hold_back(answer, decision, None)
        answer.begin(self.request)
        answer.flush_head()
        self.watch.lift_deadline()  # the route's timeout is for the answer, as in Envoy
        idle = self._idle_timeout(decision)
        if idle and self._timeout and idle >= self._timeout:  # nobody has seen to it yet
            self.watch.end_when_idle(idle, replies.STREAM_IDLE)
        try:
            await tunnel(client, response, answer, self.record, self.watch)
        except asyncio.CancelledError:
            reason = self.watch.caught()
            if reason is None:
                raise
            return await self.client.fail(reason)
        if self.request.connection.gone:
            raise ConnectionResetError
        # As in Envoy: no matter how, since nothing but that tells the end of what the endpoint says.
        decision.report(error=replies.RESET_AFTER.error)
        self.client.note(replies.RESET_AFTER)
        return answer

    async def _given_up(self, decision: Decision, reply: Reply | None) -> Answer:
        """No attempt brought an answer; ``reply`` is how the last of them failed."""
        if not decision.done:
            assert reply is not None
            return await self.client.reply(reply, decision)
        return await self.client.own(decision, reply.transport if reply is not None else "")

    async def _ended(self, decision: Decision, reason: Reply) -> Answer:
        """The time for the whole request is over, or the client's body is none."""
        if reason.error:
            decision.report(error=reason.error)
        if reason.error == "timeout":
            self.proxy.stats.add(f"cluster.{decision.cluster}.upstream_rq_timeout")
        if not reason.error or decision.answered or (reason.close and not self._complete):
            return await self.client.reply(reason, decision)
        return await self.client.own(decision)

    async def _next_chunk(self) -> bytes:
        """The next bytes of the client's body; b"" at its end."""
        if self.client.awaits_continue:
            self.client.awaits_continue = False
            self.request.connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        content = self.request.body
        assert content is not None
        try:
            chunk = await content.read()
        except BadBody:
            self.watch.end(replies.CODEC_ERROR)
            raise
        self.watch.touch()
        self.record.bytes_received += len(chunk)
        for copy in self._copies:
            copy.feed(chunk)
        if content.at_end:
            self._request_complete()
        return chunk

    def _request_complete(self) -> None:
        """The route's timeout counts from here, as Envoy's does."""
        if self._complete:
            return
        self._complete = True
        if self._timeout:
            self.watch.limit(self._timeout, replies.RESPONSE_TIMEOUT)
        if self._attempts is not None:
            self._attempts.request_complete()
        for copy in self._copies:
            copy.end()

    def _idle_timeout(self, decision: Decision) -> float:
        action = decision.route_entry.action if decision.route_entry is not None else None
        idle = action.idle_timeout if isinstance(action, ForwardAction) else None
        if idle is None:
            idle = self.proxy.view().options(decision.listener).stream_idle_timeout
        return self.proxy.options.stream_idle_timeout if idle is None else idle

    def _may_upgrade(self, decision: Decision, upgrade: bytes) -> bool:
        allowed = dict(self.proxy.view().options(decision.listener).upgrades)
        entry = decision.route_entry
        if entry is not None and isinstance(entry.action, ForwardAction):
            allowed.update(entry.action.upgrades)
        # The server hands a connection over for these two alone.
        return upgrade in (b"websocket", b"tcp") and allowed.get(text(upgrade), False)


def _address(name: object) -> tuple[str | None, int]:
    """Host and port of a socket's name; None and 0 for sockets that have neither."""
    return (name[0], name[1]) if isinstance(name, tuple) else (None, 0)
