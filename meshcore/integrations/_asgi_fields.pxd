# Reading what servers and apps give: dicts of a few texts, which each of them makes alike every time. Inline: every
# request passes here.

from cpython.dict cimport PyDict_CheckExact
from cpython.object cimport PyObject
from libc.stdint cimport uint32_t
from libc.string cimport memcmp


cdef extern from "Python.h":
    PyObject *PyDict_GetItemWithError(object items, object key) except? NULL
    bint PyUnicode_CheckExact(object value)
    bint PyUnicode_IS_COMPACT_ASCII(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    void *PyUnicode_1BYTE_DATA(object text)
    bint PyDict_Next(object items, Py_ssize_t *at, PyObject **key, PyObject **value) noexcept


cdef struct Field:
    PyObject *name    # interned
    Py_ssize_t at     # where the dict had it that was looked at last
    uint32_t misses   # how often it was not there


cdef Field *field_of(str name) except NULL
cdef PyObject *looked_up(object items, Field *field) except? NULL


cdef inline PyObject *value_of(object items, Field *field) except? NULL:
    """The value in a dict, borrowed; NULL: it has none.

    PyDict_Next gives what follows a place, and minds its bounds, wherever that is: a place is no more than a guess.
    """
    cdef PyObject *key
    cdef PyObject *value
    cdef Py_ssize_t at = field.at
    if PyDict_Next(items, &at, &key, &value) and key == field.name:
        return value
    return looked_up(items, field)


cdef inline bint is_text(object value, const char *text, Py_ssize_t size) noexcept:
    """Whether it is this str of ASCII; False for a str of a class of its own, too."""
    return (
        PyUnicode_CheckExact(value)
        and PyUnicode_IS_COMPACT_ASCII(value)
        and PyUnicode_GET_LENGTH(value) == size
        and not memcmp(PyUnicode_1BYTE_DATA(value), text, size)
    )
