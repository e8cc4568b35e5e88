"""Reading a context at a glance, in whoever asks: what most headers are."""

cimport cython
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF

from meshcore._core cimport *
from meshcore._request cimport as_pairs
from meshcore._trace_formats cimport Formats
from meshcore._trace_lines cimport MC_TEXT_NAMES, Found, find_lines, mc_trace_lines
from meshcore._trace_texts cimport kept_texts

cdef extern from "trace/lines.h" nogil:
    mc_code mc_trace_read_lines(const mc_trace_lines *lines, const mc_trace_formats *formats, mc_scratch *scratch,
                                mc_trace_counts *counts, mc_span_context *out)

cdef struct Carried:
    # What a context points into, each for the reader to release; NULL: there is none.
    PyObject *texts
    PyObject *trace_id  # B3's, as it came
    PyObject *span_id


cdef mc_trace_counts *counts  # of what was malformed

cdef bint may_carry(object headers, Formats formats) except -1
cdef bint read_slowly(tuple pairs, Formats formats, mc_span_context *out, Carried *carried) except -1


cdef inline object taken(PyObject *held):
    """The object, which is the caller's to release no more; None: there is none."""
    if held == NULL:
        return None
    found = <object> held
    Py_DECREF(found)
    return found


cdef inline PyObject *held(object value) noexcept:
    Py_INCREF(value)
    return <PyObject *> value


cdef inline bint carries(mc_code code, mc_span_context *out, Carried *carried) except -1:
    """Whether what was read is a context; its texts are then kept."""
    if code == MC_OK:
        texts = kept_texts(out)
        if texts is not None:
            carried.texts = held(texts)
        return True
    if code == MC_NO_MEMORY:
        raise MemoryError
    return False


cdef inline bint read_context(object headers, Formats formats, mc_span_context *out, Carried *carried) except -1:
    """Whether headers carry a context. ``out`` is all zero."""
    cdef Found found
    cdef mc_scratch scratch
    cdef mc_code code
    carried.texts = carried.trace_id = carried.span_id = NULL
    # Nothing of Python's runs between finding the lines and copying what is kept of them.
    with cython.critical_section(headers):
        if find_lines(headers, &formats.asked, &found):
            if not found.lines.seen & MC_TEXT_NAMES:
                if mc_trace_read_lines(&found.lines, &formats.it, NULL, counts, out):
                    return False
            else:
                mc_scratch_init(&scratch)
                code = mc_trace_read_lines(&found.lines, &formats.it, &scratch, counts, out)
                try:
                    if not carries(code, out, carried):
                        return False
                finally:
                    mc_scratch_reset(&scratch)
            if out.trace_digits != NULL or out.span_digits != NULL:
                carried.trace_id = held(<object> found.values[<int> MC_NAME_B3_TRACE_ID])
                carried.span_id = held(<object> found.values[<int> MC_NAME_B3_SPAN_ID])
            return True
    return read_slowly(as_pairs(headers), formats, out, carried)
