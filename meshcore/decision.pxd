from cpython.object cimport PyObject
from libc.stdint cimport int32_t, uint32_t, uint64_t

from meshcore._core cimport *
from meshcore._serving cimport OWN_IDS, REFRESHES, Serving, draw_ids
from meshcore._snapshot cimport Snapshot


cdef extern from "Python.h":
    # As they are in C: Cython's own, of objects, take a further reference for the time of the call.
    void own "Py_INCREF"(PyObject *thing) noexcept
    void disown "Py_DECREF"(PyObject *thing) noexcept


cdef extern from *:
    """
    #define mc_disown_last(thing) Py_SET_REFCNT(thing, 0)
    """
    void disown_last "mc_disown_last"(PyObject *thing) noexcept  # tp_dealloc is not called


cdef enum:
    LINES_INLINE = 40
    OTHERS_HELD = 11  # the headers as they came and what was made of them, seven texts, a name, and who is served

cdef struct Block:
    mc_decision decision
    bint decided          # the decision is one, and to be released
    uint64_t ids[MC_REQUEST_IDS]  # what the request's ids are made of
    uint32_t undrawn      # the last of them, which nobody has asked for yet
    mc_header *lines
    uint32_t line_count
    Block *next
    # What the slices point into: references of the block's own, in no order but that of hold(). An attribute of
    # the Decision would cost twice as much: it is None before it is something.
    uint32_t held_count
    PyObject *held[LINES_INLINE + OTHERS_HELD]
    PyObject *given       # held: the shape in which headers came
    PyObject *named       # held: what the cluster is shown as; NULL: by its name
    PyObject *path        # held, as is the next: what a target or authority that has not changed is shown as
    PyObject *authority
    mc_header some[LINES_INLINE]


cdef inline void hold(Block *block, PyObject *thing) noexcept:
    """Keep it until the block is freed."""
    own(thing)
    block.held[block.held_count] = thing
    block.held_count += 1


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
    cdef object _named(self, const mc_cluster *cluster, bint elsewhere, int32_t endpoint)
    cdef bytes _static_body(self)
    cdef object _same_or_text(self, PyObject *given, mc_slice had, mc_slice now)
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


cdef Decision decision_new()
cdef int decide(Serving serving, Snapshot snapshot, object headers, Decision decision) except -1
cdef int peek(Serving serving, Snapshot snapshot, object headers, Decision decision) except -1
cdef mc_report report_of(
    Snapshot snapshot, int32_t cluster, object latency, object headers, object now_ns
) except *
