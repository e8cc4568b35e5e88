# Finding the lines of a trace among header lines, in one pass and in place. Inline: every hop passes here.

from cpython.dict cimport PyDict_CheckExact, PyDict_Next
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.stdint cimport uint32_t

from meshcore._core cimport (
    MC_NAME_B3_SPAN_ID, MC_NAME_B3_TRACE_ID, MC_NAME_OTHER, mc_header, mc_slice, mc_trace_name, mc_trace_name_of,
)
from meshcore._request cimport PyList_CheckExact, take_plain


cdef extern from "Python.h":
    PyObject **PySequence_Fast_ITEMS(object items)
    Py_ssize_t PySequence_Fast_GET_SIZE(object items)

cdef extern from "trace/names.h" nogil:
    bint mc_trace_name_likely(mc_slice name)

cdef extern from "trace/lines.h" nogil:
    ctypedef struct mc_trace_lines:
        const mc_header *headers
        uint32_t count
        uint32_t seen
        uint32_t disputed

    enum:
        MC_LIST_NAMES

    void mc_trace_lines_add(mc_trace_lines *lines, mc_trace_name name, mc_slice value)

cdef enum:
    LIST_LINES = 48


cdef struct Found:
    mc_trace_lines lines
    mc_header lists[LIST_LINES]  # the lines of MC_LIST_NAMES
    PyObject *trace_id  # the values of x-b3-traceid and x-b3-spanid, borrowed; NULL: there is none
    PyObject *span_id


cdef enum:
    ODD_LINE = 32  # beyond all names: what takes more than a look


cdef inline mc_trace_name name_in(mc_slice name) noexcept:
    return mc_trace_name_of(name) if mc_trace_name_likely(name) else MC_NAME_OTHER


cdef inline bint is_pair(PyObject *pair) noexcept:
    return PyTuple_CheckExact(<object> pair) and PyTuple_GET_SIZE(<object> pair) == 2


cdef inline Py_ssize_t next_line(PyObject **pairs, Py_ssize_t count, Py_ssize_t at, uint32_t names, uint32_t *id) noexcept:
    """Where the next line of those names is, from `at` on, and which name it has; `count`: there is none. Nearly all
    lines are passed over here."""
    cdef PyObject *pair
    cdef mc_slice name
    while at < count:
        pair = pairs[at]
        if not is_pair(pair) or not take_plain(PyTuple_GET_ITEM(<object> pair, 0), &name):
            id[0] = ODD_LINE
            return at
        if mc_trace_name_likely(name):
            id[0] = mc_trace_name_of(name)
            if names >> id[0] & 1:
                return at
        at += 1
    return at


cdef inline bint found_line(uint32_t id, PyObject *name, PyObject *value, Found *out) noexcept:
    """Takes one more line. False: it takes more than a look."""
    cdef mc_slice text
    if not take_plain(value, &text):
        return False
    if (1 << id) & MC_LIST_NAMES:
        if out.lines.count == LIST_LINES:
            return False
        take_plain(name, &out.lists[out.lines.count].name)
        out.lists[out.lines.count].value = text
        out.lines.count += 1
    elif id == MC_NAME_B3_TRACE_ID:
        out.trace_id = value
    elif id == MC_NAME_B3_SPAN_ID:
        out.span_id = value
    mc_trace_lines_add(&out.lines, <mc_trace_name> id, text)
    return True


cdef inline bint find_in_pairs(PyObject **pairs, Py_ssize_t count, uint32_t names, Found *out) noexcept:
    cdef uint32_t id = ODD_LINE
    cdef PyObject *pair
    cdef Py_ssize_t at = next_line(pairs, count, 0, names, &id)
    while at < count:
        pair = pairs[at]
        if id == ODD_LINE:
            return False
        if not found_line(id, PyTuple_GET_ITEM(<object> pair, 0), PyTuple_GET_ITEM(<object> pair, 1), out):
            return False
        at = next_line(pairs, count, at + 1, names, &id)
    return True


cdef inline bint find_in_dict(object headers, uint32_t names, Found *out) noexcept:
    cdef mc_slice name
    cdef uint32_t id
    cdef Py_ssize_t at = 0
    cdef PyObject *key
    cdef PyObject *value
    while PyDict_Next(headers, &at, &key, &value):
        if not take_plain(key, &name):
            return False
        id = name_in(name)
        if names >> id & 1 and not found_line(id, key, value, out):
            return False
    return True


cdef inline bint find_lines(object headers, uint32_t names, Found *out) noexcept:
    """The lines of those names in a list, a tuple or a dict. False: headers are none of these, or hold other things
    than plain texts, or too many lines. Nothing of Python's runs here."""
    out.lines.headers = out.lists
    out.lines.count = out.lines.seen = out.lines.disputed = 0
    out.trace_id = out.span_id = NULL
    if PyList_CheckExact(headers) or PyTuple_CheckExact(headers):
        return find_in_pairs(PySequence_Fast_ITEMS(headers), PySequence_Fast_GET_SIZE(headers), names, out)
    return PyDict_CheckExact(headers) and find_in_dict(headers, names, out)
