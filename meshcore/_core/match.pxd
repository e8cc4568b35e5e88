# What requests are matched by: texts, header lines, query parameters, cookies, paths, and the domains of
# virtual hosts.

from libc.stdint cimport int32_t, int64_t, uint32_t

from meshcore._core.base cimport mc_slice


cdef extern from "meshcore/match.h" nogil:
    ctypedef enum mc_string_kind:
        MC_STRING_EXACT
        MC_STRING_PREFIX
        MC_STRING_SUFFIX
        MC_STRING_CONTAINS
        MC_STRING_REGEX

    ctypedef struct mc_string_spec:
        mc_string_kind kind
        bint ignore_case
        mc_slice value

    ctypedef enum mc_value_test:
        MC_TEST_STRING
        MC_TEST_RANGE
        MC_TEST_PRESENT

    ctypedef struct mc_header_match_spec:
        mc_slice name
        mc_value_test test
        mc_string_spec string
        int64_t start
        int64_t end
        bint present
        bint invert
        bint missing_as_empty

    ctypedef struct mc_query_match_spec:
        mc_slice name
        mc_value_test test
        mc_string_spec string
        bint present

    ctypedef struct mc_cookie_match_spec:
        mc_slice name
        mc_string_spec string
        bint invert

    ctypedef enum mc_path_kind:
        MC_PATH_EXACT
        MC_PATH_PREFIX
        MC_PATH_SEPARATED_PREFIX
        MC_PATH_REGEX
        MC_PATH_TEMPLATE
        MC_PATH_CONNECT

    ctypedef struct mc_route_spec:
        mc_path_kind path_kind
        bint case_sensitive
        bint ignore_parameters
        bint grpc
        mc_slice path
        const mc_header_match_spec *headers
        uint32_t header_count
        const mc_query_match_spec *queries
        uint32_t query_count
        const mc_cookie_match_spec *cookies
        uint32_t cookie_count
        uint32_t numerator
        uint32_t denominator

    ctypedef struct mc_domain_spec:
        mc_slice name
        int32_t virtual_host

    ctypedef struct mc_domains_spec:
        const mc_domain_spec *domains
        uint32_t domain_count
        bint ignore_port
        mc_slice header
