"""Reading what servers and apps give."""

from cpython.ref cimport Py_INCREF, Py_XDECREF
from libc.string cimport memcmp

from meshcore._request cimport MC_LISTS_STAY, is_ascii

import sys

cdef enum:
    MISSES = 100  # then whoever makes the dicts has no place for it


cdef Field field_of(str name) except *:
    """One that holds the name for as long as the process lives."""
    cdef Field made
    name = sys.intern(name)
    Py_INCREF(name)
    made.name = <PyObject *> name
    made.at = made.misses = 0
    return made


cdef PyObject *looked_up(object items, Field *field) except? NULL:
    cdef PyObject *found = PyDict_GetItemWithError(items, <object> field.name)
    cdef PyObject *key
    cdef PyObject *value
    cdef Py_ssize_t at = 0, before = 0
    if found == NULL or field.misses > MISSES:
        return found
    field.misses += 1
    while PyDict_Next(items, &at, &key, &value):
        if key == field.name:
            field.at = before
            break
        before = at
    return found


cdef Word word_of(str text) except *:
    """One that holds the text for as long as the process lives."""
    cdef Word made
    Py_INCREF(text)
    made.text = <PyObject *> text
    made.latest = NULL
    return made


cdef bint is_spelt(PyObject *value, Word *word) noexcept:
    """Whether another object is this str; if so, it is asked for first from now on."""
    cdef PyObject *before = word.latest
    if (
        not is_ascii(<object> value)
        or PyUnicode_GET_LENGTH(<object> value) != PyUnicode_GET_LENGTH(<object> word.text)
        or memcmp(
            PyUnicode_1BYTE_DATA(<object> value), PyUnicode_1BYTE_DATA(<object> word.text),
            PyUnicode_GET_LENGTH(<object> word.text))
    ):
        return False
    if MC_LISTS_STAY:  # else another thread might forget the same one
        Py_INCREF(<object> value)
        word.latest = value
        Py_XDECREF(before)
    return True
