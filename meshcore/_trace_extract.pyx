"""Reading the context that header lines carry: of a list, a dict, or what else users have."""

cimport cython
from cpython.object cimport PyObject
from libc.stdint cimport uint32_t
from libc.stdlib cimport free, malloc

from meshcore._core cimport *
from meshcore._request cimport pairs_as_bytes, take_pairs
from meshcore._trace_formats cimport Formats
from meshcore._trace_lines cimport Found, find_lines

counts = mc_trace_counts_new()
if counts == NULL:
    raise MemoryError("no memory to count malformed headers of traces")


cdef bint may_carry(object headers, Formats formats) except -1:
    """Whether there are header lines of these formats, or no telling at a glance."""
    cdef Found found
    with cython.critical_section(headers):
        return not find_lines(headers, &formats.asked, &found) or found.lines.seen != 0


cdef bint read_slowly(tuple pairs, Formats formats, mc_span_context *out, PyObject **texts) except -1:
    """Of lines of any kind."""
    cdef mc_scratch scratch
    cdef mc_code code
    cdef mc_header *lines = <mc_header *> malloc((<size_t> len(pairs) + 1) * sizeof(mc_header))
    if lines == NULL:
        raise MemoryError
    mc_scratch_init(&scratch)
    try:
        try:
            take_pairs(pairs, lines)
        except UnicodeEncodeError:
            pairs = pairs_as_bytes(pairs)
            take_pairs(pairs, lines)
        code = mc_trace_extract(lines, <uint32_t> len(pairs), &formats.it, &scratch, counts, out)
        return carries(code, out, texts)
    finally:
        mc_scratch_reset(&scratch)
        free(lines)
