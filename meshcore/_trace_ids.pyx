"""Ids of traces and requests: random numbers, and their texts."""

from libc.stdint cimport uint64_t

from meshcore._core cimport *
from meshcore._request cimport PyUnicode_1BYTE_DATA

from meshcore._hosts import checked_seed

cdef extern from "Python.h":
    object PyUnicode_New(Py_ssize_t size, Py_UCS4 maxchar)

cdef extern from "trace/hex.h" nogil:
    void mc_hex16_write(uint64_t number, char *out)

ids = mc_id_source_new()
if ids == NULL:
    raise MemoryError("no memory, or no random numbers, for ids of traces")


cdef int no_ids() except -1:
    raise OSError("the system has no random numbers to give")


cdef int draw_seeded(object seed, uint64_t *out, int count) except -1:
    cdef uint64_t state = checked_seed(seed)
    cdef int i
    for i in range(count):
        state += <uint64_t> 0x9E3779B97F4A7C15
        out[i] = mc_mix64(state)
    return 0


cdef object hex_text(uint64_t number):
    text = PyUnicode_New(16, 127)
    mc_hex16_write(number, <char *> PyUnicode_1BYTE_DATA(text))
    return text


cdef object long_hex_text(uint64_t high, uint64_t low):
    text = PyUnicode_New(32, 127)
    mc_hex16_write(high, <char *> PyUnicode_1BYTE_DATA(text))
    mc_hex16_write(low, <char *> PyUnicode_1BYTE_DATA(text) + 16)
    return text


cdef object uuid_text(const uint64_t *random):
    text = PyUnicode_New(MC_UUID_TEXT, 127)
    mc_uuid_write(random, <char *> PyUnicode_1BYTE_DATA(text))
    return text
