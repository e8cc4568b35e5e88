# What outlives a configuration: state by cluster and address, which snapshots have in common.

from libc.stdint cimport uint8_t

from meshcore._core.shared cimport mc_shared


cdef extern from "meshcore/runtime.h" nogil:
    ctypedef struct mc_runtime:
        pass

    mc_runtime *mc_runtime_new()
    void mc_runtime_set_alone(mc_runtime *runtime)
    void mc_runtime_free(mc_runtime *runtime)
    void mc_runtime_lock(mc_runtime *runtime)
    void mc_runtime_unlock(mc_runtime *runtime)
    void mc_runtime_set_secret(mc_runtime *runtime, const uint8_t *secret)
    void mc_runtime_share(mc_runtime *runtime, mc_shared *shared)
    const char *mc_runtime_refusal(const mc_runtime *runtime)
