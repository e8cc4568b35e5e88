"""The spans of a request through the proxy: as Envoy reports them, but for ids that two spans would share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshcore.engine import Attempt, Decision, Outcome
from meshcore.telemetry.access import AccessRecord
from meshcore.telemetry.request_spans import AttemptSpan, Kind, RequestSpan, above_attempt, labels_of
from meshcore.telemetry.span_texts import OPERATION, Seen
from meshcore.trace import SpanContext
from meshcore.upstream.headers import Line

if TYPE_CHECKING:
    from meshcore.proxy.request import Request
    from meshcore.proxy.server import Proxy

__all__ = ["ProxySpans", "spans_of"]


def spans_of(proxy: Proxy, request: Request, decision: Decision, record: AccessRecord) -> ProxySpans | None:
    """None: no span of the request is reported."""
    listener = proxy.view().options(decision.listener)
    options = listener.tracing
    if proxy.spans is None or options is None:
        return None
    came = SpanContext.extract(request.raw_headers)
    forwards = decision.outcome is Outcome.FORWARD
    sent = SpanContext.extract(decision.request_headers()) if forwards and decision.trace_format else None
    if sent is not None and not sent.is_valid:
        sent = None
    said = sent or came
    if not (decision.traced if said is None or said.sampled is None else said.sampled):
        return None
    above = came.span_id if came is not None and came.is_valid else None
    if sent is not None and came is not None and sent.trace_id != came.trace_id:
        above = None  # the tracer does not read what came
    spawns = sent is not None and options.spawn_upstream_span
    if sent is None:
        span = SpanContext.new() if came is None else came.child()
    elif spawns or sent.span_id == above:
        span = above_attempt(sent, above)
    else:
        span = sent
    kind: Kind = "client" if options.outbound and not options.spawn_upstream_span else "server"
    seen = Seen(
        request.method,
        "http",
        record.authority,
        record.path,
        request.raw_headers,
        record.protocol,
        record.source,
    )
    made = RequestSpan(
        proxy.spans,
        kind,
        span,
        above,
        remote=True,
        seen=seen,
        decision=decision,
        options=options,
        label=lambda address: labels_of(proxy.view().cluster(decision.cluster), address),
    )
    if not options.outbound and not listener.use_remote_address:  # else it may be a stranger's word
        made.told = seen.header(OPERATION)
    return ProxySpans(made, spawns=spawns)


class ProxySpans:
    """The span of a request, and of its attempts where they have some."""

    def __init__(self, span: RequestSpan, *, spawns: bool) -> None:
        self._span = span
        self._spawns = spawns

    def attempt(self, attempt: Attempt, lines: list[Line]) -> AttemptSpan | None:
        """An attempt begins, with these header lines."""
        return self._span.attempt(attempt, SpanContext.extract(lines) if self._spawns else None)

    def end(self, record: AccessRecord) -> None:
        """The request is over, of which that is known."""
        self._span.received, self._span.sent = record.bytes_received, record.bytes_sent
        self._span.end(record.status, record.flags)
