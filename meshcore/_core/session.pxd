# What keeps a client where it is: hash policies at an endpoint, sessions likewise, sticky splits at a
# weighted cluster; and the cookies that they give.

from libc.stdint cimport uint16_t, uint32_t, uint64_t

from meshcore._core.base cimport mc_slice
from meshcore._core.rewrite cimport mc_substitution_spec


cdef extern from "meshcore/session.h" nogil:
    ctypedef enum mc_hash_kind:
        MC_HASH_HEADER
        MC_HASH_COOKIE
        MC_HASH_SOURCE_IP
        MC_HASH_QUERY

    ctypedef struct mc_cookie_attribute:
        mc_slice name
        mc_slice value

    ctypedef struct mc_cookie_spec:
        uint64_t max_age
        mc_slice path
        const mc_cookie_attribute *attributes
        uint32_t attribute_count

    ctypedef enum mc_session_kind:
        MC_SESSION_OFF
        MC_SESSION_COOKIE
        MC_SESSION_HEADER

    ctypedef struct mc_session_spec:
        mc_session_kind kind
        mc_slice name
        mc_cookie_spec cookie
        bint strict
        uint16_t missing_status

    ctypedef struct mc_hash_policy_spec:
        mc_hash_kind kind
        bint terminal
        mc_slice name
        mc_substitution_spec regex
        const mc_cookie_spec *cookie

    ctypedef struct mc_hash_policies_spec:
        const mc_hash_policy_spec *at
        uint32_t count

    ctypedef struct mc_sticky_spec:
        mc_hash_kind kind
        mc_slice name
        const mc_cookie_spec *cookie

    ctypedef struct mc_session:
        pass

    ctypedef enum mc_session_reason:
        pass
