cdef int name_mistakes(type kind) except -1
