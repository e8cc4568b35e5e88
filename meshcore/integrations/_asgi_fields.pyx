"""Reading what servers and apps give."""

from cpython.ref cimport Py_INCREF
from libc.stdlib cimport calloc

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
