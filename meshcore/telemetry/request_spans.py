"""The spans of one request: begun when it is known that it is reported, told of what happens, ended once.

Tags are Envoy's, as an Envoy 1.40 reports them to Zipkin, and those that OpenTelemetry's own tools look for
(https://opentelemetry.io/docs/specs/semconv/http/http-spans/).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from meshcore._tracers import alone
from meshcore.decision import Attempt, Decision
from meshcore.model import Cluster, TracingOptions
from meshcore.telemetry.span_texts import Seen, custom_tags, operation, rendered
from meshcore.telemetry.spans import Event, FinishedSpan, Spans, Tags
from meshcore.trace import SpanContext

__all__ = ["AttemptSpan", "Kind", "RequestSpan", "above_attempt", "labels_of", "reason_of", "url_of"]

Kind = Literal["server", "client", "internal"]
Label = Callable[[str], str | None]

#: How an attempt failed, in the words of ``Decision.report()`` -> Envoy's flag for it.
_FLAGS = {
    "connect-failure": "UF",
    "connect-timeout": "UF",
    "reset": "UC",
    "protocol-error": "UPE",
    "per-try-timeout": "UT",
    "overflow": "UO",
}
#: The same -> how Envoy calls what became of the stream.
_REASONS = {
    "connect-failure": "remote connection failure",
    "connect-timeout": "connection timeout",
    "reset": "connection termination",
    "protocol-error": "protocol error",
}


def labels_of(cluster: Cluster | None, address: str | None) -> Label:
    """Gives the labels of an endpoint, by its address."""

    def label(name: str) -> str | None:
        for endpoint in cluster.endpoints if cluster is not None else ():
            if endpoint.authority == address:
                value = dict(endpoint.metadata).get(name)
                return value if isinstance(value, str) else None
        return None

    return label


def reason_of(failure: str) -> str:
    """How an attempt failed, in Envoy's words where it has some for that."""
    return _REASONS.get(failure, failure)


def above_attempt(attempt: SpanContext, above: str | None, free: SpanContext | None = None) -> SpanContext:
    """The span of a request whose attempts have spans of their own: what the lines of one name as the span
    above it, where they do and that is not reported already.

    Args:
        above: the span above the request's.
        free: one that nobody has reported.
    """
    parent = attempt.parent_id
    if parent is not None and parent != above:
        return alone(attempt.trace_id, parent)
    return free or attempt.child()


class RequestSpan:
    """The span of a request, which may have spans of attempts below it.

    Args:
        context: with the span's ids; what is sent on is of the same trace.
        parent_id: of the span above; None: there is none.
        remote: that one is another process's.
        label: gives labels of an endpoint, by its address and a name.
    """

    def __init__(
        self,
        spans: Spans,
        kind: Kind,
        context: SpanContext,
        parent_id: str | None,
        *,
        remote: bool,
        seen: Seen,
        decision: Decision,
        options: TracingOptions,
        label: Callable[[str | None], Label],
    ) -> None:
        self.context = context
        self.seen = seen
        self.decision = decision
        self.options = options
        self.label = label
        self.received: int | None = None  #: bytes of its body; None: they are not counted
        self.sent: int | None = None  #: the same of the answer's
        self.told: str | None = None  #: what the other side calls it
        self.endpoint: str | None = None  #: that the latest attempt went to
        self._spans = spans
        self._kind = kind
        self._parent_id = parent_id
        self._remote = remote
        self._events: list[Event] = []
        self._start: int = spans.clock()
        self._over = False

    def note(self, name: str, tags: Tags) -> None:
        """Something has happened."""
        self._events.append(Event(name, self._spans.clock(), tags))

    def attempt(self, attempt: Attempt, sent: SpanContext | None) -> AttemptSpan | None:
        """An attempt begins: with a span below this one where its lines tell of it (``sent``); else a further
        one is an event of this."""
        self.endpoint = attempt.endpoint
        if sent is not None and sent.is_valid:
            return AttemptSpan(self, self._spans, sent, attempt.endpoint, attempt.number)
        if attempt.number > 1:
            again = {"retry.count": str(attempt.number - 1), "upstream_address": attempt.endpoint}
            self.note("retry", again)
        return None

    def end(self, status: int, flags: str | None = None) -> None:
        """It is over; once more changes nothing.

        Args:
            status: of the answer; 0: there was none.
            flags: Envoy's response flags, where the decision's are not all.
        """
        if self._over:
            return
        self._over = True
        flags = self.decision.flags if flags is None else flags
        tags = dict(self._tags(status, flags))
        error = status == 0 or status >= 500
        if error:
            tags |= {"error": "true", "error.type": str(status) if status else flags or "reset"}
        tags |= custom_tags(self.seen, self.decision, self.options, self.label(self.endpoint))
        outgoing = self._kind != "server"
        name = operation(self.seen, self.decision, self.options, outgoing=outgoing, told=self.told)
        self._spans.report(
            FinishedSpan(
                name,
                self._kind,
                self.context,
                self._parent_id,
                self._remote,
                self._start,
                self._spans.clock(),
                tags,
                error,
                self._events,
            )
        )

    def _tags(self, status: int, flags: str) -> Iterator[tuple[str, str | int]]:
        seen = self.seen
        if request_id := self.decision.request_id:
            yield "guid:x-request-id", request_id
        if client_trace := seen.header(b"x-client-trace-id"):
            yield "guid:x-client-trace-id", client_trace
        yield "http.method", seen.method
        yield "http.url", url_of(seen, self.options.max_path_tag_length)
        yield "http.protocol", seen.protocol
        yield "user_agent", seen.header(b"user-agent") or "-"
        yield "downstream_cluster", seen.header(b"x-envoy-downstream-service-cluster") or "-"
        if seen.peer:
            yield "peer.address", seen.peer
        elif self.endpoint and self._kind == "client":  # it begins here
            yield "peer.address", self.endpoint
            yield "upstream_address", self.endpoint
        if self.received is not None:
            yield "request_size", str(self.received)
        if self.sent is not None:
            yield "response_size", str(self.sent)
        yield from common_tags(self.decision, status, flags)
        yield "http.request.method", seen.method
        yield "server.address", seen.authority
        yield "url.path", seen.target.partition("?")[0][: self.options.max_path_tag_length]


class AttemptSpan:
    """The span of one attempt, which the upstream hangs its own below."""

    def __init__(
        self, request: RequestSpan, spans: Spans, context: SpanContext, endpoint: str, number: int
    ) -> None:
        self._request = request
        self._spans = spans
        self._context = context
        self._endpoint = endpoint
        self._number = number
        self._start = spans.clock()
        self._over = False

    def end(self, status: int, failure: str = "", *, cancelled: bool = False) -> None:
        """It is over; once more changes nothing.

        Args:
            status: of the answer; 0: there was none.
            failure: why not, in the words of ``Decision.report()``.
            cancelled: nobody waits for the answer any more.
        """
        if self._over:
            return
        self._over = True
        above = self._request
        decision = above.decision
        tags: dict[str, str | int] = {
            "http.protocol": "HTTP/1.1" if status else "-",
            "upstream_address": self._endpoint,
            "peer.address": self._endpoint,
            **dict(common_tags(decision, status, _FLAGS.get(failure, ""))),
        }
        if self._number > 1:
            tags["retry.count"] = str(self._number - 1)
        if cancelled:
            tags["canceled"] = "true"
        if failure:
            tags["error.reason"] = reason_of(failure)
        error = bool(failure) or status >= 500
        if error:
            tags |= {"error": "true", "error.type": str(status) if status else failure}
        tags |= custom_tags(above.seen, decision, above.options, above.label(self._endpoint))
        route = decision.route_entry
        wanted = (route.upstream_operation if route is not None else "") or above.options.upstream_operation
        self._spans.report(
            FinishedSpan(
                rendered(wanted, above.seen, decision) if wanted else f"router {decision.cluster} egress",
                "client",
                self._context,
                above.context.span_id,
                False,
                self._start,
                self._spans.clock(),
                tags,
                error,
            )
        )


def common_tags(decision: Decision, status: int, flags: str) -> Iterator[tuple[str, str | int]]:
    """Of requests and attempts alike."""
    yield "component", "proxy"
    if cluster := decision.cluster:
        yield "upstream_cluster", cluster
        yield "upstream_cluster.name", cluster
    yield "http.status_code", str(status)
    yield "response_flags", flags or "-"
    if status:
        yield "http.response.status_code", status


def url_of(seen: Seen, most: int) -> str:
    """As Envoy tells it: the query counts to the path, which is cut."""
    scheme = seen.header(b"x-forwarded-proto") or seen.scheme
    return f"{scheme}://{seen.authority}{seen.target[:most]}"
