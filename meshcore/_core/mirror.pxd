# Which clusters get a copy of a request.

from libc.stdint cimport int32_t, uint32_t

from meshcore._core.base cimport mc_slice
from meshcore._core.edit cimport mc_edits_spec


cdef extern from "meshcore/mirror.h" nogil:
    ctypedef struct mc_mirror_spec:
        int32_t cluster
        mc_slice cluster_header
        uint32_t numerator
        uint32_t denominator
        bint append_shadow_suffix
        mc_slice host_rewrite
        const mc_edits_spec *edits
        uint32_t edit_count
