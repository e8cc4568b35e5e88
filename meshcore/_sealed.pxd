cdef int seal(type kind, str who) except -1
