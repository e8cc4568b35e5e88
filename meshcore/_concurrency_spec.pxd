from meshcore._core cimport mc_concurrency_spec

cdef int concurrency_spec(object controller, mc_concurrency_spec *out) except -1
