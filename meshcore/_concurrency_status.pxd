from meshcore._core cimport mc_concurrency_status
from meshcore._snapshot cimport Snapshot

cdef int add_concurrency(Snapshot snapshot, Py_ssize_t cluster, dict into) except -1
cdef list listeners_concurrency(Snapshot snapshot)
