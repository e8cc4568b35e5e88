from meshcore._core cimport mc_labels, mc_said, mc_slice


cdef class Specs:
    cdef list _alive
    cdef list _blocks
    cdef char *_free
    cdef size_t _left
    cdef bint reads_unix_time  # some format of it tells the time of day

    cdef void *array(self, size_t count, size_t size) except NULL
    cdef int clear(self) except -1
    cdef mc_slice text(self, object value) except *
    cdef mc_slice optional(self, object value) except *
    cdef const mc_slice *names(self, tuple names) except NULL
    cdef mc_labels labels(self, object metadata) except *


cdef object label_text(object value)
cdef mc_said said(object value)
