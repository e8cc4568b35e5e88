from libc.stdint cimport uint64_t

from meshcore._core cimport mc_outlier_status
from meshcore._snapshot cimport Snapshot

cdef object host_status(str host, const mc_outlier_status *status)
cdef list ejections_of(Snapshot snapshot, Py_ssize_t cluster, uint64_t now_ns)
cdef int add_ejections(Snapshot snapshot, Py_ssize_t cluster, dict into) except -1
cdef tuple ejections_since(Snapshot snapshot, Py_ssize_t cluster, dict told, uint64_t now_ns)
