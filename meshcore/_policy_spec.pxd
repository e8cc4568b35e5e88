from meshcore._core cimport (
    mc_cors_spec, mc_hash_policies_spec, mc_mirror_spec, mc_session_spec, mc_sticky_spec,
)
from meshcore._spec cimport Specs

cdef const mc_cors_spec *cors_spec(Specs specs, object policy) except? NULL
cdef const mc_cors_spec *filter_cors(Specs specs, tuple configs) except? NULL
cdef const mc_mirror_spec *mirrors_spec(Specs specs, tuple policies, dict clusters) except NULL
cdef mc_hash_policies_spec hash_policies_spec(Specs specs, tuple policies) except *
cdef const mc_sticky_spec *sticky_spec(Specs specs, object key) except? NULL
cdef const mc_session_spec *session_spec(Specs specs, object session) except? NULL
cdef const mc_session_spec *filter_session(Specs specs, tuple configs) except? NULL
