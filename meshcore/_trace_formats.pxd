from libc.stdint cimport uint32_t

from meshcore._core cimport mc_trace_formats


cdef class Formats:
    """Formats of trace contexts in the order that is asked for."""

    cdef mc_trace_formats it
    cdef uint32_t names  # of their header lines, as bits


cdef Formats formats_of(object names)
cdef Formats to_extract()
cdef Formats to_inject()
