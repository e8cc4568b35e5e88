from meshcore._core cimport mc_cluster_spec
from meshcore._spec cimport Specs

cdef int cluster_spec(Specs specs, object cluster, mc_cluster_spec *out) except -1
