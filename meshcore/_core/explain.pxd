# Explanations: why a request is decided as it is, found by the functions that decide, at the cost of a walk
# over all routes of its virtual host.

from libc.stdint cimport int32_t, uint32_t, uint64_t

from meshcore._core.base cimport mc_code, mc_scratch, mc_slice
from meshcore._core.decision cimport mc_decision
from meshcore._core.request cimport mc_request, mc_view
from meshcore._core.snapshot cimport mc_snapshot


cdef extern from "meshcore/explain.h" nogil:
    mc_code mc_peek(const mc_snapshot *snapshot, const mc_request *request, mc_decision *decision)

    ctypedef enum mc_condition_kind:
        MC_CONDITION_NONE

    ctypedef struct mc_condition:
        mc_condition_kind kind
        uint32_t index

    ctypedef struct mc_failures:
        mc_condition first
        uint32_t count

    ctypedef enum mc_domain_kind:
        pass

    ctypedef enum mc_draw_kind:
        pass

    ctypedef struct mc_explanation:
        int32_t listener
        int32_t virtual_host
        int32_t route
        bint has_view
        mc_view view
        mc_slice host
        mc_domain_kind domain
        size_t domain_size
        const mc_failures *failures
        uint32_t route_count
        int32_t first_route
        int32_t choice
        mc_draw_kind draw
        uint64_t drawn
        uint64_t place
        uint64_t sum
        mc_slice key
        const double *scores
        uint32_t score_count

    mc_code mc_explain(const mc_snapshot *snapshot, const mc_request *request, mc_scratch *scratch,
                       mc_explanation *explanation)
    mc_code mc_explanation_values(const mc_explanation *explanation, int32_t route, mc_condition condition,
                                  const mc_slice **values, uint32_t *count)
