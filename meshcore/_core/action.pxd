# What a route does: forward, redirect or answer.

from libc.stdint cimport int32_t, uint16_t, uint32_t

from meshcore._core.base cimport mc_labels, mc_slice
from meshcore._core.circuit cimport mc_routing_priority
from meshcore._core.cors cimport mc_cors_spec
from meshcore._core.edit cimport mc_edits_spec, mc_format_spec
from meshcore._core.fault cimport mc_fault_spec
from meshcore._core.http cimport mc_upgrade
from meshcore._core.mirror cimport mc_mirror_spec
from meshcore._core.rate_limit cimport mc_descriptors_spec, mc_level_limits_spec
from meshcore._core.retry cimport mc_hedge_spec, mc_retry_spec, mc_timeout_spec
from meshcore._core.rewrite cimport mc_host_rewrite_spec, mc_path_rewrite_spec, mc_redirect_spec
from meshcore._core.session cimport mc_hash_policy_spec, mc_session_spec, mc_sticky_spec
from meshcore._core.subset cimport mc_criteria_spec
from meshcore._core.tracing cimport mc_sampling_shares


cdef extern from "meshcore/action.h" nogil:
    ctypedef struct mc_weighted_cluster_spec:
        int32_t cluster
        mc_slice name
        mc_slice cluster_header
        uint32_t weight
        mc_slice host_rewrite
        mc_edits_spec edits
        const mc_cors_spec *cors
        const mc_criteria_spec *criteria
        const mc_session_spec *session
        const mc_fault_spec *fault
        mc_level_limits_spec limits

    ctypedef enum mc_action_kind:
        MC_ACTION_FORWARD
        MC_ACTION_REDIRECT
        MC_ACTION_RESPOND

    ctypedef struct mc_action_spec:
        mc_action_kind kind
        mc_slice name
        mc_edits_spec edits
        const mc_fault_spec *fault
        mc_level_limits_spec limits
        mc_descriptors_spec descriptors
        mc_labels labels
        bint include_outer_limits
        int32_t cluster
        mc_slice cluster_header
        const mc_weighted_cluster_spec *clusters
        uint32_t cluster_count
        mc_slice weight_header
        bint weight_by_hash
        const mc_sticky_spec *sticky
        uint16_t cluster_not_found_status
        mc_routing_priority priority
        const mc_timeout_spec *timeouts
        const mc_retry_spec *retry
        mc_hedge_spec hedge
        bint count_attempts
        bint tell_attempts
        bint tell_timeouts
        mc_path_rewrite_spec path_rewrite
        mc_host_rewrite_spec host_rewrite
        const mc_hash_policy_spec *hash_policies
        uint32_t hash_policy_count
        const mc_criteria_spec *criteria
        const mc_upgrade *upgrades
        uint32_t upgrade_count
        const mc_cors_spec *cors
        const mc_cors_spec *cors_field
        const mc_mirror_spec *mirrors
        uint32_t mirror_count
        const mc_session_spec *session
        const mc_sampling_shares *sampling
        mc_slice operation
        bint names_spans
        mc_redirect_spec redirect
        uint16_t status
        mc_format_spec body
        mc_slice content_type
