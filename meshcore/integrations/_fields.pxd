# Reading what servers and apps give: dicts of a few texts, which each of them makes alike every time. Inline: every
# request passes here.

from cpython.dict cimport PyDict_CheckExact
from cpython.object cimport PyObject
from libc.stdint cimport uint32_t
from libc.string cimport memcmp

from meshcore._request cimport PyUnicode_1BYTE_DATA, PyUnicode_GET_LENGTH, is_ascii


cdef extern from "Python.h":
    PyObject *PyDict_GetItemWithError(object items, object key) except? NULL
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


cdef inline object given(dict items, Field *field):
    cdef PyObject *found = value_of(items, field)
    if found == NULL:
        raise KeyError(<object> field.name)
    return <object> found


cdef inline object given_or(dict items, Field *field, object otherwise):
    cdef PyObject *found = value_of(items, field)
    return otherwise if found == NULL else <object> found


cdef struct Word:
    const char *text  # ASCII
    Py_ssize_t size
    PyObject *latest  # the str that was found to be it last: of code that is run again it is the same object


cdef Word *word_of(str text) except NULL
cdef void remember(Word *word, PyObject *value) noexcept


cdef inline bint is_word(PyObject *value, Word *word) noexcept:
    """Whether it is this str; False for a str of a class of its own, too."""
    if value == word.latest:
        return True
    if (
        is_ascii(<object> value)
        and PyUnicode_GET_LENGTH(<object> value) == word.size
        and not memcmp(PyUnicode_1BYTE_DATA(<object> value), word.text, word.size)
    ):
        remember(word, value)
        return True
    return False
