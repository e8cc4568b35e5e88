from cpython.object cimport PyObject
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free

from meshcore._core cimport MC_REQUEST_IDS, mc_decision, mc_decision_holds, mc_decision_release, mc_header
from meshcore._request cimport MC_LISTS_STAY, PyList_CheckExact, PyList_GET_SIZE, mc_take_list


cdef extern from "Python.h":
    # As they are in C: Cython's own, of objects, take a further reference for the time of the call.
    void own "Py_INCREF"(PyObject *thing) noexcept
    void disown "Py_DECREF"(PyObject *thing) noexcept


cdef extern from *:
    """
    #ifdef Py_GIL_DISABLED
    #define MC_POOLED 0   /* the pools rely on the GIL; malloc does not */
    #else
    #define MC_POOLED 64
    #endif
    #define mc_disown_last(thing) Py_SET_REFCNT(thing, 0)
    """
    const int MC_POOLED
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


cdef inline void block_clear(Block *block) noexcept:
    cdef PyObject **at = block.held
    cdef PyObject **end = at + block.held_count
    if block.decided:
        block.decided = False
        if mc_decision_holds(&block.decision):
            mc_decision_release(&block.decision)
    block.decision.request.inbound = False
    block.decision.request.served = NULL
    block.held_count = block.undrawn = 0
    block.named = NULL
    while at != end:
        disown(at[0])
        at += 1
    if block.lines != block.some:
        free(block.lines)
        block.lines = block.some


cdef inline bint block_take_list(Block *block, PyObject *headers) noexcept:
    """Have the block's lines point to those of a short list of plain pairs, as nearly all are; False for anything else.
    The pairs are held, with no tuple made to hold them, until somebody asks for them."""
    if not (MC_LISTS_STAY and PyList_CheckExact(<object> headers) and PyList_GET_SIZE(<object> headers) <= LINES_INLINE):
        return False
    if not mc_take_list(headers, block.some, block.held):
        return False
    block.line_count = block.held_count = <uint32_t> PyList_GET_SIZE(<object> headers)
    block.given = headers
    hold(block, headers)
    return True


cdef Block *block_new() except NULL
cdef void block_free(Block *block) noexcept
# The same of whatever people have header lines in. The pairs that they are.
cdef tuple block_take(Block *block, object headers)
