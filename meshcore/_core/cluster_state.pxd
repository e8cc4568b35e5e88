# What a snapshot's clusters and their endpoints have come to, and what is said of them: health, ejections,
# loads, what circuit breakers and adaptive concurrency count.

from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t

from meshcore._core.base cimport c_bool, mc_code
from meshcore._core.circuit cimport mc_resource, mc_routing_priority, mc_usage
from meshcore._core.cluster cimport mc_health
from meshcore._core.concurrency cimport mc_concurrency_status
from meshcore._core.outlier cimport mc_outlier_counts, mc_outlier_status
from meshcore._core.report cimport mc_report, mc_result
from meshcore._core.snapshot cimport mc_snapshot


cdef extern from "meshcore/cluster_state.h" nogil:
    void mc_snapshot_set_health(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, c_bool healthy)
    uint32_t mc_snapshot_drain(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, c_bool draining)
    c_bool mc_snapshot_check(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, mc_health health)
    mc_health mc_snapshot_health(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint)
    uint32_t mc_snapshot_failing(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint)
    c_bool mc_snapshot_has_traffic(const mc_snapshot *snapshot, int32_t cluster)
    c_bool mc_snapshot_detects(const mc_snapshot *snapshot, int32_t cluster)
    mc_outlier_status mc_snapshot_outlier(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint,
                                          uint64_t now_ns)
    mc_outlier_counts mc_snapshot_outliers(const mc_snapshot *snapshot, int32_t cluster)
    void mc_snapshot_check_passed(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, uint64_t now_ns)
    void mc_snapshot_sweep(const mc_snapshot *snapshot, int32_t cluster, uint64_t now_ns)
    uint32_t mc_snapshot_active(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint)
    bint mc_snapshot_learns(const mc_snapshot *snapshot, int32_t cluster)
    void mc_snapshot_report(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, const mc_report *report)
    uint8_t mc_snapshot_take(
        const mc_snapshot *snapshot, int32_t cluster, mc_routing_priority priority, mc_resource resource)
    void mc_snapshot_give(
        const mc_snapshot *snapshot, int32_t cluster, mc_routing_priority priority, mc_resource resource,
        uint8_t holder)
    uint8_t mc_snapshot_take_connection(
        const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, mc_routing_priority priority)
    void mc_snapshot_give_connection(
        const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, mc_routing_priority priority, uint8_t holder)
    mc_usage mc_snapshot_usage(
        const mc_snapshot *snapshot, int32_t cluster, mc_routing_priority priority, mc_resource resource)
    bint mc_snapshot_concurrency(
        const mc_snapshot *snapshot, int32_t cluster, uint64_t now_ns, mc_concurrency_status *status)
    uint32_t mc_snapshot_connections(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint)

    ctypedef struct mc_pick_terms:
        uint64_t seed
        uint64_t now_ns
        bint stale

    ctypedef struct mc_picked:
        int32_t endpoint
        uint32_t flag
        uint8_t holder

    mc_code mc_snapshot_pick(const mc_snapshot *snapshot, int32_t cluster, const mc_pick_terms *terms, mc_picked *picked)
    c_bool mc_snapshot_detect(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, const mc_result *result)
    void mc_snapshot_done(const mc_snapshot *snapshot, int32_t cluster, const mc_picked *picked)
