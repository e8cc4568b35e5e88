"""Reading the context that header lines carry: of a list, a dict, or what else users have."""

cimport cython
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from libc.stdint cimport uint32_t
from libc.stdlib cimport free, malloc

from meshcore._core cimport *
from meshcore._request cimport as_pairs, pairs_as_bytes, take_pairs
from meshcore._trace_formats cimport Formats
from meshcore._trace_lines cimport MC_TEXT_NAMES, Found, find_lines, mc_trace_lines
from meshcore._trace_texts cimport kept_texts

cdef extern from "trace/lines.h" nogil:
    mc_code mc_trace_read_lines(const mc_trace_lines *lines, const mc_trace_formats *formats, mc_scratch *scratch,
                                mc_trace_counts *counts, mc_span_context *out)

counts = mc_trace_counts_new()
if counts == NULL:
    raise MemoryError("no memory to count malformed headers of traces")


cdef bint may_carry(object headers, Formats formats) except -1:
    """Whether there are header lines of these formats, or no telling at a glance."""
    cdef Found found
    with cython.critical_section(headers):
        return not find_lines(headers, &formats.asked, &found) or found.lines.seen != 0


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


cdef bint read_context(object headers, Formats formats, mc_span_context *out, Carried *carried) except -1:
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


cdef bint read_slowly(tuple pairs, Formats formats, mc_span_context *out, Carried *carried) except -1:
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
        return carries(code, out, carried)
    finally:
        mc_scratch_reset(&scratch)
        free(lines)
