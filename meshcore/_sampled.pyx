"""Whether a request may be one that spans are reported of: what all others are asked, once somebody gets spans."""

from meshcore._core cimport *
from meshcore._trace_formats cimport Formats, to_extract
from meshcore.decision cimport Block, Decision


cdef bint may_be_sampled(Decision decision) except -1:
    """Whether it was sampled here, or came so."""
    cdef Block *block = decision._block
    cdef mc_span_context came
    cdef mc_scratch scratch
    cdef mc_code code
    if block.decision.traced != MC_NOT_TRACED:
        return True
    cdef Formats formats = to_extract()
    mc_scratch_init(&scratch)
    try:
        code = mc_trace_extract(block.lines, block.line_count, &formats.it, &scratch, NULL, &came)
        if code == MC_NO_MEMORY:
            raise MemoryError
        return code == MC_OK and came.sampling >= MC_SAMPLING_ACCEPT
    finally:
        mc_scratch_reset(&scratch)
