from meshcore.decision cimport Decision


# As Decision.report() does. headers: a list or a tuple.
cdef int tell(Decision decision, object status, object headers) except -1
cdef bint stays(Decision decision, object headers) noexcept
