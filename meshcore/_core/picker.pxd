# The balancer of one cluster by itself.

from libc.stdint cimport int32_t, uint32_t, uint64_t

from meshcore._core.base cimport c_bool, mc_error, mc_slice
from meshcore._core.cluster cimport mc_cluster_spec
from meshcore._core.report cimport mc_report


cdef extern from "meshcore/picker.h" nogil:
    ctypedef struct mc_picker:
        pass

    mc_picker *mc_picker_new(const mc_cluster_spec *spec, uint64_t seed, mc_error *error)
    void mc_picker_free(mc_picker *picker)
    int32_t mc_picker_pick(const mc_picker *picker, uint64_t seed, uint64_t now_ns)
    int32_t mc_picker_pick_key(const mc_picker *picker, mc_slice key)
    void mc_picker_pick_keys(const mc_picker *picker, const mc_slice *keys, uint32_t count, int32_t *hosts)
    void mc_picker_begin(mc_picker *picker, int32_t host)
    c_bool mc_picker_done(mc_picker *picker, int32_t host)
    uint32_t mc_picker_active(const mc_picker *picker, int32_t host)
    void mc_picker_report(mc_picker *picker, int32_t host, const mc_report *report)
