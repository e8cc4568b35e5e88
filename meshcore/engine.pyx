"""The engine: one call decides, one call reports. The stub engine.pyi has the documentation.

Conversion only: every choice is made in the core. A decision's memory (its view, its scratch, the
array of header lines) comes from a small pool of blocks; the Python objects that it points into are held by
the Decision.
"""

import enum
import threading

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdlib cimport free, malloc

from meshcore._cluster_spec cimport nanoseconds
from meshcore._core cimport *
from meshcore._explain cimport facts_of
from meshcore._request cimport as_bytes, as_lines, as_pairs, as_tuples, pairs_as_bytes, take, take_pairs, text_of
from meshcore._snapshot cimport Runtime, Snapshot, set_health, with_cluster

from meshcore.membership import with_endpoints
from meshcore.model import Config
from meshcore.orca import load_of

__all__ = ["Decision", "Engine", "Mirror", "Outcome"]


class Outcome(enum.Enum):
    """What to do with the request."""

    FORWARD = "forward"
    REDIRECT = "redirect"
    RESPOND = "respond"
    REJECT = "reject"


# By the core's numbers; plain objects, so that an attribute read makes nothing.
cdef tuple OUTCOMES = (Outcome.FORWARD, Outcome.REDIRECT, Outcome.RESPOND, Outcome.REJECT)
cdef tuple CORS_VERDICTS = ("none", "allowed", "preflight", "preflight_denied")
cdef dict DETAILS = {}
cdef dict FLAGS = {}


# ---------------------------------------------------------------------- blocks

cdef extern from *:
    """
    #ifdef Py_GIL_DISABLED
    #define MC_POOLED 0   /* the pool relies on the GIL; malloc does not */
    #else
    #define MC_POOLED 64
    #endif
    """
    const int MC_POOLED

cdef enum:
    LINES_INLINE = 40

cdef struct Block:
    mc_decision decision
    mc_header *lines
    Block *next
    mc_header some[LINES_INLINE]

cdef Block *pool = NULL
cdef int pooled = 0


cdef Block *block_new(Py_ssize_t line_count) except NULL:
    global pool, pooled
    cdef Block *block = pool
    if block != NULL:
        pool = block.next
        pooled -= 1
    else:
        block = <Block *> malloc(sizeof(Block))
        if block == NULL:
            raise MemoryError
    block.lines = block.some
    if line_count > LINES_INLINE:
        block.lines = <mc_header *> malloc(<size_t> line_count * sizeof(mc_header))
        if block.lines == NULL:
            free(block)
            raise MemoryError
    return block


cdef void block_free(Block *block) noexcept:
    global pool, pooled
    if block.lines != block.some:
        free(block.lines)
    if pooled < MC_POOLED:
        block.next = pool
        pool = block
        pooled += 1
    else:
        free(block)


# ---------------------------------------------------------------------- decisions

@cython.final
@cython.freelist(64)
@cython.no_gc
cdef class Decision:
    cdef Block *_block
    cdef Snapshot _snapshot
    # What the block's slices point into, and the shape in which headers came.
    cdef object _method, _authority, _path, _scheme, _source, _local, _protocol, _given
    cdef tuple _pairs, _alive

    def __init__(self):
        raise TypeError("decisions are made by Engine.decide()")

    def __dealloc__(self):
        if self._block != NULL:
            mc_decision_release(&self._block.decision)
            block_free(self._block)

    def __repr__(self):
        cdef mc_decision *d = &self._block.decision
        what = self.endpoint if d.outcome == MC_FORWARD else f"{d.status} {self.details}"
        return f"<Decision {self.outcome.value} {what} route={self.route!r} cluster={self.cluster!r}>"

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
        return self._snapshot.clusters[at] if at >= 0 else None

    @property
    def endpoint(self):
        cdef mc_decision *d = &self._block.decision
        if d.endpoint < 0:
            return None
        return (<tuple> self._snapshot.endpoints[d.cluster])[d.endpoint]

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
        if not flags:
            return ""
        found = FLAGS.get(flags)
        if found is None:
            found = ",".join([
                mc_flag_name(<mc_flag> (1 << bit)).decode() for bit in range(32) if flags & (<uint32_t> 1 << bit)
            ])
            FLAGS[flags] = found
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
        return self._same_or_text(self._path, self._block.decision.request.target, self._block.decision.target)

    @property
    def authority(self):
        return self._same_or_text(
            self._authority, self._block.decision.request.authority, self._block.decision.authority)

    cdef object _same_or_text(self, object given, mc_slice had, mc_slice now):
        if had.data == now.data and had.size == now.size and isinstance(given, str):
            return given
        return text_of(now)

    @property
    def timeout(self):
        cdef int32_t at = self._block.decision.route
        return self._snapshot.timeouts[at] if at >= 0 else None

    @property
    def delay(self):
        return 0.0

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
            return tuple([mirror_of(self, &found[i]) for i in range(count)])
        finally:
            mc_scratch_reset(&scratch)

    def request_headers(self, headers=None):
        if self._block.decision.outcome != MC_FORWARD:
            raise ValueError(f"nothing goes upstream: the outcome is {self.outcome.name}")
        if headers is not None and not self._is_given(headers):
            return self._with_headers(headers).request_headers()
        return self._request_headers(self._given)

    cdef object _request_headers(self, object shape):
        cdef mc_scratch scratch
        cdef const mc_header_line *lines
        cdef uint32_t count
        mc_scratch_init(&scratch)
        try:
            if mc_decision_request_headers(&self._block.decision, &scratch, &lines, &count):
                raise MemoryError
            return shaped(shape, self._pairs, lines, count)
        finally:
            mc_scratch_reset(&scratch)

    cdef bint _is_given(self, object headers):
        """Whether these are the lines that were decided on: the same object, unchanged since."""
        if headers is not self._given:
            return False
        return hasattr(headers, "__next__") or as_pairs(headers) == self._pairs

    cdef Decision _with_headers(self, object headers):
        """This decision as if the request had had other headers: nothing is decided anew."""
        cdef Decision out = Decision.__new__(Decision)
        cdef Block *block = headers_taken(out, headers)
        cdef mc_code code = mc_decision_with_headers(
            &self._block.decision, block.lines, <uint32_t> len(out._pairs), &block.decision)
        out._block = block
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
            try:
                take_pairs(pairs, block.lines)
                alive = pairs
            except UnicodeEncodeError:
                alive = pairs_as_bytes(pairs)
                take_pairs(alive, block.lines)
            own_body = self._static_body()
            response.status = 0 if status is None else status
            response.headers = block.lines
            response.header_count = <uint32_t> len(pairs)
            take(own_body, &response.body)
            if mc_decision_response_headers(
                &self._block.decision, &response, &scratch, &lines, &count, &sent, &body
            ):
                raise MemoryError
            return shaped(self._given if headers is None else headers, pairs, lines, count)
        finally:
            mc_scratch_reset(&scratch)
            block_free(block)

    def report(self, *, status=None, headers=None, error=None, latency=None, now_ns=None):
        cdef mc_decision *d = &self._block.decision
        if d.outcome == MC_FORWARD and (latency is not None or headers is not None):
            if mc_snapshot_learns(self._snapshot.snapshot, d.cluster):
                learn(self._snapshot, d.cluster, d.endpoint, latency, headers, now_ns)
        return None

    def explain(self):
        return explanation_of(self)

    def close(self):
        mc_decision_close(&self._block.decision)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        mc_decision_close(&self._block.decision)


@cython.final
cdef class Mirror:
    cdef Decision _decision
    cdef uint32_t _policy
    cdef readonly str cluster, authority

    def __init__(self):
        raise TypeError("mirrors are made by Decision.mirrors")

    def __repr__(self):
        return f"<Mirror cluster={self.cluster!r} authority={self.authority!r}>"

    def request_headers(self):
        cdef mc_scratch scratch
        cdef const mc_header_line *lines
        cdef uint32_t count
        mc_scratch_init(&scratch)
        try:
            if mc_decision_mirror_headers(
                &self._decision._block.decision, self._policy, &scratch, &lines, &count
            ):
                raise MemoryError
            return shaped(self._decision._given, self._decision._pairs, lines, count)
        finally:
            mc_scratch_reset(&scratch)


cdef Mirror mirror_of(Decision decision, const mc_mirrored *found):
    cdef Mirror out = Mirror.__new__(Mirror)
    out._decision = decision
    out._policy = found.policy
    out.cluster = decision._snapshot.clusters[found.cluster]
    out.authority = text_of(found.authority)
    return out


cdef Block *headers_taken(Decision out, object headers) except NULL:
    """A block with these header lines; the decision holds what they point into."""
    out._given = headers
    out._pairs = as_lines(headers)
    out._alive = out._pairs
    cdef Block *block = block_new(len(out._pairs))
    try:
        try:
            if take_pairs(out._pairs, block.lines):
                out._pairs = out._alive = as_tuples(out._pairs)
                take_pairs(out._pairs, block.lines)
        except UnicodeEncodeError:
            out._pairs = as_tuples(out._pairs)
            out._alive = pairs_as_bytes(out._pairs)
            take_pairs(out._alive, block.lines)
    except BaseException:
        block_free(block)
        raise
    return block


cdef Decision decide(Snapshot snapshot, object headers, mc_request *request):
    """Decide a request whose texts are taken already; headers are taken here."""
    cdef Decision out = Decision.__new__(Decision)
    cdef Block *block = headers_taken(out, headers)
    request.headers = block.lines
    request.header_count = <uint32_t> len(out._pairs)
    out._snapshot = snapshot
    cdef mc_code code = mc_decide(snapshot.snapshot, request, &block.decision)
    out._block = block
    if code:
        raise MemoryError
    return out


cdef Decision peek(Snapshot snapshot, object headers, mc_request *request):
    """What decide() would return now; nothing is leased and no turn taken."""
    cdef Decision out = Decision.__new__(Decision)
    cdef Block *block = headers_taken(out, headers)
    request.headers = block.lines
    request.header_count = <uint32_t> len(out._pairs)
    out._snapshot = snapshot
    cdef mc_code code = mc_peek(snapshot.snapshot, request, &block.decision)
    out._block = block
    if code:
        raise MemoryError
    return out


cdef object explanation_of(Decision decision):
    # Imported here: whoever only decides does not wait for it.
    from meshcore.explain import Decided, explained
    from meshcore.explain.facts import SUBSETS

    cdef Snapshot snapshot = decision._snapshot
    cdef mc_decision *d = &decision._block.decision
    config = snapshot.config
    headers = text_pairs(decision._pairs)
    decided = Decided(
        method=decision.method,
        target=text_of(d.request.target),
        given_authority="" if d.request.authority.data == NULL else text_of(d.request.authority),
        seed=d.request.seed,
        outcome=decision.outcome.value,
        status=decision.status,
        flags=decision.flags,
        details=decision.details,
        location=decision.location,
        listener=config.listeners[d.listener] if d.listener >= 0 else None,
        routed=d.virtual_host >= 0,
        cluster=config.clusters[d.cluster] if d.cluster >= 0 else None,
        policy=mc_snapshot_policy(snapshot.snapshot, d.cluster).decode() if d.cluster >= 0 else "",
        endpoint=decision.endpoint,
        candidates=d.candidates if d.endpoint >= 0 else 0,
        subset=SUBSETS[<int> d.subset_reason],
        subset_labels=labels_of(snapshot, d),
        path=decision.path,
        authority=decision.authority,
        timeout=decision.timeout,
        mirrors=[(mirror.cluster, mirror.authority) for mirror in decision.mirrors],
        cors=CORS_VERDICTS[<int> d.cors],
        headers=headers,
        request_headers=text_pairs(decision._request_headers(())) if d.outcome == MC_FORWARD else [],
        response_headers=lambda lines: text_pairs(decision.response_headers(lines, status=200)),
    )
    return explained(decided, facts_of(snapshot, &d.request), config)


cdef tuple labels_of(Snapshot snapshot, const mc_decision *d):
    """What the hosts of the decision's subset have in common; other values than texts as JSON."""
    cdef mc_labels labels
    cdef uint32_t i
    if d.subset < 0:
        return ()
    labels = mc_snapshot_subset(snapshot.snapshot, d.cluster, d.subset)
    return tuple([
        (text_of(labels.at[i].key), text_of(labels.at[i].value).removeprefix("\0")) for i in range(labels.count)])


cdef list text_pairs(object pairs):
    return [(text_of_object(name), text_of_object(value)) for name, value in pairs]


cdef object text_of_object(object value):
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


cdef object shaped(object given, tuple pairs, const mc_header_line *lines, uint32_t count):
    """Result lines in the shape of what was given. Lines that came in are the very objects."""
    cdef list out = []
    cdef uint32_t i
    cdef mc_slice name, value
    cdef bint as_text
    if pairs:
        as_text = isinstance((<tuple> pairs[0])[0], str)
    else:
        as_text = isinstance(given, dict) or hasattr(given, "keys")
    for i in range(count):
        if lines[i].source >= 0:
            out.append(pairs[lines[i].source])
            continue
        name, value = lines[i].name, lines[i].value
        if as_text:
            out.append((text_of(name), text_of(value)))
        else:
            out.append((name.data[: name.size], value.data[: value.size]))
    if isinstance(given, (list, tuple)) or not hasattr(given, "keys"):
        return out
    return rebuilt(given, out)


cdef object rebuilt(object given, list pairs):
    """A mapping like the given one. A plain dict joins repeated names with ", " (RFC 9110, 5.3)."""
    if isinstance(given, dict):
        joined = {}
        for name, value in pairs:
            glue = ", " if isinstance(value, str) else b", "
            joined[name] = value if name not in joined else joined[name] + glue + value
        return joined
    copy = getattr(given, "copy", None)
    made = given if copy is None else copy()
    if made is not given and hasattr(made, "clear") and hasattr(made, "add"):
        made.clear()
        for name, value in pairs:
            made.add(name, value)
        return made
    if hasattr(given, "raw"):
        return type(given)(pairs) if hasattr(given, "multi_items") else type(given)(raw=pairs)
    return pairs


# ---------------------------------------------------------------------- time and reports

cdef inline uint64_t now_of(Snapshot snapshot, object given) except? 0:
    """The time of a request: what the caller says, or the clock's, which is read only where something hangs on it."""
    if given is not None:
        return given
    return snapshot.now() if snapshot.reads_clock else 0


cdef int learn(
    Snapshot snapshot, int32_t cluster, int32_t endpoint, object latency, object headers, object now_ns
) except -1:
    """Hand on how long an answer took and the load that its headers tell."""
    cdef mc_report report
    options = (<object> snapshot.config).clusters[cluster].client_side_weighted
    load = None if headers is None else load_of(as_pairs(headers), () if options is None else options.metric_names)
    report.now_ns = snapshot.now() if now_ns is None else now_ns
    report.latency_ns = 0 if latency is None else nanoseconds(latency)
    report.requests_per_second = 0 if load is None else load.qps
    report.errors_per_second = 0 if load is None else load.eps
    report.utilization = 0 if load is None else load.utilization
    mc_snapshot_report(snapshot.snapshot, cluster, endpoint, &report)
    return 0


# ---------------------------------------------------------------------- the engine

cdef class Engine:
    # One item: the snapshot in force. A list's item is read and replaced atomically, with the GIL and
    # without; an attribute of an extension type is not.
    cdef list _current
    cdef Runtime _runtime
    cdef mc_entropy *_entropy
    cdef object _lock, _clock

    def __cinit__(self):
        self._entropy = mc_entropy_new()
        if self._entropy == NULL:
            raise MemoryError
        self._lock = threading.Lock()
        self._runtime = Runtime()
        self._current = [None]

    def __init__(self, config, *, clock=None):
        self._clock = clock
        self.swap(config)

    def __dealloc__(self):
        mc_entropy_free(self._entropy)

    @property
    def config(self):
        return (<Snapshot> self._current[0]).config

    def swap(self, config):
        if not isinstance(config, Config):
            raise TypeError(f"expected a meshcore.model.Config (see meshcore.load), not {type(config).__name__}")
        with self._lock:
            self._current[0] = Snapshot(
                config, self._runtime, mc_entropy_next(self._entropy), self._current[0], self._clock)

    def update_endpoints(self, cluster, endpoints):
        if isinstance(endpoints, str):
            raise TypeError("endpoints are an iterable of endpoints, not one text")
        cdef tuple given = tuple(endpoints)
        cdef Snapshot snapshot
        with self._lock:
            snapshot = self._current[0]
            number = _number(snapshot, cluster)
            self._replace(number, with_endpoints(snapshot.config.clusters[number], given))

    def set_health(self, cluster, endpoint, healthy):
        cdef Snapshot snapshot
        with self._lock:
            snapshot = self._current[0]
            number = _number(snapshot, cluster)
            set_health(snapshot, number, endpoint, healthy)
            self._replace(number, snapshot.config.clusters[number])

    cdef _replace(self, Py_ssize_t number, object cluster):
        """Under the lock, which no decision takes."""
        self._current[0] = with_cluster(self._current[0], number, cluster, mc_entropy_next(self._entropy))

    def decide(
        self,
        method,
        authority,
        path,
        headers=(),
        *,
        scheme="http",
        source=None,
        source_port=0,
        local=None,
        port=None,
        protocol="HTTP/1.1",
        now_ns=None,
        seed=None,
    ):
        cdef mc_request request
        cdef Decision out
        cdef Snapshot snapshot = <Snapshot> self._current[0]
        try:
            take(method, &request.method)
            take(path, &request.target)
            take(scheme, &request.scheme)
            take(protocol, &request.protocol)
            if authority is not None:
                take(authority, &request.authority)
            else:
                request.authority.data = NULL
                request.authority.size = 0
        except UnicodeEncodeError:
            return self.decide(
                as_bytes(method), as_bytes(authority), as_bytes(path), headers, scheme=as_bytes(scheme),
                source=source, source_port=source_port, local=local, port=port, protocol=as_bytes(protocol),
                now_ns=now_ns, seed=seed)
        request.source.data = request.local.data = NULL
        request.source.size = request.local.size = 0
        if source is not None:
            take(source, &request.source)
        if local is not None:
            take(local, &request.local)
        request.source_port = source_port
        request.port = 0 if port is None else port
        request.now_ns = now_of(snapshot, now_ns)
        request.seed = mc_entropy_next(self._entropy) if seed is None else seed & 0xFFFFFFFFFFFFFFFF
        out = decide(snapshot, headers, &request)
        out._method, out._authority, out._path, out._scheme = method, authority, path, scheme
        out._source, out._local, out._protocol = source, local, protocol
        return out

    def explain(
        self,
        method,
        authority,
        path,
        headers=(),
        *,
        scheme="http",
        source=None,
        source_port=0,
        local=None,
        port=None,
        protocol="HTTP/1.1",
        now_ns=None,
        seed=None,
    ):
        cdef mc_request request
        cdef Snapshot snapshot = <Snapshot> self._current[0]
        method, authority, path = as_bytes(method), as_bytes(authority), as_bytes(path)
        scheme, protocol = as_bytes(scheme), as_bytes(protocol)
        take(method, &request.method)
        take(path, &request.target)
        take(scheme, &request.scheme)
        take(protocol, &request.protocol)
        request.authority.data = request.source.data = request.local.data = NULL
        request.authority.size = request.source.size = request.local.size = 0
        if authority is not None:
            take(authority, &request.authority)
        if source is not None:
            take(source, &request.source)
        if local is not None:
            take(local, &request.local)
        request.source_port = source_port
        request.port = 0 if port is None else port
        request.now_ns = now_of(snapshot, now_ns)
        request.seed = mc_entropy_next(self._entropy) if seed is None else seed & 0xFFFFFFFFFFFFFFFF
        return explanation_of(peek(snapshot, headers, &request))

    def report_load(self, cluster, endpoint, *, qps, utilization, eps=0.0, now_ns=None):
        cdef Snapshot snapshot = self._current[0]
        cdef mc_report report
        if cluster not in snapshot.clusters:
            raise ValueError(f"no cluster {cluster!r}")
        cdef int32_t number = snapshot.clusters.index(cluster)
        if endpoint not in snapshot.endpoints[number]:
            raise ValueError(f"cluster {cluster!r} has no endpoint {endpoint!r}")
        report.now_ns = snapshot.now() if now_ns is None else now_ns
        report.latency_ns = 0
        report.requests_per_second = qps
        report.errors_per_second = eps
        report.utilization = utilization
        mc_snapshot_report(snapshot.snapshot, number, snapshot.endpoints[number].index(endpoint), &report)

    def clusters(self):
        cdef Snapshot snapshot = self._current[0]
        found = []
        for i, name in enumerate(snapshot.clusters):
            endpoints = [
                {"address": address, "active_requests": mc_snapshot_active(snapshot.snapshot, i, e)}
                for e, address in enumerate(snapshot.endpoints[i])
            ]
            found.append({"name": name, "endpoints": endpoints})
        return found


cdef Py_ssize_t _number(Snapshot snapshot, object cluster) except -1:
    number = snapshot.numbers.get(cluster)
    if number is None:
        raise KeyError(f"there is no cluster {cluster!r}")
    return number
