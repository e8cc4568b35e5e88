from libc.stdint cimport int32_t, uint32_t, uint64_t

from meshcore._core cimport *
from meshcore._serving cimport REFRESHES, Serving
from meshcore._snapshot cimport Snapshot


cdef enum:
    LINES_INLINE = 40

cdef struct Block:
    mc_decision decision
    mc_header *lines
    Block *next
    mc_header some[LINES_INLINE]


cdef class Decision:
    cdef Block *_block
    cdef Snapshot _snapshot
    cdef Serving _serving
    # What the block's slices point into, and the shape in which headers came.
    cdef object _method, _authority, _path, _scheme, _source, _local, _protocol, _given
    cdef tuple _pairs, _alive

    cdef object _picked(self)
    cdef object _named(self, const mc_cluster *cluster, bint elsewhere, int32_t endpoint)
    cdef bytes _static_body(self)
    cdef object _same_or_text(self, object given, mc_slice had, mc_slice now)
    cdef object _request_headers(self, const mc_attempt *attempt, object shape)
    cdef bint _is_given(self, object headers)
    cdef Decision _with_headers(self, object headers)
    cdef Attempt _next(self, object now_ns)


cdef class Attempt:
    cdef Decision _decision
    cdef const mc_attempt *_attempt


cdef class Mirror:
    cdef Decision _decision
    cdef uint32_t _policy
    cdef readonly str cluster, authority


cdef Decision decide(Serving serving, Snapshot snapshot, object headers, mc_request *request)
cdef Decision peek(Serving serving, Snapshot snapshot, object headers, mc_request *request)
cdef mc_report report_of(
    Snapshot snapshot, int32_t cluster, object latency, object headers, object now_ns
) except *
