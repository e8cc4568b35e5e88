# A request and its one view.

from libc.stdint cimport uint16_t, uint32_t, uint64_t

from meshcore._core.base cimport c_bool, mc_header, mc_slice


cdef extern from "meshcore/request.h" nogil:
    mc_slice mc_peer_address(mc_slice text)

    ctypedef struct mc_request:
        mc_slice method
        mc_slice authority
        mc_slice target
        mc_slice scheme
        mc_slice protocol
        mc_slice source
        uint16_t source_port
        mc_slice local
        uint16_t port
        const mc_header *headers
        uint32_t header_count
        uint64_t now_ns
        uint64_t unix_ns
        uint64_t seed
        const uint64_t *ids
        c_bool stale
        c_bool inbound
        const unsigned char *served

    enum:
        MC_REQUEST_IDS

    ctypedef struct mc_view:
        mc_slice method
        mc_slice scheme
        mc_slice authority
        mc_slice target
        mc_slice path
        mc_slice query
        const mc_header *headers
        uint32_t header_count
        mc_slice protocol
        mc_slice source
        uint32_t added_count
        const mc_header *added
        uint64_t hidden[2]

    void mc_view_split(mc_view *view)
