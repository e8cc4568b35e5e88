# What the bindings share with the core beyond its public headers.

from libc.stdint cimport uint64_t

from meshcore._core.base cimport c_bool, mc_header
from meshcore._core.request cimport mc_view


cdef extern from "edit/view.h" nogil:
    c_bool mc_view_next(const mc_view *view, size_t *at, const mc_header **line)


cdef extern from "base/rng.h" nogil:
    uint64_t mc_mix64(uint64_t x)
