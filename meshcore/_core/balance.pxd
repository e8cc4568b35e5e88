# How a cluster chooses among its hosts.

from libc.stdint cimport uint32_t, uint64_t

from meshcore._core.base cimport mc_slice


cdef extern from "meshcore/balance.h" nogil:
    ctypedef enum mc_policy_kind:
        MC_POLICY_ROUND_ROBIN
        MC_POLICY_RANDOM
        MC_POLICY_RING_HASH
        MC_POLICY_MAGLEV
        MC_POLICY_WEIGHTED_RANDOM
        MC_POLICY_LEAST_REQUEST
        MC_POLICY_PEAK_EWMA
        MC_POLICY_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN

    ctypedef enum mc_hash_function:
        MC_XX_HASH
        MC_MURMUR_HASH_2

    ctypedef struct mc_hashing_spec:
        mc_hash_function function
        uint32_t minimum_ring_size
        uint32_t maximum_ring_size
        uint32_t table_size
        uint32_t balance_factor

    ctypedef struct mc_locality_name:
        mc_slice region
        mc_slice zone
        mc_slice sub_zone

    ctypedef struct mc_peers:
        mc_locality_name locality
        uint32_t hosts
        uint32_t healthy
        uint64_t healthy_weight

    ctypedef struct mc_zone_spec:
        mc_locality_name own
        const mc_peers *peers
        uint32_t peer_count
        uint32_t peer_hosts
        uint32_t usable_peers
        uint32_t routing_percent
        uint64_t min_cluster_size
        uint32_t force_minimum
        bint by_weight

    ctypedef struct mc_load_options:
        uint64_t slow_start_ns
        double slow_start_aggression
        double slow_start_least
        uint32_t choice_count
        bint full_scan
        double active_request_bias
        uint64_t decay_ns
        uint64_t default_latency_ns
        double penalty
        uint64_t blackout_ns
        uint64_t expiration_ns
        uint64_t update_ns
        double error_penalty

    ctypedef struct mc_balance_spec:
        mc_policy_kind policy
        uint32_t panic_percent
        uint32_t overprovisioning_percent
        bint weighted_priority_health
        bint fail_traffic_on_panic
        bint locality_weighted
        const mc_zone_spec *zone
        mc_hashing_spec hashing
        mc_load_options load
        uint64_t now_ns
