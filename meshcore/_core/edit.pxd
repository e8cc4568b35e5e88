# Formats, and edits of header lines.

from libc.stdint cimport int32_t, uint32_t

from meshcore._core.base cimport mc_slice


cdef extern from "meshcore/edit.h" nogil:
    ctypedef enum mc_format_op:
        MC_FORMAT_LITERAL
        MC_FORMAT_REQ
        MC_FORMAT_RESP
        MC_FORMAT_PROTOCOL
        MC_FORMAT_RESPONSE_CODE
        MC_FORMAT_RESPONSE_CODE_DETAILS
        MC_FORMAT_RESPONSE_FLAGS
        MC_FORMAT_ROUTE_NAME
        MC_FORMAT_UPSTREAM_CLUSTER
        MC_FORMAT_UPSTREAM_HOST
        MC_FORMAT_UPSTREAM_HOST_WITHOUT_PORT
        MC_FORMAT_REMOTE_ADDRESS
        MC_FORMAT_REMOTE_ADDRESS_WITHOUT_PORT
        MC_FORMAT_DIRECT_REMOTE_ADDRESS
        MC_FORMAT_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT
        MC_FORMAT_LOCAL_ADDRESS
        MC_FORMAT_LOCAL_ADDRESS_WITHOUT_PORT
        MC_FORMAT_LOCAL_PORT
        MC_FORMAT_BYTES_RECEIVED
        MC_FORMAT_ATTEMPT_COUNT
        MC_FORMAT_EMPTY
        MC_FORMAT_REQ_WITHOUT_QUERY
        MC_FORMAT_QUERY_PARAMETER
        MC_FORMAT_REMOTE_PORT
        MC_FORMAT_DIRECT_REMOTE_PORT
        MC_FORMAT_UPSTREAM_PORT
        MC_FORMAT_UPSTREAM_NAME
        MC_FORMAT_UPSTREAM_NAME_WITHOUT_PORT
        MC_FORMAT_RESPONSE_FLAGS_LONG
        MC_FORMAT_START_TIME

    ctypedef struct mc_format_segment:
        mc_format_op op
        mc_slice text
        mc_slice alternative
        int32_t max_length

    ctypedef struct mc_format_spec:
        const mc_format_segment *segments
        uint32_t count

    ctypedef enum mc_append_action:
        MC_APPEND_IF_EXISTS_OR_ADD
        MC_ADD_IF_ABSENT
        MC_OVERWRITE_IF_EXISTS_OR_ADD
        MC_OVERWRITE_IF_EXISTS

    ctypedef struct mc_header_value_spec:
        mc_slice name
        mc_format_spec value
        mc_append_action action
        bint keep_empty

    ctypedef struct mc_edits_spec:
        const mc_header_value_spec *request_add
        const mc_slice *request_remove
        const mc_header_value_spec *response_add
        const mc_slice *response_remove
        uint32_t request_add_count
        uint32_t request_remove_count
        uint32_t response_add_count
        uint32_t response_remove_count
