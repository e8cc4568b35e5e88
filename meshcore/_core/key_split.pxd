# Splits by key, without routes.

from libc.stdint cimport uint32_t, uint64_t

from meshcore._core.base cimport mc_error, mc_slice


cdef extern from "meshcore/key_split.h" nogil:
    ctypedef struct mc_key_split:
        pass

    mc_key_split *mc_key_split_new(const mc_slice *names, const uint32_t *weights, uint32_t count, mc_error *error)
    void mc_key_split_free(mc_key_split *split)
    uint32_t mc_key_split_pick(const mc_key_split *split, mc_slice key)
    uint32_t mc_key_split_draw(const mc_key_split *split, uint64_t random)
