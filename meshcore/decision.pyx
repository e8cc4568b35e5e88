"""Decisions: what the engine decided for one request, and its life until it is closed. The stub decision.pyi
has the documentation.

Conversion only: every choice is made in the core. A decision's memory (its view, its scratch, the
array of header lines) is a block of a pool, which holds the Python objects that it points into.
"""

import enum

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.long cimport PyLong_AsLongAndOverflow
from cpython.object cimport PyObject, PyTypeObject, destructor

from meshcore._block cimport (
    LINES_INLINE, MC_POOLED, block_clear, block_free, block_make_room, block_new, disown_last, own, taken,
)
from meshcore._cluster_spec cimport nanoseconds
from meshcore._core cimport *
from meshcore._given cimport time_given
from meshcore._report cimport report_of
from meshcore._request cimport (
    MC_LISTS_STAY, PyList_CheckExact, PyList_GET_ITEM, PyList_GET_SIZE, as_lines, as_pairs, as_tuples, has_names,
    mc_take_list, pairs_as_bytes, take, take_pairs, take_plain, take_plain_pairs, text_of,
)
from meshcore._sealed cimport seal
from meshcore._serving cimport draw_seed, now_of, unix_time_of
from meshcore._shape cimport shaped
from meshcore._snapshot cimport Snapshot

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


# By the core's numbers; plain objects, so that an attribute read makes nothing.
cdef tuple OUTCOMES = (Outcome.FORWARD, Outcome.REDIRECT, Outcome.RESPOND, Outcome.REJECT)
cdef dict TRACE_FORMATS = {"zipkin": "b3multi", "opentelemetry": "tracecontext"}  # by tracer
cdef dict DETAILS = {}
cdef dict FLAGS = {}


# ---------------------------------------------------------------------- decisions that nobody has any more
#
# They stay as they are, each with its block, and are given out again: one costs less than a tenth so of what it does to
# make and free one.

cdef extern from *:
    """
    #define mc_owned(thing) ((struct __pyx_obj_8meshcore_8decision_Decision *)(thing))
    """
    Decision mc_owned(PyObject *thing)

cdef PyObject *spare[64]
cdef int spare_count = 0
cdef destructor decision_free = NULL  # Cython's own way


cdef Decision decision_new():
    """One in which nothing is decided yet."""
    return fresh()


cdef inline Decision fresh():
    global spare_count
    cdef Decision out
    if spare_count:
        spare_count -= 1
        return mc_owned(spare[spare_count])
    out = Decision.__new__(Decision)
    out._block = block_new(0)
    out._block.path = out._block.authority = <PyObject *> None
    return out


cdef void decision_put_back(PyObject *thing) noexcept:
    """In place of the type's tp_dealloc: the last reference becomes the pool's. Things that go away with the decision may
    make others and put them back."""
    global spare_count
    own(thing)
    decision_clear(<Decision> thing)
    if spare_count < MC_POOLED:
        spare[spare_count] = thing
        spare_count += 1
    else:
        disown_last(thing)
        decision_free(thing)


cdef inline void decision_clear(Decision decision) noexcept:
    block_clear(decision._block)
    decision._block.path = decision._block.authority = <PyObject *> None
    decision._snapshot = None
    decision._serving = None
    decision._pairs = None


# ---------------------------------------------------------------------- decisions

@cython.final
@cython.no_gc
cdef class Decision:
    def __dealloc__(self):
        if self._block != NULL:
            block_free(self._block)

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
        return None if d.endpoint < 0 else self._named(d.upstream, d.elsewhere, d.endpoint)

    cdef object _named(self, const mc_cluster *cluster, bint elsewhere, int32_t endpoint):
        """The address of an endpoint; the snapshot has it ready where the cluster is its own."""
        if elsewhere:
            return text_of(mc_cluster_address(cluster, endpoint))
        return (<tuple> self._snapshot.endpoints[self._block.decision.cluster])[endpoint]

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
        return self._static_body()

    cdef bytes _static_body(self):
        cdef mc_decision *d = &self._block.decision
        if d.outcome == MC_RESPOND and d.body.data == NULL:
            return (<object> self._snapshot.routes[d.route]).action.body
        return b""

    @property
    def flags(self):
        cdef uint32_t flags = self._block.decision.flags
        cdef char text[MC_FLAGS_TEXT]
        cdef mc_slice names
        if not flags:
            return ""
        found = FLAGS.get(flags)
        if found is None:
            names = mc_flags_text(flags, text)
            found = FLAGS[flags] = text_of(names)
        return found

    @property
    def details(self):
        cdef mc_details details = self._block.decision.details
        found = DETAILS.get(<int> details)
        if found is None:
            found = DETAILS[<int> details] = mc_details_name(details).decode()
        return found

    @property
    def method(self):
        return text_of(self._block.decision.request.method)

    @property
    def path(self):
        return self._same_or_text(self._block.path, self._block.decision.request.target, self._block.decision.target)

    @property
    def authority(self):
        return self._same_or_text(
            self._block.authority, self._block.decision.request.authority, self._block.decision.authority)

    cdef object _same_or_text(self, PyObject *given, mc_slice had, mc_slice now):
        if had.data == now.data and had.size == now.size and isinstance(<object> given, str):
            return <object> given
        return text_of(now)

    @property
    def timeout(self):
        return seconds_of(limits_of(self).request_ms)

    @property
    def per_try_timeout(self):
        return seconds_of(limits_of(self).per_try_ms)

    @property
    def per_try_idle_timeout(self):
        return seconds_of(limits_of(self).per_try_idle_ms)

    @property
    def idle_timeout(self):
        return seconds_of(limits_of(self).idle_ms)

    @property
    def max_stream_duration(self):
        cdef mc_timeouts limits = limits_of(self)
        return limits.stream_ms / 1000 if limits.has_stream else None

    @property
    def upstream_max_stream_duration(self):
        return seconds_of(limits_of(self).upstream_ms)

    @property
    def hedges(self):
        return bool(limits_of(self).hedges)

    @property
    def deadline(self):
        cdef mc_timeouts limits = limits_of(self)
        cdef mc_decision *d = &self._block.decision
        if not limits.request_ms and not limits.has_stream:
            return None
        if not d.request.now_ns:
            d.request.now_ns = self._snapshot.now()
        if stream_is_first(d, &limits):
            return d.request.now_ns / 1e9 + limits.stream_ms / 1000
        return (d.request.now_ns + d.delay_ns) / 1e9 + limits.request_ms / 1000

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
        cdef mc_scratch scratch
        cdef const mc_mirrored *found
        cdef uint32_t count, i
        if self._block.decision.outcome != MC_FORWARD:
            return ()
        mc_scratch_init(&scratch)
        try:
            if mc_decision_mirrors(&self._block.decision, &scratch, &found, &count):
                raise MemoryError
            if not count:
                return ()
            from meshcore._mirror import mirror_of

            return tuple([
                mirror_of(self, found[i].policy, self._snapshot.clusters[found[i].cluster], text_of(found[i].authority))
                for i in range(count)])
        finally:
            mc_scratch_reset(&scratch)

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
        if headers is not None and not self._is_given(headers):
            return self._with_headers(headers).request_headers()
        return self._request_headers(NULL, self.given())

    cdef object _request_headers(self, const mc_attempt *attempt, object shape):
        """The lines of an attempt; NULL: of the latest."""
        cdef mc_scratch scratch
        cdef const mc_header_line *lines
        cdef uint32_t count
        self.draw_ids()
        mc_scratch_init(&scratch)
        try:
            if mc_attempt_request_headers(&self._block.decision, attempt, &scratch, &lines, &count):
                raise MemoryError
            return shaped(shape, self.pairs(), lines, count)
        finally:
            mc_scratch_reset(&scratch)

    cdef bint _is_given(self, object headers):
        """Whether these are the lines that were decided on: the same object, unchanged since."""
        if headers is not self.given():
            return False
        return hasattr(headers, "__next__") or as_pairs(headers) == self.pairs()

    cdef Decision _with_headers(self, object headers):
        """This decision as if the request had had other headers: nothing is decided anew."""
        cdef Decision out = decision_new()
        cdef Block *block = out._block
        headers_taken(out, <PyObject *> headers)
        cdef mc_code code = mc_decision_with_headers(
            &self._block.decision, block.lines, block.line_count, &block.decision)
        block.decided = True
        out._snapshot = self._snapshot
        if code == MC_INVALID:
            raise ValueError(f"a request with these headers cannot be sent: {out.details}")
        if code:
            raise MemoryError
        return out

    def response_headers(self, headers=None, *, status=None):
        cdef mc_scratch scratch
        cdef const mc_header_line *lines
        cdef uint32_t count
        cdef uint16_t sent
        cdef mc_slice body
        cdef mc_response response
        cdef tuple pairs = () if headers is None else as_pairs(headers)
        cdef Block *block = block_new(len(pairs))
        cdef bytes own_body
        mc_scratch_init(&scratch)
        try:
            alive = taken(pairs, block)
            own_body = self._static_body()
            response.status = 0 if status is None else status
            response.headers = block.lines
            response.header_count = <uint32_t> len(pairs)
            take(own_body, &response.body)
            if mc_decision_response_headers(
                &self._block.decision, &response, &scratch, &lines, &count, &sent, &body
            ):
                raise MemoryError
            return shaped(self.given() if headers is None else headers, pairs, lines, count)
        finally:
            mc_scratch_reset(&scratch)
            block_free(block)

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
        cdef mc_decision *d = &self._block.decision
        cdef uint32_t number = 0 if attempt is None else number_of(self, attempt)
        cdef mc_result result
        cdef c_bool again = False
        cdef uint64_t names
        cdef mc_report load
        if (latency is not None or headers is not None) and mc_decision_learns(d, number):
            load = report_of(self._snapshot, d.cluster, latency, headers, now_ns)
            mc_decision_learn(d, number, &load)
        if error is not None:
            result.failure = <mc_failure> <int> failure_number(error, status)
        elif status is not None:
            result.failure = MC_FAILURE_NONE
        else:
            return None
        result.status = 0 if status is None else status_number(status)
        result.grpc_status = -1
        result.header_count = 0
        if d.detects:
            result.report.now_ns = self._snapshot.now() if now_ns is None else time_given(now_ns)
            result.report.latency_ns = 0 if latency is None else nanoseconds(latency)
        if headers is not None and error is None:
            names = mc_decision_answer_names(d, result.status)
            if names and has_names(headers, names):
                return report_lines(self, number, &result, headers, replayable, now_ns)
        if mc_decision_report(d, number, &result, replayable, 0, &again):
            raise MemoryError
        heard(self, result.report.now_ns)
        return self._next(now_ns) if again else None

    def on_timeout(self, attempt=None, *, replayable=True, now_ns=None):
        cdef c_bool again = False
        cdef uint64_t now = self._snapshot.now() if now_ns is None else time_given(now_ns)
        cdef uint32_t number = 0 if attempt is None else number_of(self, attempt)
        if mc_decision_on_timeout(&self._block.decision, number, now, replayable, &again):
            raise MemoryError
        heard(self, now)
        return self._next(now) if again else None

    def on_deadline(self):
        cdef mc_timeouts limits = limits_of(self)
        self.report(error="max-stream-duration" if stream_is_first(&self._block.decision, &limits) else "timeout")

    cdef Attempt _next(self, object now_ns):
        """Lease the next attempt; None: there is none to be had."""
        cdef mc_decision *d = &self._block.decision
        cdef Snapshot snapshot = self._serving.snapshot()
        cdef uint64_t now = snapshot.now() if now_ns is None else time_given(now_ns)
        cdef const mc_attempt *made = NULL
        cdef mc_code code
        d.request.stale = False
        code = mc_decision_attempt(d, snapshot.snapshot, now, &made)
        for left in reversed(range(REFRESHES)):
            if code != MC_STALE:
                break
            # Another snapshot may have the cluster in another place.
            snapshot = self._serving.refreshed(snapshot, snapshot.numbers[self._snapshot.clusters[d.cluster]], now)
            d.request.stale = not left
            code = mc_decision_attempt(d, snapshot.snapshot, now, &made)
        if code:
            raise MemoryError
        return None if made == NULL else attempt_of(self, made)

    def explain(self):
        # Imported here: whoever only decides does not wait for it.
        from meshcore._explain import explanation_of

        return explanation_of(self)

    def close(self):
        cdef mc_decision *d = &self._block.decision
        if d.entered != NULL:
            leave(self, True, None)
        mc_decision_close(d)

    def finish(self, *, complete=True, now_ns=None):
        cdef mc_decision *d = &self._block.decision
        if d.entered != NULL:
            leave(self, complete, now_ns)
        mc_decision_close(d)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        cdef mc_decision *d = &self._block.decision
        if d.entered != NULL:
            leave(self, kind is None, None)
        mc_decision_close(d)


@cython.final
cdef class Attempt:
    def __repr__(self):
        return f"<Attempt {self.number} {self.endpoint} backoff={self.backoff:g}>"

    @property
    def number(self):
        return self._attempt.number

    @property
    def endpoint(self):
        return self._decision._named(self._attempt.cluster, self._attempt.elsewhere, self._attempt.endpoint)

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


cdef Attempt attempt_of(Decision decision, const mc_attempt *attempt):
    cdef Attempt out = Attempt.__new__(Attempt)
    out._decision = decision
    out._attempt = attempt
    return out


cdef int leave(Decision decision, bint complete, object now_ns) except -1:
    """The listener's limit has a request less. What was forwarded and never reported has not been answered."""
    cdef mc_decision *d = &decision._block.decision
    cdef uint64_t now = decision._snapshot.now() if now_ns is None else time_given(now_ns)
    mc_decision_leave(d, complete and (d.outcome != MC_FORWARD or d.over), now)
    return 0


cdef uint32_t number_of(Decision decision, object attempt) except 0:
    """Of an attempt, by itself or by its number."""
    if isinstance(attempt, Attempt):
        if (<Attempt> attempt)._decision is not decision:
            raise ValueError(f"{attempt!r} is an attempt of another decision")
        return (<Attempt> attempt)._attempt.number
    if not isinstance(attempt, int) or isinstance(attempt, bool):
        raise TypeError(f"an attempt is given by itself or by its number, not by {attempt!r}")
    if not 1 <= attempt < 1 << 32:
        raise ValueError(f"attempts are counted from 1: there is no {attempt}")
    return attempt


cdef uint16_t status_number(object status) except 0:
    cdef int overflow
    cdef long number
    if type(status) is int:
        number = PyLong_AsLongAndOverflow(status, &overflow)
        if 100 <= number < 1000:
            return <uint16_t> number
    return checked_status(status)


cdef mc_timeouts limits_of(Decision decision) noexcept:
    cdef mc_timeouts limits
    mc_decision_timeouts(&decision._block.decision, &limits)
    return limits


cdef object seconds_of(uint64_t milliseconds):
    """None: there is no limit."""
    return milliseconds / 1000 if milliseconds else None


cdef bint stream_is_first(const mc_decision *d, const mc_timeouts *limits) noexcept:
    """Whether the limit of the stream comes before that of the request, which begins after an injected delay."""
    cdef uint64_t request_ms = limits.request_ms + d.delay_ns // 1_000_000
    return limits.has_stream and (not limits.request_ms or limits.stream_ms < request_ms)


cdef inline int heard(Decision decision, uint64_t now_ns) except -1:
    """Outlier detection has heard of an attempt."""
    cdef mc_decision *d = &decision._block.decision
    if d.detects and d.moved:
        decision._serving.moved(decision._snapshot.clusters[d.cluster], now_ns)
    return 0


cdef Attempt report_lines(
    Decision decision, uint32_t number, mc_result *result, object headers, bint replayable, object now_ns
):
    """A report with the header lines of the answer."""
    cdef c_bool again = False
    cdef mc_decision *d = &decision._block.decision
    cdef tuple pairs = as_pairs(headers)
    cdef uint64_t unix_s = decision._snapshot.unix_time() if mc_decision_reads_wall_clock(d) else 0
    cdef Block *block = block_new(len(pairs))
    try:
        pairs = taken(pairs, block)
        result.headers = block.lines
        result.header_count = <uint32_t> len(pairs)
        if mc_decision_report(d, number, result, replayable, unix_s, &again):
            raise MemoryError
    finally:
        block_free(block)
    heard(decision, result.report.now_ns)
    return decision._next(now_ns) if again else None


seal(Decision, "decisions are made by Engine.decide()")
seal(Attempt, "attempts are made by decisions")

if MC_POOLED:
    decision_free = (<PyTypeObject *> Decision).tp_dealloc
    (<PyTypeObject *> Decision).tp_dealloc = decision_put_back


cdef inline int headers_taken(Decision out, PyObject *headers) except -1:
    """Have the decision's lines point to these, and its block hold what they point into."""
    cdef Block *block = out._block
    if MC_LISTS_STAY and PyList_CheckExact(<object> headers) and PyList_GET_SIZE(<object> headers) <= LINES_INLINE:
        # The pairs are held, with no tuple made to hold them, until a Decision is asked for them.
        if mc_take_list(headers, block.some, block.held):
            block.line_count = block.held_count = <uint32_t> PyList_GET_SIZE(<object> headers)
            block.given = headers
            hold(block, headers)
            return 0
    return other_headers_taken(out, <object> headers)


cdef int other_headers_taken(Decision out, object headers) except -1:
    """The same of what is no short list of plain pairs."""
    cdef Block *block = out._block
    cdef tuple pairs = as_lines(headers)
    out._pairs = pairs
    if block_make_room(block, len(pairs)):
        raise MemoryError
    if not take_plain_pairs(pairs, block.lines):
        pairs = take_odd_lines(out, block)
    hold(block, <PyObject *> pairs)
    block.given = <PyObject *> headers
    hold(block, <PyObject *> headers)
    return 0


cdef tuple take_odd_lines(Decision out, Block *block):
    """Of lines that are not all plain pairs. What they point into."""
    cdef tuple alive
    try:
        if take_pairs(out._pairs, block.lines):
            out._pairs = as_tuples(out._pairs)
            take_pairs(out._pairs, block.lines)
        return out._pairs
    except UnicodeEncodeError:
        out._pairs = as_tuples(out._pairs)
        alive = pairs_as_bytes(out._pairs)
        take_pairs(alive, block.lines)
        return alive


cdef extern from *:
    """
    static const mc_slice MC_SCHEME_HTTP = {"http", 4}, MC_PROTOCOL_HTTP = {"HTTP/1.1", 8};
    """
    const mc_slice MC_SCHEME_HTTP, MC_PROTOCOL_HTTP

ctypedef mc_code (*Decider)(const mc_snapshot *, const mc_request *, mc_decision *) noexcept


cdef inline int ask(Serving serving, Snapshot snapshot, PyObject *headers, Decision out, Decider decider) except -1:
    """Decide a request whose texts its decision has already; headers are taken here."""
    cdef Block *block = out._block
    cdef mc_request *request = &block.decision.request
    headers_taken(out, headers)
    request.headers = block.lines
    request.header_count = block.line_count
    request.stale = False
    out._snapshot = snapshot
    cdef mc_code code = decider(snapshot.snapshot, request, &block.decision)
    block.decided = True
    if code:
        decide_afresh(serving, out, decider, code)
    return 0


cdef inline int decide_on(Serving serving, Snapshot snapshot, PyObject *headers, Decision decision) except -1:
    ask(serving, snapshot, headers, decision, mc_decide)
    decision._serving = serving
    if decision._block.decision.retries:
        prepare(decision)
    return 0


cdef int decide(Serving serving, Snapshot snapshot, object headers, Decision decision) except -1:
    return decide_on(serving, snapshot, <PyObject *> headers, decision)


cdef inline int decide_by_chance(Serving serving, Snapshot snapshot, PyObject *headers, Decision decision) except -1:
    cdef mc_request *request = &decision._block.decision.request
    request.now_ns = now_of(snapshot, None)
    request.unix_s = unix_time_of(snapshot, None)
    request.seed = draw_seed(serving)
    request.ids = ids_of(serving, snapshot, decision._block, None)
    return decide_on(serving, snapshot, headers, decision)


cdef int decide_now(Serving serving, Snapshot snapshot, PyObject *headers, Decision decision) except -1:
    return decide_by_chance(serving, snapshot, headers, decision)


cdef inline Snapshot snapshot_of(Serving serving):
    """The one in force, without a call where nobody else can replace it meanwhile."""
    return <Snapshot> PyList_GET_ITEM(serving._current, 0) if MC_LISTS_STAY else serving.snapshot()


cdef Decision decide_plain(
    Serving serving, PyObject *method, PyObject *authority, PyObject *path, PyObject *headers
):
    cdef Decision out = fresh()
    cdef Block *block = out._block
    cdef mc_request *request = &block.decision.request
    request.authority.data = NULL
    request.authority.size = 0
    if not (
        take_plain(method, &request.method)
        and (<object> authority is None or take_plain(authority, &request.authority))
        and take_plain(path, &request.target)
    ):
        return None
    request.scheme = MC_SCHEME_HTTP
    request.protocol = MC_PROTOCOL_HTTP
    request.source.data = request.local.data = NULL
    request.source.size = request.local.size = 0
    request.source_port = request.port = 0
    decide_by_chance(serving, snapshot_of(serving), headers, out)
    block.path = path
    block.authority = authority
    hold(block, method)
    hold(block, authority)
    hold(block, path)
    return out


cdef int begin_time(Decision decision) except -1:
    """Have the time that a route gives to a request count from now, not from when somebody asks for its end."""
    cdef mc_decision *d = &decision._block.decision
    if not d.request.now_ns and d.outcome == MC_FORWARD and mc_decision_is_timed(d):
        d.request.now_ns = decision._snapshot.now()
    return 0


cdef int prepare(Decision decision) except -1:
    """What a decision needs that may take more than one attempt."""
    cdef mc_decision *d = &decision._block.decision
    cdef uint32_t further = mc_decision_further(d)
    if not d.request.now_ns and (further or mc_decision_is_timed(d)):
        d.request.now_ns = decision._snapshot.now()
    for _ in range(further):
        if decision._next(d.request.now_ns) is None:
            break  # there is no room for the others either
    return 0


cdef int peek(Serving serving, Snapshot snapshot, object headers, Decision decision) except -1:
    """What decide() would find now; nothing is leased and no turn taken."""
    return ask(serving, snapshot, <PyObject *> headers, decision, mc_peek)


cdef int decide_afresh(Serving serving, Decision out, Decider decider, mc_code code) except -1:
    """Decide again on what comes of a stale snapshot."""
    cdef mc_decision *d = &out._block.decision
    cdef mc_request *request = &d.request
    for left in reversed(range(REFRESHES)):
        if code != MC_STALE:
            break
        config = out._snapshot.config
        out._snapshot = serving.refreshed(out._snapshot, d.cluster, request.now_ns)
        if out._snapshot.config is not config:
            request.served = NULL  # it is by the numbers of the other one's clusters
        request.stale = not left
        mc_decision_release(d)
        code = decider(out._snapshot.snapshot, request, d)
    if code:
        raise MemoryError
    return 0
