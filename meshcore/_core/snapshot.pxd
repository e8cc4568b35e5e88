# Snapshots: everything that one configuration says, compiled: listeners over virtual hosts over routes, and
# clusters.

from libc.stdint cimport int32_t, uint32_t, uint64_t

from meshcore._core.action cimport mc_action_spec
from meshcore._core.base cimport c_bool, mc_code, mc_error, mc_labels, mc_slice
from meshcore._core.cluster cimport mc_cluster_spec
from meshcore._core.cors cimport mc_cors_spec
from meshcore._core.edit cimport mc_edits_spec
from meshcore._core.fault cimport mc_fault_spec
from meshcore._core.listener cimport mc_listener_spec
from meshcore._core.match cimport mc_route_spec
from meshcore._core.mirror cimport mc_mirror_spec
from meshcore._core.rate_limit cimport mc_descriptors_spec, mc_level_limits_spec
from meshcore._core.runtime cimport mc_runtime
from meshcore._core.session cimport mc_hash_policies_spec, mc_session_spec


cdef extern from "meshcore/snapshot.h" nogil:
    ctypedef enum mc_require_tls:
        MC_TLS_NONE
        MC_TLS_EXTERNAL_ONLY
        MC_TLS_ALL

    ctypedef struct mc_virtual_host_spec:
        const mc_route_spec *routes
        const mc_action_spec *actions
        uint32_t route_count
        mc_require_tls require_tls
        mc_edits_spec edits
        const mc_cors_spec *cors
        const mc_cors_spec *cors_field
        const mc_fault_spec *fault
        const mc_mirror_spec *mirrors
        uint32_t mirror_count
        const mc_session_spec *session
        mc_level_limits_spec limits
        mc_descriptors_spec descriptors

    ctypedef struct mc_snapshot_spec:
        const mc_listener_spec *listeners
        const mc_virtual_host_spec *virtual_hosts
        const mc_cluster_spec *clusters
        const mc_hash_policies_spec *hash_policies
        uint32_t listener_count
        uint32_t virtual_host_count
        uint32_t cluster_count
        const mc_snapshot *previous
        uint64_t seed
        uint64_t now_ns

    ctypedef struct mc_snapshot:
        pass

    ctypedef struct mc_cluster:
        pass

    mc_snapshot *mc_snapshot_build(const mc_snapshot_spec *spec, mc_runtime *runtime, mc_error *error)
    void mc_snapshot_free(mc_snapshot *snapshot)
    mc_snapshot *mc_snapshot_with_cluster(
        const mc_snapshot *old, int32_t cluster, const mc_cluster_spec *spec, uint64_t seed, mc_error *error) nogil
    c_bool mc_snapshot_is_shared(const mc_snapshot *snapshot)
    mc_code mc_snapshot_refresh(
        const mc_snapshot *old, int32_t cluster, uint64_t now_ns, uint64_t seed, mc_snapshot **out,
        mc_error *error) nogil
    bint mc_snapshot_reads_clock(const mc_snapshot *snapshot)
    uint32_t mc_snapshot_makes_ids(const mc_snapshot *snapshot)
    bint mc_snapshot_reads_unix_time(const mc_snapshot *snapshot)
    const char *mc_snapshot_policy(const mc_snapshot *snapshot, int32_t cluster)
    mc_labels mc_cluster_subset(const mc_cluster *cluster, int32_t subset)
    mc_slice mc_cluster_address(const mc_cluster *cluster, int32_t endpoint)
