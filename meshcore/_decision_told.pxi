# What decisions are told of their attempts, what they make next of it, and their end. Part of decision.pyx.

cdef Attempt attempt_of(Decision decision, const mc_attempt *attempt):
    cdef Attempt out = Attempt.__new__(Attempt)
    out._decision = decision
    out._attempt = attempt
    return out


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


cdef Attempt report(
    Decision decision, object status, object headers, object error, object attempt, object latency, object replayable,
    object now_ns
):
    cdef mc_decision *d = &decision._block.decision
    cdef uint32_t number = 0 if attempt is None else number_of(decision, attempt)
    cdef mc_result result
    cdef uint64_t names
    cdef mc_report load
    if (latency is not None or headers is not None) and mc_decision_learns(d, number):
        load = report_of(decision._snapshot, d.cluster, latency, headers, now_ns)
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
        result.report.now_ns = decision._snapshot.now() if now_ns is None else time_given(now_ns)
        result.report.latency_ns = 0 if latency is None else nanoseconds(latency)
    if headers is not None and error is None:
        names = mc_decision_answer_names(d, result.status)
        if names and has_names(headers, names):
            return report_lines(decision, number, &result, headers, replayable, now_ns)
    return report_result(decision, number, &result, replayable, 0, now_ns)


cdef Attempt report_lines(
    Decision decision, uint32_t number, mc_result *result, object headers, bint replayable, object now_ns
):
    """A report with the header lines of the answer."""
    cdef uint64_t unix_s = 0
    cdef Block *block = block_new()
    try:
        block_take(block, headers)
        result.headers = block.lines
        result.header_count = block.line_count
        if mc_decision_reads_wall_clock(&decision._block.decision):
            unix_s = decision._snapshot.unix_time() // 1_000_000_000
        return report_result(decision, number, result, replayable, unix_s, now_ns)
    finally:
        block_free(block)


cdef inline Attempt report_result(
    Decision decision, uint32_t number, const mc_result *result, bint replayable, uint64_t unix_s, object now_ns
):
    cdef c_bool again = False
    if mc_decision_report(&decision._block.decision, number, result, replayable, unix_s, &again):
        raise MemoryError
    heard(decision, result.report.now_ns)
    return next_attempt(decision, now_ns) if again else None


cdef Attempt time_out(Decision decision, object attempt, object replayable, object now_ns):
    """An attempt has taken as long as it may."""
    cdef c_bool again = False
    cdef uint64_t now = decision._snapshot.now() if now_ns is None else time_given(now_ns)
    cdef uint32_t number = 0 if attempt is None else number_of(decision, attempt)
    if mc_decision_on_timeout(&decision._block.decision, number, now, replayable, &again):
        raise MemoryError
    heard(decision, now)
    return next_attempt(decision, now) if again else None


cdef inline int heard(Decision decision, uint64_t now_ns) except -1:
    """Outlier detection has heard of an attempt."""
    cdef mc_decision *d = &decision._block.decision
    if d.detects and d.moved:
        decision._serving.moved(decision._snapshot.clusters[d.cluster], now_ns)
    return 0


cdef Attempt next_attempt(Decision decision, object now_ns):
    """Lease the next attempt; None: there is none to be had."""
    cdef mc_decision *d = &decision._block.decision
    cdef Serving serving = decision._serving
    cdef Snapshot snapshot = serving.snapshot()
    cdef uint64_t now = snapshot.now() if now_ns is None else time_given(now_ns)
    cdef const mc_attempt *made = NULL
    cdef mc_code code
    d.request.stale = False
    code = mc_decision_attempt(d, snapshot.snapshot, now, &made)
    for left in reversed(range(REFRESHES)):
        if code != MC_STALE:
            break
        # Another snapshot may have the cluster in another place.
        snapshot = serving.refreshed(snapshot, snapshot.numbers[decision._snapshot.clusters[d.cluster]], now)
        d.request.stale = not left
        code = mc_decision_attempt(d, snapshot.snapshot, now, &made)
    if code:
        raise MemoryError
    return None if made == NULL else attempt_of(decision, made)


cdef inline int end(Decision decision, bint complete, object now_ns) except -1:
    cdef mc_decision *d = &decision._block.decision
    if d.entered != NULL:
        leave(decision, complete, now_ns)
    mc_decision_close(d)
    return 0


cdef int leave(Decision decision, bint complete, object now_ns) except -1:
    """The listener's limit has a request less. What was forwarded and never reported has not been answered."""
    cdef mc_decision *d = &decision._block.decision
    cdef uint64_t now = decision._snapshot.now() if now_ns is None else time_given(now_ns)
    mc_decision_leave(d, complete and (d.outcome != MC_FORWARD or d.over), now)
    return 0
