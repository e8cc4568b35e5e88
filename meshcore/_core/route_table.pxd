# Route tables: which route a request takes.

from libc.stdint cimport int32_t, uint32_t, uint64_t

from meshcore._core.base cimport c_bool, mc_code, mc_error, mc_scratch
from meshcore._core.match cimport mc_domains_spec, mc_route_spec
from meshcore._core.request cimport mc_view


cdef extern from "meshcore/route_table.h" nogil:
    ctypedef struct mc_route_table:
        pass

    mc_route_table *mc_route_table_new()
    void mc_route_table_free(mc_route_table *table)
    mc_code mc_route_table_add_virtual_host(mc_route_table *table, const mc_route_spec *routes, uint32_t count,
                                            int32_t *index, mc_error *error)
    mc_code mc_route_table_add_domains(mc_route_table *table, const mc_domains_spec *spec, int32_t *index,
                                       mc_error *error)
    c_bool mc_route_table_reads_headers(const mc_route_table *table)
    mc_code mc_route_table_match(const mc_route_table *table, int32_t domains, const mc_view *view,
                                 uint64_t random, mc_scratch *scratch, int32_t *route)
