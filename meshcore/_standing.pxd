from libc.stdint cimport int32_t

from meshcore._core cimport *
from meshcore._snapshot cimport Snapshot


cdef bint take_words(Snapshot snapshot, Py_ssize_t number, object words) except -1
cdef bint take_words_back(Snapshot snapshot, Py_ssize_t number) except -1
cdef dict standing(Snapshot snapshot, int32_t number, int32_t endpoint)
cdef dict checks_of(object describe, str cluster, str endpoint)
