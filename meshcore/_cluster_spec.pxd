from libc.stdint cimport uint64_t

from meshcore._core cimport mc_cluster_spec, mc_load_options
from meshcore._spec cimport Specs

cdef int cluster_spec(Specs specs, object cluster, mc_cluster_spec *out) except -1
cdef int unchecked(object cluster, mc_cluster_spec *out) except -1
cdef uint64_t nanoseconds(double seconds)
cdef int load_options(
    mc_load_options *out, object slow, object least, object peak, object weighted
) except -1
