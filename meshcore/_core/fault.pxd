# Faults that are injected.

from libc.stdint cimport uint32_t, uint64_t

from meshcore._core.base cimport mc_fraction, mc_names, mc_number, mc_slice
from meshcore._core.match cimport mc_header_match_spec


cdef extern from "meshcore/fault.h" nogil:
    ctypedef struct mc_fault_override:
        mc_fraction delay
        mc_fraction abort
        mc_fraction rate
        mc_number delay_ms
        mc_number http_status
        mc_number grpc_status

    ctypedef struct mc_fault_downstream:
        mc_slice cluster
        mc_fault_override override

    ctypedef struct mc_fault_part_spec:
        bint given
        bint by_header
        mc_fraction share
        uint64_t value

    ctypedef struct mc_fault_spec:
        mc_fault_part_spec delay
        mc_fault_part_spec abort
        mc_fault_part_spec rate
        bint abort_is_grpc
        mc_slice upstream_cluster
        const mc_header_match_spec *headers
        uint32_t header_count
        mc_names downstream_nodes
        mc_number max_active
        mc_fault_override runtime
        const mc_fault_downstream *downstreams
        uint32_t downstream_count
