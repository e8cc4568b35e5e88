from meshcore._core cimport mc_action_spec
from meshcore._spec cimport Specs

cdef int action_spec(Specs specs, object route, dict clusters, mc_action_spec *out) except -1
