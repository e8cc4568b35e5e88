from cpython.object cimport PyObject
from libc.stdint cimport int32_t, uint32_t, uint64_t

from meshcore._block cimport Block, hold
from meshcore._core cimport *
from meshcore._serving cimport OWN_IDS, REFRESHES, Serving, draw_ids
from meshcore._snapshot cimport Snapshot


cdef inline const uint64_t *ids_of(Serving serving, Snapshot snapshot, Block *block, object seed) except? NULL:
    """Random numbers for the ids of a request; NULL: it needs none, or they come of its seed. Those of its trace are drawn
    when it is sent on."""
    if not snapshot.makes_ids or seed is not None:
        return NULL
    draw_ids(serving, block.ids, OWN_IDS)
    block.undrawn = snapshot.makes_ids - OWN_IDS
    return block.ids


cdef class Decision:
    cdef Block *_block  # never NULL
    cdef Snapshot _snapshot
    cdef Serving _serving
    cdef tuple _pairs  # the lines; None: nobody has asked yet, and the first that the block holds are theirs

    cdef tuple pairs(self)
    cdef object given(self)
    cdef int draw_ids(self) except -1
    cdef object _picked(self)
    cdef object _request_headers(self, const mc_attempt *attempt, object shape)


cdef class Attempt:
    cdef Decision _decision
    cdef const mc_attempt *_attempt


cdef Decision decision_new()
cdef int begin_time(Decision decision) except -1
# decide() of four arguments by place and defaults for all the rest; None where a text takes more than a look.
cdef Decision decide_plain(
    Serving serving, PyObject *method, PyObject *authority, PyObject *path, PyObject *headers)
# Decide by the clock and by chance on the request whose texts the decision holds.
cdef int decide_now(Serving serving, Snapshot snapshot, PyObject *headers, Decision decision) except -1
cdef int decide(Serving serving, Snapshot snapshot, object headers, Decision decision) except -1
cdef int peek(Serving serving, Snapshot snapshot, object headers, Decision decision) except -1
