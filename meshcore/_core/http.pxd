# The connection manager's options.

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from meshcore._core.base cimport mc_slice
from meshcore._core.tracing cimport mc_tracing_spec


cdef extern from "meshcore/http.h" nogil:
    ctypedef enum mc_escaped_slashes:
        MC_SLASHES_KEEP
        MC_SLASHES_REJECT
        MC_SLASHES_REDIRECT
        MC_SLASHES_FORWARD

    ctypedef enum mc_underscores:
        MC_UNDERSCORES_ALLOW
        MC_UNDERSCORES_REJECT
        MC_UNDERSCORES_DROP

    ctypedef struct mc_cidr:
        uint8_t address[16]
        uint8_t bits

    ctypedef struct mc_upgrade:
        mc_slice protocol
        bint enabled

    ctypedef struct mc_http_options:
        bint normalize_path
        bint merge_slashes
        mc_escaped_slashes escaped_slashes
        bint strip_matching_host_port
        bint strip_any_host_port
        bint strip_trailing_host_dot
        bint use_remote_address
        bint skip_xff_append
        bint append_x_forwarded_port
        bint suppress_envoy_headers
        bint respect_expected_rq_timeout
        uint64_t stream_idle_ns
        uint64_t max_stream_ns
        bint has_internal_cidrs
        bint generate_request_id
        bint preserve_external_request_id
        bint always_set_request_id_in_response
        mc_underscores underscores
        bint keep_trace_reason
        const mc_tracing_spec *tracing
        uint32_t xff_num_trusted_hops
        mc_slice scheme_to_overwrite
        mc_slice via
        const mc_cidr *internal_cidrs
        uint32_t internal_cidr_count
        const mc_slice *internal_only
        uint32_t internal_only_count
        const mc_upgrade *upgrades
        uint32_t upgrade_count
