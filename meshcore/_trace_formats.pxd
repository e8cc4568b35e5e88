from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM

from meshcore._core cimport mc_trace_formats
from meshcore._trace_lines cimport mc_trace_asked


cdef class Formats:
    """Formats of trace contexts in the order that is asked for."""

    cdef mc_trace_formats it
    cdef mc_trace_asked asked  # their header lines


cdef Formats EXTRACTED, INJECTED
cdef tuple LATEST  # a program asks for the same, mostly: the names, and what they are
cdef Formats other_formats(object names)
cdef Formats default_formats(bint to_inject)


cdef inline Formats formats_of(object names):
    """Those that a caller asks for."""
    cdef tuple latest = LATEST
    if <PyObject *> names == PyTuple_GET_ITEM(latest, 0):
        return <Formats> PyTuple_GET_ITEM(latest, 1)
    return other_formats(names)


cdef inline Formats to_extract():
    """Those of callers that ask for none."""
    return EXTRACTED if EXTRACTED is not None else default_formats(False)


cdef inline Formats to_inject():
    """Likewise."""
    return INJECTED if INJECTED is not None else default_formats(True)
