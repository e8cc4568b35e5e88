# Listeners: the filters in front of a route configuration, and what it says for all virtual hosts.

from libc.stdint cimport uint16_t, uint32_t

from meshcore._core.base cimport mc_slice
from meshcore._core.concurrency cimport mc_concurrency_spec
from meshcore._core.cors cimport mc_cors_spec
from meshcore._core.edit cimport mc_edits_spec
from meshcore._core.fault cimport mc_fault_spec
from meshcore._core.http cimport mc_http_options
from meshcore._core.match cimport mc_domains_spec
from meshcore._core.mirror cimport mc_mirror_spec
from meshcore._core.rate_limit cimport mc_global_limit_spec, mc_level_limits_spec, mc_local_limit_spec
from meshcore._core.session cimport mc_session_spec


cdef extern from "meshcore/listener.h" nogil:
    ctypedef struct mc_concurrency_filter_spec:
        mc_concurrency_spec limit
        uint16_t status

    ctypedef enum mc_filter_kind:
        MC_FILTER_FAULT
        MC_FILTER_CORS
        MC_FILTER_LOCAL_LIMIT
        MC_FILTER_GLOBAL_LIMIT
        MC_FILTER_CONCURRENCY

    ctypedef struct mc_filter_spec:
        mc_filter_kind kind
        uint32_t name
        bint off
        const mc_local_limit_spec *local
        const mc_global_limit_spec *global_ "global"
        const mc_concurrency_filter_spec *concurrency

    ctypedef struct mc_listener_spec:
        mc_slice name
        uint16_t port
        mc_http_options options
        mc_domains_spec domains
        mc_edits_spec edits
        bint most_specific_header_mutations_wins
        const mc_cors_spec *cors
        const mc_mirror_spec *mirrors
        uint32_t mirror_count
        const mc_session_spec *session
        uint32_t session_filter
        bint session_off
        const mc_fault_spec *table_fault
        const mc_fault_spec *fault
        mc_level_limits_spec limits
        const mc_filter_spec *filters
        uint32_t filter_count
