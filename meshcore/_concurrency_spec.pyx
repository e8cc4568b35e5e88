"""Controllers of adaptive concurrency of the model as the core's spec."""

from libc.string cimport memset

from meshcore._core cimport *
from meshcore._spec cimport Specs

from meshcore._concurrency import core_controller


cdef int concurrency_spec(object controller, mc_concurrency_spec *out) except -1:
    """ValueError for what is out of its range."""
    memset(out, 0, sizeof(mc_concurrency_spec))
    which, fields = core_controller(controller)
    if which == "gradient":
        out.kind = MC_CONCURRENCY_GRADIENT
        out.gradient = fields
    else:
        out.kind = MC_CONCURRENCY_AIMD
        out.aimd = fields
    return 0


cdef const mc_concurrency_filter_spec *concurrency_filter(Specs specs, object filter) except NULL:
    cdef mc_concurrency_filter_spec *out = <mc_concurrency_filter_spec *> specs.array(
        1, sizeof(mc_concurrency_filter_spec))
    concurrency_spec(filter.controller, &out.limit)
    out.status = filter.status
    return out
