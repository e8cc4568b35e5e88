"""Names of trace formats as the core's, looked up once."""

cimport cython
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM

from meshcore._core cimport *

from meshcore import _trace

cdef enum:
    CACHED = 256


@cython.final
cdef class Formats:
    def __cinit__(self, numbers):
        self.it.count = 0
        for number in numbers:
            self.it.order[self.it.count] = number
            self.it.count += 1
        self.names = mc_trace_names(&self.it)


cdef Formats EXTRACTED = None, INJECTED = None
cdef dict KNOWN = {}  # by the tuple that was given
cdef tuple LATEST = (None, None)  # a program asks for the same, mostly: the names, and what they are


cdef Formats formats_of(object names):
    """Those that a caller asks for."""
    global LATEST
    cdef tuple latest = LATEST
    if <PyObject *> names == PyTuple_GET_ITEM(latest, 0):
        return <Formats> PyTuple_GET_ITEM(latest, 1)
    cdef Formats found = KNOWN.get(names) if PyTuple_CheckExact(names) else None
    if found is not None:
        LATEST = (names, found)
    else:
        found = Formats(_trace.formats_of(names))
        if PyTuple_CheckExact(names) and len(KNOWN) < CACHED:
            KNOWN[names] = found
    return found


cdef Formats to_extract():
    """Those of callers that ask for none."""
    global EXTRACTED
    if EXTRACTED is None:
        EXTRACTED = Formats(_trace.extract_default())
    return EXTRACTED


cdef Formats to_inject():
    """Likewise."""
    global INJECTED
    if INJECTED is None:
        INJECTED = Formats(_trace.inject_default())
    return INJECTED
