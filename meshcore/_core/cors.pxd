# CORS.

from libc.stdint cimport uint32_t

from meshcore._core.base cimport mc_said, mc_slice
from meshcore._core.match cimport mc_string_spec


cdef extern from "meshcore/cors.h" nogil:
    ctypedef struct mc_cors_spec:
        const mc_string_spec *origins
        uint32_t origin_count
        mc_slice allow_methods
        mc_slice allow_headers
        mc_slice expose_headers
        mc_slice max_age
        mc_said allow_credentials
        mc_said allow_private_network_access
        mc_said forward_not_matching_preflights
        uint32_t numerator
        uint32_t denominator

    ctypedef enum mc_cors_verdict:
        pass
