from meshcore._core cimport (
    mc_action_spec,
    mc_descriptors_spec,
    mc_filter_spec,
    mc_global_level_spec,
    mc_global_limit_spec,
    mc_labels,
    mc_level_limits_spec,
    mc_limit_rule_spec,
    mc_listener_spec,
    mc_local_limit_spec,
)
from meshcore._spec cimport Specs


cdef class LimitSpecs:
    cdef Specs _specs
    cdef dict _clusters # name -> number
    cdef dict _filters  # name -> number
    cdef dict _used     # names of limits -> how many there are

    cdef mc_descriptors_spec descriptors(self, tuple rate_limits) except *
    cdef mc_level_limits_spec levels(self, tuple configs, str scope) except *
    cdef mc_labels _labels(self, tuple metadata) except *
    cdef int route(self, object route, str scope, mc_action_spec *out) except -1
    cdef tuple filters(self, object listener, mc_listener_spec *out)
    cdef int _number(self, str filter) except -1
    cdef const mc_descriptors_spec *_own(self, tuple rate_limits) except? NULL
    cdef const mc_local_limit_spec *_local(self, object limit, str scope) except NULL
    cdef int _rule(
        self, object bucket, tuple entries, bint shadow, object status, str label, str scope, mc_limit_rule_spec *out
    ) except -1
    cdef const mc_global_limit_spec *_global(self, object limit) except NULL
    cdef const mc_global_level_spec *_level(self, object level) except NULL
