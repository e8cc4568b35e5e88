# What circuit breakers limit; and the limits of one cluster and priority by themselves.

from libc.stdint cimport uint32_t, uint64_t


cdef extern from "meshcore/circuit.h" nogil:
    ctypedef enum mc_routing_priority:
        MC_ROUTING_DEFAULT
        MC_ROUTING_HIGH

    enum:
        MC_ROUTING_PRIORITIES
        MC_RESOURCES

    ctypedef enum mc_resource:
        MC_RESOURCE_CONNECTIONS
        MC_RESOURCE_PENDING
        MC_RESOURCE_REQUESTS
        MC_RESOURCE_RETRIES

    ctypedef struct mc_thresholds:
        uint32_t max[4]
        uint32_t max_host_connections
        bint retry_budget
        double budget_percent
        uint32_t min_retry_concurrency

    ctypedef struct mc_usage:
        uint32_t limit
        uint32_t used
        uint64_t overflows

    ctypedef struct mc_breaker:
        pass

    mc_breaker *mc_breaker_new(const mc_thresholds *thresholds)
    void mc_breaker_free(mc_breaker *breaker)
    bint mc_breaker_take(mc_breaker *breaker, mc_resource resource)
    bint mc_breaker_give(mc_breaker *breaker, mc_resource resource)
    mc_usage mc_breaker_usage(const mc_breaker *breaker, mc_resource resource)
