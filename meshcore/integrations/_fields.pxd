# Reading what servers and apps give: dicts of a few texts, which each of them makes alike every time.

from cpython.dict cimport PyDict_CheckExact
from cpython.object cimport PyObject
from libc.stdint cimport uint32_t

from meshcore._request cimport PyUnicode_1BYTE_DATA, PyUnicode_GET_LENGTH


cdef extern from "Python.h":
    PyObject *PyDict_GetItemWithError(object items, object key) except? NULL
    bint PyDict_Next(object items, Py_ssize_t *at, PyObject **key, PyObject **value) noexcept
    # What nearly always is, and what hardly ever is: the code of the one does not lie in the way of the other's. To be said
    # of each condition, not of what "and" and "or" make of some: the compiler would not see whose it is.
    bint likely(bint condition) noexcept
    bint unlikely(bint condition) noexcept


# In C where each module has a function of its own, which is not to be written out again wherever it is called: hardly any
# request finds the code that it needs at hand, and the less of it there is, the sooner it is there.
cdef extern from *:
    """
    typedef struct {
      PyObject *name;   /* interned */
      Py_ssize_t at;    /* where the dict had it that was looked at last */
      uint32_t misses;  /* how often it was not there */
    } mc_field;

    typedef struct {
      PyObject *latest;  /* the str that was found to be it last: of code that is run again it is the same object */
      PyObject *text;    /* ASCII */
    } mc_word;

    /* PyDict_Next gives what follows a place, and minds its bounds, wherever that is: a place is no more than a guess. */
    #ifdef __GNUC__
    __attribute__((noinline, unused))
    #endif
    static PyObject *mc_value_there(PyObject *items, const mc_field *field) {
      PyObject *key, *value;
      Py_ssize_t at = field->at;
      return PyDict_Next(items, &at, &key, &value) && key == field->name ? value : NULL;
    }
    """
    ctypedef struct Field "mc_field":
        PyObject *name
        Py_ssize_t at
        uint32_t misses

    ctypedef struct Word "mc_word":
        PyObject *latest
        PyObject *text

    PyObject *value_there "mc_value_there"(object items, const Field *field) noexcept


cdef Field field_of(str name) except *
cdef PyObject *looked_up(object items, Field *field) except? NULL


cdef inline PyObject *value_of(object items, Field *field) except? NULL:
    """The value in a dict, borrowed; NULL: it has none."""
    cdef PyObject *found = value_there(items, field)
    return looked_up(items, field) if unlikely(found == NULL) else found


cdef inline PyObject *must(object items, Field *field) except NULL:
    """The same of one that has to be there."""
    cdef PyObject *found = value_of(items, field)
    if unlikely(found == NULL):
        raise KeyError(<object> field.name)
    return found


cdef inline object given(dict items, Field *field):
    return <object> must(items, field)


cdef inline object given_or(dict items, Field *field, object otherwise):
    cdef PyObject *found = value_of(items, field)
    return otherwise if unlikely(found == NULL) else <object> found


cdef Word word_of(str text) except *
cdef bint is_spelt(PyObject *value, Word *word) noexcept


cdef inline bint is_word(PyObject *value, Word *word) noexcept:
    """Whether it is this str; False for a str of a class of its own, too."""
    return value == word.latest or is_spelt(value, word)
