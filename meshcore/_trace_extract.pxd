"""Reading the context of lines that were found at a glance, in whoever asks."""

from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF

from meshcore._core cimport *
from meshcore._trace_formats cimport Formats
from meshcore._trace_lines cimport MC_TEXT_NAMES, mc_trace_lines
from meshcore._trace_texts cimport kept_texts

cdef extern from "trace/lines.h" nogil:
    mc_code mc_trace_read_lines(const mc_trace_lines *lines, const mc_trace_formats *formats, mc_scratch *scratch,
                                mc_trace_counts *counts, mc_span_context *out)

cdef mc_trace_counts *counts  # of what was malformed

cdef bint may_carry(object headers, Formats formats) except -1
cdef bint read_slowly(tuple pairs, Formats formats, mc_span_context *out, PyObject **texts) except -1


cdef inline bint carries(mc_code code, mc_span_context *out, PyObject **texts) except -1:
    """Whether what was read is a context; its texts are then kept, for the caller to release."""
    if code == MC_OK:
        kept = kept_texts(out)
        if kept is not None:
            Py_INCREF(kept)
            texts[0] = <PyObject *> kept
        return True
    if code == MC_NO_MEMORY:
        raise MemoryError
    return False


cdef inline bint read_found(
    const mc_trace_lines *lines, Formats formats, mc_span_context *out, PyObject **texts
) except -1:
    """Whether lines that were found carry a context. Nothing else of Python's runs here."""
    cdef mc_scratch scratch
    cdef mc_code code
    if not lines.seen & MC_TEXT_NAMES:
        return mc_trace_read_lines(lines, &formats.it, NULL, counts, out) == MC_OK
    mc_scratch_init(&scratch)
    code = mc_trace_read_lines(lines, &formats.it, &scratch, counts, out)
    try:
        return carries(code, out, texts)
    finally:
        mc_scratch_reset(&scratch)
