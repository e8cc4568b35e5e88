# The copies of a request that is forwarded.

from libc.stdint cimport int32_t, uint32_t

from meshcore._core.base cimport mc_code, mc_scratch, mc_slice
from meshcore._core.decision cimport mc_decision
from meshcore._core.message cimport mc_header_line


cdef extern from "meshcore/mirrored.h" nogil:
    ctypedef struct mc_mirrored:
        uint32_t policy
        int32_t cluster
        mc_slice authority

    mc_code mc_decision_mirrors(const mc_decision *decision, mc_scratch *scratch, const mc_mirrored **mirrors,
                                uint32_t *count)
    mc_code mc_decision_mirror_headers(const mc_decision *decision, uint32_t policy, mc_scratch *scratch,
                                       const mc_header_line **lines, uint32_t *count)
