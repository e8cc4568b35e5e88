"""Decisions: what the engine decided for one request, and its life until it is closed. The stub decision.pyi
has the documentation.

Conversion only: every choice is made in the core. A decision's memory (its view, its scratch, the
array of header lines) is a block of a pool, which holds the Python objects that it points into.

Here is what people see of them. What that takes is in files of its own, but no modules, since every request passes
there: how they are kept (_decision_pool.pxi), made (_decision_made.pxi), shown (_decision_shown.pxi) and told what comes
of them (_decision_told.pxi).
"""

import enum

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.long cimport PyLong_AsLongAndOverflow
from cpython.object cimport PyObject, PyTypeObject, destructor

from meshcore._block cimport (
    MC_POOLED, block_clear, block_free, block_new, block_take, block_take_list, disown_last, own,
)
from meshcore._cluster_spec cimport nanoseconds
from meshcore._core cimport *
from meshcore._given cimport time_given
from meshcore._report cimport report_of
from meshcore._request cimport MC_LISTS_STAY, PyList_GET_ITEM, as_pairs, has_names, take_plain, text_of
from meshcore._sealed cimport seal
from meshcore._serving cimport draw_seed, now_of, unix_time_of
from meshcore._shape cimport request_lines, response_lines
from meshcore._snapshot cimport Snapshot
from meshcore._timeouts cimport deadline_of, seconds_of, stream_is_first, timeouts_of

from meshcore._failures import failure_number
from meshcore._outlier import checked_status
from meshcore.model import DEFAULT_BUFFER_LIMIT

__all__ = ["Attempt", "Decision", "Outcome"]


class Outcome(enum.Enum):
    """What to do with the request."""

    FORWARD = "forward"
    REDIRECT = "redirect"
    RESPOND = "respond"
    REJECT = "reject"


@cython.final
@cython.no_gc
cdef class Decision:
    def __dealloc__(self):
        if self._block != NULL:
            block_free(self._block)

    def __reduce__(self):
        raise TypeError("a Decision cannot be pickled or copied; Engine.decide() makes another one")

    def __repr__(self):
        cdef mc_decision *d = &self._block.decision
        what = self.endpoint if d.outcome == MC_FORWARD else f"{d.status} {self.details}"
        return f"<Decision {self.outcome.value} {what} route={self.route!r} cluster={self.cluster!r}>"

    cdef tuple pairs(self):
        """The header lines that were decided on."""
        if self._pairs is None:
            self._pairs = tuple([<object> self._block.held[i] for i in range(self._block.line_count)])
        return self._pairs

    cdef int draw_ids(self) except -1:
        """See to it that all of the request's random numbers are there, for what is sent on."""
        cdef uint32_t count = self._block.undrawn
        if count:
            draw_ids(self._serving, &self._block.ids[OWN_IDS], count)
            self._block.undrawn = 0
        return 0

    cdef object given(self):
        """What these came in."""
        return <object> self._block.given

    @property
    def outcome(self):
        return OUTCOMES[<int> self._block.decision.outcome]

    @property
    def listener(self):
        cdef int32_t at = self._block.decision.listener
        return self._snapshot.listeners[at] if at >= 0 else None

    @property
    def virtual_host(self):
        cdef int32_t at = self._block.decision.virtual_host
        return self._snapshot.hosts[at] if at >= 0 else None

    @property
    def route(self):
        cdef int32_t at = self._block.decision.route
        return self._snapshot.route_names[at] if at >= 0 else None

    @property
    def route_entry(self):
        cdef int32_t at = self._block.decision.route
        return self._snapshot.routes[at] if at >= 0 else None

    @property
    def cluster(self):
        cdef int32_t at = self._block.decision.cluster
        if self._block.named != NULL:
            return <object> self._block.named
        return self._snapshot.clusters[at] if at >= 0 else None

    def name_cluster(self, str name not None):
        if self._block.named == NULL:
            self._block.named = <PyObject *> name
            hold(self._block, <PyObject *> name)

    @property
    def endpoint(self):
        # Of a request that a circuit breaker refuses the core knows the one that was picked.
        cdef mc_decision *d = &self._block.decision
        return self._picked() if d.outcome == MC_FORWARD or d.over else None

    cdef object _picked(self):
        cdef mc_decision *d = &self._block.decision
        return None if d.endpoint < 0 else address_of(self, d.upstream, d.elsewhere, d.endpoint)

    @property
    def status(self):
        cdef mc_decision *d = &self._block.decision
        if d.grpc:
            return 200  # the status that is meant goes in grpc-status
        return d.status or None

    @property
    def location(self):
        cdef mc_slice location = self._block.decision.location
        return None if location.data == NULL else text_of(location)

    @property
    def body(self):
        cdef mc_slice body = self._block.decision.body
        if self._block.decision.grpc:
            return b""
        if body.data != NULL:
            return PyBytes_FromStringAndSize(body.data, <Py_ssize_t> body.size)
        return static_body(self)

    @property
    def flags(self):
        return flags_text(self._block.decision.flags)

    @property
    def details(self):
        return details_text(self._block.decision.details)

    @property
    def method(self):
        return text_of(self._block.decision.request.method)

    @property
    def path(self):
        return same_or_text(self._block.path, self._block.decision.request.target, self._block.decision.target)

    @property
    def authority(self):
        return same_or_text(
            self._block.authority, self._block.decision.request.authority, self._block.decision.authority)

    @property
    def timeout(self):
        return seconds_of(timeouts_of(&self._block.decision).request_ms)

    @property
    def per_try_timeout(self):
        return seconds_of(timeouts_of(&self._block.decision).per_try_ms)

    @property
    def per_try_idle_timeout(self):
        return seconds_of(timeouts_of(&self._block.decision).per_try_idle_ms)

    @property
    def idle_timeout(self):
        return seconds_of(timeouts_of(&self._block.decision).idle_ms)

    @property
    def max_stream_duration(self):
        cdef mc_timeouts timeouts = timeouts_of(&self._block.decision)
        return timeouts.stream_ms / 1000 if timeouts.has_stream else None

    @property
    def upstream_max_stream_duration(self):
        return seconds_of(timeouts_of(&self._block.decision).upstream_ms)

    @property
    def hedges(self):
        return bool(timeouts_of(&self._block.decision).hedges)

    @property
    def deadline(self):
        return deadline_of(&self._block.decision, self._snapshot)

    @property
    def priority(self):
        cdef int32_t at = self._block.decision.route
        return "high" if at >= 0 and getattr(self._snapshot.routes[at].action, "priority_high", False) else "default"

    @property
    def delay(self):
        return self._block.decision.delay_ns / 1_000_000_000.0

    def end_delay(self):
        mc_decision_end_delay(&self._block.decision)

    @property
    def response_rate(self):
        return self._block.decision.bytes_per_second or None

    @property
    def mirrors(self):
        return mirrors_of(self) if self._block.decision.outcome == MC_FORWARD else ()

    # Imported when they are asked for: most requests are under no limit.
    @property
    def limits(self):
        if self._block.decision.limited == NULL:
            return ()
        from meshcore._limited import limits_of

        return limits_of(self)

    @property
    def retry_after(self):
        cdef mc_limited *at = self._block.decision.limited
        if at == NULL or not at.enforced:
            return None
        mc_limited_reckon(at)
        return float("inf") if at.retry_after_ns == <uint64_t> -1 else at.retry_after_ns / 1e9

    @property
    def rate_limits(self):
        if self._block.decision.asked == NULL:
            return ()
        from meshcore._limited import questions_of

        return questions_of(self)

    def answer_rate_limit(
        self, question, verdict, *, request_headers=(), response_headers=(), limits=(), body=b""
    ):
        from meshcore._limited import take_answer

        take_answer(self, question, verdict, request_headers, response_headers, limits, body)

    def request_headers(self, headers=None):
        if self._block.decision.outcome != MC_FORWARD:
            raise ValueError(f"nothing goes upstream: the outcome is {self.outcome.name}")
        self.draw_ids()
        if headers is not None and not is_given(self, headers):
            return with_headers(self, headers).request_headers()
        return self._request_headers(NULL, self.given())

    cdef object _request_headers(self, const mc_attempt *attempt, object shape):
        """The lines of an attempt; NULL: of the latest."""
        self.draw_ids()
        return request_lines(&self._block.decision, attempt, shape, self.pairs())

    def response_headers(self, headers=None, *, status=None):
        return response_lines(&self._block.decision, headers, status, static_body(self), self.given())

    @property
    def request_id(self):
        cdef mc_slice id = mc_decision_request_id(&self._block.decision)
        return None if id.data == NULL else text_of(id)

    @property
    def traced(self):
        return self._block.decision.traced != MC_NOT_TRACED

    @property
    def trace_reason(self):
        return mc_trace_reason_name(self._block.decision.traced).decode()

    @property
    def trace_format(self):
        cdef int32_t at = self._block.decision.listener
        tracing = self._snapshot.config.listeners[at].options.tracing if at >= 0 else None
        return TRACE_FORMATS.get(tracing.provider) if tracing is not None else None

    @property
    def buffer_limit(self):
        return self.mirror_buffer_limit if self._block.decision.retries else 0

    @property
    def mirror_buffer_limit(self):
        cdef mc_decision *d = &self._block.decision
        for holder in (self.route_entry, self._snapshot.virtual_hosts[d.virtual_host] if d.virtual_host >= 0 else None):
            if holder is not None and holder.request_buffer_limit is not None:
                return holder.request_buffer_limit
        return DEFAULT_BUFFER_LIMIT

    @property
    def attempts(self):
        cdef const mc_attempt *at = mc_decision_attempts(&self._block.decision)
        found = []
        while at != NULL:
            found.append(attempt_of(self, at))
            at = at.next
        return tuple(found)

    @property
    def done(self):
        cdef mc_decision *d = &self._block.decision
        return bool(d.over or d.outcome != MC_FORWARD)

    @property
    def answered(self):
        cdef mc_decision *d = &self._block.decision
        return d.outcome == MC_FORWARD and d.details in (MC_DETAILS_VIA_UPSTREAM, MC_DETAILS_WEBSOCKET_REFUSED)

    def report(
        self, *, status=None, headers=None, error=None, attempt=None, latency=None, replayable=True, now_ns=None
    ):
        return report(self, status, headers, error, attempt, latency, replayable, now_ns)

    def on_timeout(self, attempt=None, *, replayable=True, now_ns=None):
        return time_out(self, attempt, replayable, now_ns)

    def on_deadline(self):
        cdef mc_timeouts timeouts = timeouts_of(&self._block.decision)
        first = stream_is_first(&self._block.decision, &timeouts)
        self.report(error="max-stream-duration" if first else "timeout")

    def explain(self):
        # Imported here: whoever only decides does not wait for it.
        from meshcore._explain import explanation_of

        return explanation_of(self)

    def close(self):
        end(self, True, None)

    def finish(self, *, complete=True, now_ns=None):
        end(self, complete, now_ns)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        end(self, kind is None, None)


@cython.final
cdef class Attempt:
    def __reduce__(self):
        raise TypeError("an Attempt cannot be pickled or copied: it is one of its decision")

    def __repr__(self):
        return f"<Attempt {self.number} {self.endpoint} backoff={self.backoff:g}>"

    @property
    def number(self):
        return self._attempt.number

    @property
    def endpoint(self):
        return address_of(self._decision, self._attempt.cluster, self._attempt.elsewhere, self._attempt.endpoint)

    @property
    def backoff(self):
        return self._attempt.backoff_ns / 1e9

    @property
    def per_try_timeout(self):
        return self._decision.per_try_timeout

    @property
    def running(self):
        return bool(self._attempt.running)

    @property
    def path(self):
        return text_of(self._attempt.target)

    @property
    def authority(self):
        return text_of(self._attempt.authority)

    def request_headers(self):
        return self._decision._request_headers(self._attempt, self._decision.given())


seal(Decision, "decisions are made by Engine.decide()")
seal(Attempt, "attempts are made by decisions")

include "meshcore/_decision_pool.pxi"
include "meshcore/_decision_made.pxi"
include "meshcore/_decision_shown.pxi"
include "meshcore/_decision_told.pxi"
