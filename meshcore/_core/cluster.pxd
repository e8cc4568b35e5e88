# Clusters: endpoints, localities, and all that a configuration says of both.

from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t

from meshcore._core.balance cimport mc_balance_spec
from meshcore._core.base cimport mc_label, mc_names, mc_slice
from meshcore._core.circuit cimport mc_thresholds
from meshcore._core.concurrency cimport mc_concurrency_spec
from meshcore._core.outlier cimport mc_outlier_spec
from meshcore._core.subset cimport mc_subsets_spec


cdef extern from "meshcore/cluster.h" nogil:
    ctypedef enum mc_health:
        MC_HEALTHY
        MC_DEGRADED
        MC_UNHEALTHY
        MC_DRAINING

    enum mc_failing:
        MC_FAILING_USER
        MC_FAILING_EJECTED
        MC_FAILING_HEALTH_CHECK

    enum:
        MC_STATUS_UNKNOWN
        MC_STATUS_HEALTHY
        MC_STATUS_UNHEALTHY
        MC_STATUS_DRAINING
        MC_STATUS_TIMEOUT
        MC_STATUS_DEGRADED

    ctypedef struct mc_endpoint_spec:
        mc_slice address
        mc_slice hostname
        mc_slice hash_key
        mc_health health
        uint8_t status
        mc_health unchecked
        uint32_t weight
        uint32_t locality
        const mc_label *labels
        uint32_t label_count

    ctypedef struct mc_locality_spec:
        mc_slice region
        mc_slice zone
        mc_slice sub_zone
        uint32_t priority
        uint32_t weight

    ctypedef struct mc_cluster_spec:
        mc_slice name
        mc_balance_spec balance
        const mc_endpoint_spec *endpoints
        uint32_t endpoint_count
        const mc_locality_spec *localities
        uint32_t locality_count
        const mc_subsets_spec *subsets
        const mc_thresholds *thresholds
        uint8_t session_statuses
        uint32_t drop_millionths
        mc_names override_headers
        const mc_outlier_spec *outlier
        const mc_concurrency_spec *concurrency
        uint64_t merge_window_ns
        int32_t keep
