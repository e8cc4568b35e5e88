from libc.stdint cimport uint64_t

cdef int draw(object seed, uint64_t *out, int count) except -1
cdef object hex_text(uint64_t number)
cdef object long_hex_text(uint64_t high, uint64_t low)
cdef object uuid_text(const uint64_t *random)
