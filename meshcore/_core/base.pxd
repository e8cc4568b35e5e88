# What everything else is made of: texts and answers of calls, header lines, labels, numbers that may be left
# out, memory for the time of a request.

from libc.stdint cimport uint32_t, uint64_t


cdef extern from "stdbool.h" nogil:
    ctypedef bint c_bool "bool"


cdef extern from "meshcore/base.h" nogil:
    ctypedef struct mc_slice:
        const char *data
        size_t size

    ctypedef enum mc_code:
        MC_OK
        MC_NO_MEMORY
        MC_INVALID
        MC_LIMIT
        MC_STALE

    ctypedef struct mc_error:
        mc_code code
        size_t position
        char message[256]

    ctypedef struct mc_header:
        mc_slice name
        mc_slice value

    ctypedef struct mc_label:
        mc_slice key
        mc_slice value

    ctypedef struct mc_labels:
        const mc_label *at
        uint32_t count

    ctypedef struct mc_names:
        const mc_slice *at
        uint32_t count

    ctypedef enum mc_said:
        MC_UNSAID
        MC_SAID_NO
        MC_SAID_YES

    ctypedef struct mc_fraction:
        uint32_t numerator
        uint32_t denominator

    ctypedef struct mc_number:
        bint said
        uint64_t value

    ctypedef struct mc_scratch:
        char *at
        char *end
        void *chunks

    void mc_scratch_init(mc_scratch *scratch)
    void mc_scratch_reset(mc_scratch *scratch)
