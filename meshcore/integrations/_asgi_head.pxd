from meshcore.decision cimport Decision


cdef enum:
    HEAD = 1  # of an answer
    LAST = 2  # its last part

cdef int kind_of(dict message) except -1
cdef dict head_of(Decision decision, dict message, bint edited, int *status)
