from libc.stdint cimport uint64_t

cdef uint64_t number_given(object value, str name, uint64_t most) except? 0
cdef uint64_t time_given(object now_ns) except? 0
cdef uint64_t unix_seconds_given(object unix_time) except? 0
