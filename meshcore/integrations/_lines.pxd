# Names and values of header lines, as the core has them. Inline: every request passes here.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from libc.string cimport memcmp

from meshcore._core cimport mc_slice


cdef inline bint is_host(mc_slice name) noexcept:
    return name.size == 4 and not memcmp(name.data, b"host", 4)


cdef inline bint same(PyObject *text, mc_slice other) noexcept:
    return (
        <size_t> PyBytes_GET_SIZE(<object> text) == other.size
        and not memcmp(PyBytes_AS_STRING(<object> text), other.data, other.size)
    )


cdef inline bytes bytes_of(mc_slice text):
    return PyBytes_FromStringAndSize(text.data, <Py_ssize_t> text.size)
