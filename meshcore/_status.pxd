from meshcore._snapshot cimport Snapshot

cdef list listeners_faults(Snapshot snapshot)
cdef list limits_counted(Snapshot snapshot)
cdef list clusters_standing(Snapshot snapshot, object checks, object shared_state)
