# Rewrites of path and host, and redirects.

from libc.stdint cimport int32_t, uint16_t

from meshcore._core.base cimport mc_slice
from meshcore._core.edit cimport mc_format_spec


cdef extern from "meshcore/rewrite.h" nogil:
    ctypedef struct mc_substitution_spec:
        mc_slice pattern
        mc_slice substitution

    ctypedef enum mc_path_rewrite_kind:
        MC_REWRITE_NONE
        MC_REWRITE_PREFIX
        MC_REWRITE_REGEX
        MC_REWRITE_TEMPLATE
        MC_REWRITE_FULL
        MC_REWRITE_FORMAT

    ctypedef struct mc_path_rewrite_spec:
        mc_path_rewrite_kind kind
        mc_slice text
        mc_substitution_spec regex
        mc_format_spec format

    ctypedef enum mc_host_rewrite_kind:
        MC_HOST_KEEP
        MC_HOST_LITERAL
        MC_HOST_HEADER
        MC_HOST_PATH_REGEX
        MC_HOST_AUTO
        MC_HOST_FORMAT

    ctypedef struct mc_host_rewrite_spec:
        mc_host_rewrite_kind kind
        mc_slice text
        mc_substitution_spec regex
        mc_format_spec format
        bint append_x_forwarded_host

    ctypedef struct mc_redirect_spec:
        uint16_t status
        bint https
        bint strip_query
        int32_t port
        mc_slice scheme
        mc_slice host
        mc_path_rewrite_spec path
