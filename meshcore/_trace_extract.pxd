from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF

from meshcore._core cimport mc_span_context, mc_trace_counts
from meshcore._trace_formats cimport Formats

cdef struct Carried:
    # What a context points into, each for the reader to release; NULL: there is none.
    PyObject *texts
    PyObject *trace_id  # B3's, as it came
    PyObject *span_id


cdef mc_trace_counts *counts  # of what was malformed

cdef bint may_carry(object headers, Formats formats) except -1
cdef bint read_context(object headers, Formats formats, mc_span_context *out, Carried *carried) except -1


cdef inline object taken(PyObject *held):
    """The object, which is the caller's to release no more; None: there is none."""
    if held == NULL:
        return None
    found = <object> held
    Py_DECREF(found)
    return found
