"""Names of trace formats as the core's, looked up once."""

cimport cython
from cpython.tuple cimport PyTuple_CheckExact

from meshcore._core cimport *
from meshcore._trace_lines cimport mc_trace_ask

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
        mc_trace_ask(mc_trace_names(&self.it), &self.asked)


EXTRACTED = INJECTED = None
LATEST = (None, None)
cdef dict KNOWN = {}  # by the tuple that was given


cdef Formats other_formats(object names):
    global LATEST
    cdef Formats found = KNOWN.get(names) if PyTuple_CheckExact(names) else None
    if found is not None:
        LATEST = (names, found)
    else:
        found = Formats(_trace.formats_of(names))
        if PyTuple_CheckExact(names) and len(KNOWN) < CACHED:
            KNOWN[names] = found
    return found


cdef Formats default_formats(bint to_inject):
    global EXTRACTED, INJECTED
    if to_inject:
        INJECTED = Formats(_trace.inject_default())
        return INJECTED
    EXTRACTED = Formats(_trace.extract_default())
    return EXTRACTED
