from meshcore._serving cimport Serving


cdef object pick_of(Serving serving, object cluster, object seed, object now_ns)
