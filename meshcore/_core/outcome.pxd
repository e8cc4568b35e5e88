# How decisions come out: Envoy's response flags and response code details.

from libc.stdint cimport uint32_t

from meshcore._core.base cimport mc_slice


cdef extern from "meshcore/outcome.h" nogil:
    ctypedef enum mc_outcome:
        MC_FORWARD
        MC_REDIRECT
        MC_RESPOND
        MC_REJECT

    ctypedef enum mc_details:
        MC_DETAILS_OVERFLOW
        MC_DETAILS_VIA_UPSTREAM
        MC_DETAILS_WEBSOCKET_REFUSED

    const char *mc_details_name(mc_details details)

    ctypedef enum mc_flag:
        MC_FLAG_NR
        MC_FLAG_NC
        MC_FLAG_UH
        MC_FLAG_DI
        MC_FLAG_FI

    enum:
        MC_FLAGS_TEXT

    mc_slice mc_flags_text(uint32_t flags, char *text)
