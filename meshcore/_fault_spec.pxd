from meshcore._core cimport mc_action_spec, mc_fault_spec
from meshcore._spec cimport Specs

cdef const mc_fault_spec *fault_spec(Specs specs, object policy) except? NULL
cdef int route_faults(Specs specs, object route, mc_action_spec *out) except -1
cdef const mc_fault_spec *filter_fault(Specs specs, tuple configs) except? NULL
