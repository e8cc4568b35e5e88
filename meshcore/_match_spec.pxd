from meshcore._core cimport (
    mc_domains_spec, mc_header_match_spec, mc_query_match_spec, mc_route_spec, mc_string_spec,
)
from meshcore._spec cimport Specs

cdef int string_spec(Specs specs, object match, mc_string_spec *out) except -1
cdef const mc_header_match_spec *headers_spec(Specs specs, tuple matches) except NULL
cdef const mc_query_match_spec *queries_spec(Specs specs, tuple matches) except NULL
cdef int route_spec(Specs specs, object route, mc_route_spec *out) except -1
cdef int domains_spec(Specs specs, object table, dict numbers, mc_domains_spec *out) except -1
