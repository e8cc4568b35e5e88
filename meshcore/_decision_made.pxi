# How decisions are made: the request is taken, the core asked, and what it finds stale built anew. Part of decision.pyx.

cdef extern from *:
    """
    static const mc_slice MC_SCHEME_HTTP = {"http", 4}, MC_PROTOCOL_HTTP = {"HTTP/1.1", 8};
    """
    const mc_slice MC_SCHEME_HTTP, MC_PROTOCOL_HTTP

ctypedef mc_code (*Decider)(const mc_snapshot *, const mc_request *, mc_decision *) noexcept


cdef inline int headers_taken(Decision out, PyObject *headers) except -1:
    """Have the decision's lines point to these, and its block hold what they point into."""
    if not block_take_list(out._block, headers):
        out._pairs = block_take(out._block, <object> headers)
    return 0


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
    request.unix_ns = unix_time_of(snapshot, None)
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
        if next_attempt(decision, d.request.now_ns) is None:
            break  # there is no room for the others either
    return 0


cdef int peek(Serving serving, Snapshot snapshot, object headers, Decision decision) except -1:
    """What decide() would find now; nothing is leased and no turn taken."""
    return ask(serving, snapshot, <PyObject *> headers, decision, mc_peek)


cdef Decision with_headers(Decision decision, object headers):
    """This decision as if the request had had other headers: nothing is decided anew."""
    cdef Decision out = decision_new()
    cdef Block *block = out._block
    headers_taken(out, <PyObject *> headers)
    cdef mc_code code = mc_decision_with_headers(
        &decision._block.decision, block.lines, block.line_count, &block.decision)
    block.decided = True
    out._snapshot = decision._snapshot
    if code == MC_INVALID:
        raise ValueError(f"a request with these headers cannot be sent: {out.details}")
    if code:
        raise MemoryError
    return out


cdef bint is_given(Decision decision, object headers):
    """Whether these are the lines that were decided on: the same object, unchanged since."""
    if headers is not decision.given():
        return False
    return hasattr(headers, "__next__") or as_pairs(headers) == decision.pairs()
