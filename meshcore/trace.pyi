"""Trace contexts and request ids by themselves: B3, W3C, Jaeger, Datadog, X-Ray and others."""

from collections.abc import Iterable, Mapping
from typing import TypeVar, final

from meshcore._types import Headers

__all__ = ["SpanContext", "request_id", "trace_counts"]

_Carrier = TypeVar("_Carrier")

def request_id(*, seed: int | None = None) -> str:
    """A new UUID of version 4, of random bits that nobody can guess. Processes that fork have others.

    A seed (64 bits) stands in for chance. OSError: the system has no random numbers to give.
    """

def trace_counts() -> dict[str, dict[str, int]]:
    """What extract() found that was not as it should be, in this process so far.

    ``"malformed"`` by format: headers that were passed over, of the baggage members. ``"truncated"``: how
    often a ``tracestate`` or ``baggage`` lost members for want of room.
    """

@final
class SpanContext:
    """What a request says of the trace that it belongs to. Immutable; it may be hashed, copied and pickled.

        context = SpanContext.extract(request.headers) or SpanContext.new()
        client.get(url, headers=context.child().inject({}))

    Formats are named as in OTEL_PROPAGATORS: ``b3`` (one line), ``b3multi``, ``tracecontext`` (W3C's
    traceparent and tracestate; level 2), ``jaeger``, ``datadog``, ``xray``, ``cloudtrace``
    (x-cloud-trace-context), ``ottrace``, ``baggage`` (W3C's) and ``requestid`` (x-request-id).
    docs/tracing.md tells what each can say.
    """

    @staticmethod
    def extract(headers: Headers, formats: Iterable[str] | None = None) -> SpanContext | None:
        """The context that header lines carry: pairs of name and value (ASGI), a mapping or a multidict.

        Of several formats the first one counts whose ids are well-formed, in the order of ``formats``;
        without any ids the first decision that is there. What is malformed is as if it were absent, and
        counted. None: nothing is there at all. A context may also carry no more than a decision (``b3: 0``),
        baggage or a request id: its ids are then None, and its children begin a trace.

        ``formats`` are by default those of OTEL_PROPAGATORS and the request id, or, where that is unset, all.
        ValueError: one is unknown.
        """

    @staticmethod
    def new(
        *, sampled: bool | None = True, debug: bool = False, trace_id_bits: int = 128, seed: int | None = None
    ) -> SpanContext:
        """A new trace, and its first span. ``sampled=None`` leaves the decision to whoever is asked next."""

    def child(self, *, seed: int | None = None) -> SpanContext:
        """A span below this one: of the same trace, or of a new one where this context has no ids."""

    def inject(self, headers: _Carrier, formats: Iterable[str] | None = None) -> _Carrier:
        """Write the context into header lines, in place of all that those formats said before.

        A list of pairs and a mutable mapping or multidict are changed and returned; of a tuple a new one is
        returned, of anything else a list. Names are lower-case; they are str where the other names are (of an
        empty list: bytes, of an empty mapping: str). What a format cannot say is left out.

        ``formats`` are by default those of OTEL_PROPAGATORS, or, where that is unset, ``("b3multi",)``.
        ValueError: one is unknown.
        """

    def with_baggage(self, baggage: Mapping[str, str]) -> SpanContext:
        """The same with another baggage. ValueError: a key is no token, or there are more than 64 members or
        8192 bytes."""

    def with_request_id(self, request_id: str) -> SpanContext:
        """The same with another request id, of 1 to 256 bytes."""

    def with_ids_of(self, other: SpanContext) -> SpanContext:
        """The same as it is said of another span: with its ids. Its parent is what ``other`` says, or else,
        within a trace, this span."""

    def with_sampling(self, sampled: bool | None, *, debug: bool = False) -> SpanContext:
        """The same with another decision."""

    @property
    def trace_id(self) -> str | None:
        """32 hexadecimal digits, or 16 where the trace's id has 64 bits."""

    @property
    def span_id(self) -> str | None:
        """16 hexadecimal digits. None: no span is known, though X-Ray may know the trace."""

    @property
    def parent_id(self) -> str | None:
        """Of the span above, where it is known."""

    @property
    def is_valid(self) -> bool:
        """Whether it names a trace and a span."""

    @property
    def sampled(self) -> bool | None:
        """Whether the trace is recorded; None: nobody has decided."""

    @property
    def debug(self) -> bool:
        """Whether it is to be recorded whatever samplers say (B3's ``d``, Datadog's user keep)."""

    @property
    def trace_flags(self) -> int:
        """W3C's trace-flags: 1 sampled, 2 random trace id."""

    @property
    def source(self) -> str | None:
        """The format that ids and decision came in; None: of none."""

    @property
    def tracestate(self) -> str:
        """W3C's, as one line; empty where there is none."""

    @property
    def baggage(self) -> dict[str, str]:
        """Values decoded, without properties (which inject() passes on)."""

    @property
    def request_id(self) -> str | None:
        """What x-request-id said."""

    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...
