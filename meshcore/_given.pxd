from libc.stdint cimport uint64_t

cdef uint64_t number_given(object value, str name, uint64_t most) except? 0
cdef uint64_t time_given(object now_ns) except? 0
cdef uint64_t unix_ns_given(object unix_time) except? 0
cdef uint64_t seed_given(object seed) except? 0
cdef int text_given(str name, object value, bint or_none=*) except -1
cdef int line_given(object name, object value) except -1
cdef tuple pair_given(object pair)
cdef object lines_given(object headers)
