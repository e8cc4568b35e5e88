from meshcore._core cimport mc_concurrency_filter_spec, mc_concurrency_spec
from meshcore._spec cimport Specs

cdef int concurrency_spec(object controller, mc_concurrency_spec *out) except -1
cdef const mc_concurrency_filter_spec *concurrency_filter(Specs specs, object filter) except NULL
