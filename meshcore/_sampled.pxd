from meshcore.decision cimport Decision


cdef bint may_be_sampled(Decision decision) except -1
