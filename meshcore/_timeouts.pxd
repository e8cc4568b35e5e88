# The time limits of decisions as Python has them: seconds, and None where there is none. Inline: clients ask for several
# of each request that they forward.

from libc.stdint cimport uint64_t

from meshcore._core cimport mc_decision, mc_decision_timeouts, mc_timeouts
from meshcore._snapshot cimport Snapshot


cdef inline mc_timeouts timeouts_of(const mc_decision *decision) noexcept:
    cdef mc_timeouts timeouts
    mc_decision_timeouts(decision, &timeouts)
    return timeouts


cdef inline object seconds_of(uint64_t milliseconds):
    return milliseconds / 1000 if milliseconds else None


cdef inline bint stream_is_first(const mc_decision *decision, const mc_timeouts *timeouts) noexcept:
    """Whether the limit of the stream comes before that of the request, which begins after an injected delay."""
    cdef uint64_t request_ms = timeouts.request_ms + decision.delay_ns // 1_000_000
    return timeouts.has_stream and (not timeouts.request_ms or timeouts.stream_ms < request_ms)


cdef inline object deadline_of(mc_decision *decision, Snapshot snapshot):
    """When the first of them ends, by the snapshot's clock, which counts from now where it does not yet."""
    cdef mc_timeouts timeouts = timeouts_of(decision)
    if not timeouts.request_ms and not timeouts.has_stream:
        return None
    if not decision.request.now_ns:
        decision.request.now_ns = snapshot.now()
    if stream_is_first(decision, &timeouts):
        return decision.request.now_ns / 1e9 + timeouts.stream_ms / 1000
    return (decision.request.now_ns + decision.delay_ns) / 1e9 + timeouts.request_ms / 1000
