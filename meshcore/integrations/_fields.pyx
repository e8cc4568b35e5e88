"""Reading what servers and apps give."""

from cpython.ref cimport Py_INCREF, Py_XDECREF
from libc.stdlib cimport calloc

from meshcore._request cimport MC_LISTS_STAY

import sys

cdef enum:
    MISSES = 100  # then whoever makes the dicts has no place for it


cdef Field *field_of(str name) except NULL:
    """It lives as long as the process."""
    cdef Field *made = <Field *> calloc(1, sizeof(Field))
    if made == NULL:
        raise MemoryError
    name = sys.intern(name)
    Py_INCREF(name)
    made.name = <PyObject *> name
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


cdef Word *word_of(str text) except NULL:
    """It lives as long as the process."""
    cdef Word *made = <Word *> calloc(1, sizeof(Word))
    if made == NULL:
        raise MemoryError
    Py_INCREF(text)
    made.text = <const char *> PyUnicode_1BYTE_DATA(text)
    made.size = PyUnicode_GET_LENGTH(text)
    return made


cdef void remember(Word *word, PyObject *value) noexcept:
    cdef PyObject *before = word.latest
    if MC_LISTS_STAY:  # else another thread might forget the same one
        Py_INCREF(<object> value)
        word.latest = value
        Py_XDECREF(before)
