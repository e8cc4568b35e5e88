from meshcore._snapshot cimport Snapshot


cdef object connection_of(Snapshot snapshot, object cluster, object endpoint, object priority)
cdef object pending_of(Snapshot snapshot, object cluster, object priority)
cdef dict breakers_of(Snapshot snapshot, Py_ssize_t cluster)
