# Taking Python's texts and header lines as the core's slices. Inline: every decision passes here.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE

from meshcore._core cimport mc_header, mc_slice


cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    bint PyUnicode_CheckExact(object value)
    bint PyUnicode_IS_COMPACT_ASCII(object text)
    void *PyUnicode_1BYTE_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    tuple PyList_AsTuple(object items)
    bint PyList_CheckExact(object value)


cdef inline int take(object value, mc_slice *out) except -1:
    """A str (as UTF-8) or bytes, in place: the object must outlive the slice.

    Raises UnicodeEncodeError for a str with surrogates (see as_bytes), TypeError for other types.
    """
    cdef Py_ssize_t size = 0
    if PyUnicode_CheckExact(value) and PyUnicode_IS_COMPACT_ASCII(value):
        out.data = <const char *> PyUnicode_1BYTE_DATA(value)
        out.size = <size_t> PyUnicode_GET_LENGTH(value)
    elif isinstance(value, bytes):
        out.data = PyBytes_AS_STRING(value)
        out.size = <size_t> PyBytes_GET_SIZE(value)
    elif isinstance(value, str):
        out.data = PyUnicode_AsUTF8AndSize(value, &size)
        out.size = <size_t> size
    else:
        raise TypeError(f"expected str or bytes, not {type(value).__name__}")
    return 0


cdef inline int take_pairs(tuple pairs, mc_header *out) except -1:
    """Pairs of str or bytes into as many headers. 1: not all pairs are tuples (see as_tuples)."""
    cdef Py_ssize_t i
    cdef PyObject *pair  # borrowed, as what it holds: pairs holds all of it
    cdef PyObject *name
    cdef PyObject *value
    for i in range(PyTuple_GET_SIZE(pairs)):
        pair = PyTuple_GET_ITEM(pairs, i)
        if not PyTuple_CheckExact(<object> pair):
            return 1
        if PyTuple_GET_SIZE(<object> pair) != 2:
            raise ValueError(f"a header line is a pair of name and value, not {<object> pair!r}")
        name = PyTuple_GET_ITEM(<object> pair, 0)
        value = PyTuple_GET_ITEM(<object> pair, 1)
        if PyBytes_CheckExact(<object> name) and PyBytes_CheckExact(<object> value):
            out[i].name.data = PyBytes_AS_STRING(<object> name)
            out[i].name.size = <size_t> PyBytes_GET_SIZE(<object> name)
            out[i].value.data = PyBytes_AS_STRING(<object> value)
            out[i].value.size = <size_t> PyBytes_GET_SIZE(<object> value)
        else:
            take(<object> name, &out[i].name)
            take(<object> value, &out[i].value)
    return 0


cdef inline tuple as_lines(object headers):
    """Header lines in any of the shapes that users have, as a tuple of what they are pairs of."""
    if PyList_CheckExact(headers):
        return PyList_AsTuple(headers)
    if PyTuple_CheckExact(headers):
        return headers
    return pairs_of_object(headers)


cdef inline tuple as_pairs(object headers):
    """The same, as a tuple of tuples that nobody can change."""
    return as_tuples(as_lines(headers))


cdef inline tuple as_tuples(tuple pairs):
    cdef Py_ssize_t i
    for i in range(PyTuple_GET_SIZE(pairs)):
        if not PyTuple_CheckExact(<object> PyTuple_GET_ITEM(pairs, i)):
            return tuple([tuple(one) for one in pairs])
    return pairs


cdef inline tuple pairs_of_object(object headers):
    if type(headers) is not dict:
        # httpx and Starlette keep the lines as they came; their items() join or fold them.
        raw = getattr(headers, "raw", None)
        if isinstance(raw, (list, tuple)):
            return tuple(raw)
    items = getattr(headers, "items", None)
    return tuple(headers if items is None else items())


cdef inline object as_bytes(object value):
    """bytes of what may be a str with surrogates: those of undecodable bytes become the bytes again."""
    if isinstance(value, str):
        try:
            return value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            return value.encode("utf-8", "surrogatepass")
    return value


cdef inline tuple pairs_as_bytes(tuple pairs):
    return tuple([(as_bytes(name), as_bytes(value)) for name, value in pairs])


cdef inline str text_of(mc_slice slice):
    return slice.data[: slice.size].decode("utf-8", "surrogateescape")
