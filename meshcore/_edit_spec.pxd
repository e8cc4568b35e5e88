from meshcore._core cimport (
    mc_edits_spec, mc_format_spec, mc_header_value_spec, mc_host_rewrite_spec, mc_path_rewrite_spec,
    mc_redirect_spec, mc_substitution_spec,
)
from meshcore._spec cimport Specs

cdef int format_spec(Specs specs, str text, mc_format_spec *out) except -1
cdef const mc_header_value_spec *values_spec(Specs specs, tuple values) except NULL
cdef int edits_spec(Specs specs, object edits, mc_edits_spec *out) except -1
cdef int substitution_spec(Specs specs, object regex, mc_substitution_spec *out) except -1
cdef int path_rewrite_spec(Specs specs, object rewrite, mc_path_rewrite_spec *out) except -1
cdef int host_rewrite_spec(Specs specs, object rewrite, mc_host_rewrite_spec *out) except -1
cdef int redirect_spec(Specs specs, object redirect, mc_redirect_spec *out) except -1
