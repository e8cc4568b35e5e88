from meshcore._core cimport *


cdef class Specs:
    cdef list _alive
    cdef list _blocks
    cdef char *_free
    cdef size_t _left

    cdef void *array(self, size_t count, size_t size) except NULL
    cdef int clear(self) except -1
    cdef mc_slice text(self, object value) except *
    cdef mc_slice optional(self, object value) except *
    cdef int string(self, object match, mc_string_spec *out) except -1
    cdef int _header(self, object match, mc_header_match_spec *out) except -1
    cdef int query(self, object match, mc_query_match_spec *out) except -1
    cdef int route(self, object route, mc_route_spec *out) except -1
    cdef int domains(self, object table, dict numbers, mc_domains_spec *out) except -1
    cdef int format(self, str text, mc_format_spec *out) except -1
    cdef int edits(self, object edits, mc_edits_spec *out) except -1
    cdef const mc_header_value_spec *values(self, tuple values) except NULL
    cdef const mc_slice *names(self, tuple names) except NULL
    cdef int substitution(self, object regex, mc_substitution_spec *out) except -1
    cdef int path_rewrite(self, object rewrite, mc_path_rewrite_spec *out) except -1
    cdef int host_rewrite(self, object rewrite, mc_host_rewrite_spec *out) except -1
    cdef int hash_policy(self, object policy, mc_hash_policy_spec *out) except -1
    cdef mc_hash_policies_spec hash_policies(self, tuple policies) except *
    cdef mc_labels labels(self, object metadata) except *
    cdef const mc_criteria_spec *criteria(self, tuple metadata) except? NULL
    cdef const mc_cookie_spec *cookie(self, object ttl, str path, tuple attributes) except? NULL
    cdef const mc_sticky_spec *sticky(self, object key) except? NULL
    cdef int weighted(self, object action, dict clusters, mc_action_spec *out) except -1
    cdef const mc_cors_spec *cors(self, object policy) except? NULL
    cdef const mc_cors_spec *filter_cors(self, tuple configs) except? NULL
    cdef const mc_session_spec *session(self, object session) except? NULL
    cdef const mc_session_spec *filter_session(self, tuple configs) except? NULL
    cdef const mc_mirror_spec *mirrors(self, tuple policies, dict clusters) except NULL
    cdef const mc_upgrade *upgrades(self, tuple upgrades) except NULL
    cdef int forward(self, object action, dict clusters, mc_action_spec *out) except -1
    cdef int redirect(self, object redirect, mc_redirect_spec *out) except -1
    cdef int action(self, object route, dict clusters, mc_action_spec *out) except -1
    cdef const mc_tracing_spec *tracing(self, object options) except NULL
    cdef int options(self, object options, mc_http_options *out) except -1


cdef object label_text(object value)
cdef mc_said said(object value)
