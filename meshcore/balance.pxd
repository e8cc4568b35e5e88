from meshcore._core cimport mc_balance_spec, mc_entropy, mc_picker
from libc.stdint cimport int32_t, uint64_t


cdef class Picker:
    cdef mc_picker *_picker
    cdef mc_entropy *_entropy
    cdef uint64_t _random
    cdef readonly tuple hosts
    cdef readonly tuple weights
    # A hash table of the hosts' numbers, -1: free.
    cdef int32_t *_table
    cdef size_t _mask

    cdef int _build(self, object hosts, object weights, const mc_balance_spec *balance, object seed) except -1
    cdef int _index(self) except -1
    cdef int32_t _number(self, object host) except -1
    cdef object _begin(self, int32_t number)
    cdef int32_t _done(self, object host) except -1
