# Rate limits of requests, as listeners and routes have them.

from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t, uint64_t

from meshcore._core.base cimport mc_fraction, mc_label, mc_number, mc_said, mc_slice
from meshcore._core.edit cimport mc_edits_spec, mc_format_spec
from meshcore._core.limit cimport mc_token_bucket
from meshcore._core.match cimport mc_header_match_spec, mc_query_match_spec


cdef extern from "meshcore/rate_limit.h" nogil:
    ctypedef enum mc_entry_source:
        MC_ENTRY_FIXED
        MC_ENTRY_NEVER
        MC_ENTRY_CLUSTER
        MC_ENTRY_HEADER
        MC_ENTRY_QUERY
        MC_ENTRY_COOKIE
        MC_ENTRY_PATH
        MC_ENTRY_ROUTE
        MC_ENTRY_LABEL
        MC_ENTRY_ADDRESS
        MC_ENTRY_NETWORK
        MC_ENTRY_CLIENT
        MC_ENTRY_HEADERS_MATCH
        MC_ENTRY_QUERIES_MATCH

    ctypedef struct mc_entry_spec:
        mc_entry_source source
        mc_slice key
        mc_slice value
        mc_slice name
        bint optional
        bint empty
        bint expect_match
        uint8_t v4_bits
        uint8_t v6_bits
        const mc_header_match_spec *headers
        const mc_query_match_spec *queries
        uint32_t header_count
        uint32_t query_count

    ctypedef struct mc_descriptor_spec:
        const mc_entry_spec *entries
        uint32_t count
        uint32_t stage
        mc_said tells
        mc_number hits
        mc_format_spec hits_format
        bint excess_counts
        bint gives_back
        bint global_only
        mc_fraction share

    ctypedef struct mc_descriptors_spec:
        const mc_descriptor_spec *at
        uint32_t count

    ctypedef struct mc_limit_rule_spec:
        mc_slice name
        mc_slice label
        const mc_label *entries
        uint32_t entry_count
        mc_token_bucket bucket
        bint shadow
        uint16_t status

    ctypedef enum mc_outer_limits:
        MC_OUTER_OVERRIDE
        MC_OUTER_INCLUDE
        MC_OUTER_IGNORE

    enum:
        MC_TELL_X_RATELIMIT
        MC_TELL_RATELIMIT
        MC_TELL_RETRY_AFTER

    ctypedef struct mc_local_limit_spec:
        mc_slice name
        mc_slice scope
        const mc_limit_rule_spec *rules
        uint32_t rule_count
        const mc_limit_rule_spec *whole
        const mc_descriptors_spec *descriptors
        mc_fraction enabled
        mc_fraction enforced
        uint32_t stage
        mc_outer_limits outer
        uint64_t capacity
        uint16_t status
        uint8_t tells
        bint per_connection
        bint always_whole
        bint resource_exhausted
        bint free_zero
        bint tells_least
        bint divided
        int32_t divided_among
        mc_edits_spec edits

    # "from" is a word of Python's: the field keeps its name in C.
    ctypedef enum mc_limit_from:
        MC_FROM_ANYWHERE
        MC_FROM_INTERNAL
        MC_FROM_EXTERNAL

    ctypedef struct mc_global_limit_spec:
        mc_slice domain
        uint32_t stage
        mc_limit_from asked_of "from"
        const mc_descriptors_spec *descriptors
        mc_fraction enabled
        mc_fraction enforced
        mc_fraction deny
        uint16_t status
        uint16_t error_status
        bint tells
        bint tells_limited
        bint resource_exhausted
        mc_edits_spec edits

    ctypedef struct mc_global_level_spec:
        mc_slice domain
        mc_outer_limits outer
        const mc_descriptors_spec *descriptors

    ctypedef struct mc_level_limit_spec:
        uint32_t filter
        bint off
        const mc_local_limit_spec *local
        const mc_global_level_spec *global_ "global"

    ctypedef struct mc_level_limits_spec:
        const mc_level_limit_spec *at
        uint32_t count
