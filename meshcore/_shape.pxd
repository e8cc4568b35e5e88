from libc.stdint cimport uint32_t

from meshcore._core cimport mc_header_line


cdef list text_pairs(object pairs)
cdef object shaped(object given, tuple pairs, const mc_header_line *lines, uint32_t count)
