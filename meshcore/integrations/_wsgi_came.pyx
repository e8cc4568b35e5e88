"""WSGI's environ (PEP 3333): what of it is decided on."""

from urllib.parse import quote

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from cpython.tuple cimport PyTuple_GET_ITEM
from libc.string cimport memcmp

from meshcore._request cimport MC_LISTS_STAY, PyUnicode_1BYTE_DATA, PyUnicode_GET_LENGTH, is_ascii
from meshcore.integrations._fields cimport Field, PyDict_Next, field_of, value_of

from meshcore.integrations._inbound import MARK

__all__ = ["header_lines", "target_of"]


cdef extern from "Python.h":
    bytes PyUnicode_AsLatin1String(object text)
    Py_ssize_t PyUnicode_Tailmatch(object text, object part, Py_ssize_t start, Py_ssize_t end, int direction) except -1

cdef enum:
    PLACES = 512      # for headers that are remembered; clients may make up any number
    VALUE_KEPT = 128  # bytes

cdef Field RAW_URI = field_of("RAW_URI")
cdef Field REQUEST_URI = field_of("REQUEST_URI")
#: Those of which each client has its own: they are not looked for again.
cdef tuple OWN_TO_CLIENTS = (b"authorization", b"cookie", b"proxy-authorization")


# ------------------------------------------------------------------ names

@cython.final
cdef class Header:
    cdef tuple with_value(self, object value):
        cdef tuple line = self._line
        if line is not None and is_same(value, <object> PyTuple_GET_ITEM(line, 1)):
            return line
        line = (self.name, PyUnicode_AsLatin1String(value))
        if self._keeps and PyBytes_GET_SIZE(line[1]) <= VALUE_KEPT:
            self._line = line
        return line


cdef inline bint is_same(object text, object other) noexcept:
    """Whether a text is these bytes; False, too, where it is not of ASCII."""
    return (
        is_ascii(text)
        and PyUnicode_GET_LENGTH(text) == PyBytes_GET_SIZE(other)
        and not memcmp(PyUnicode_1BYTE_DATA(text), PyBytes_AS_STRING(other), <size_t> PyBytes_GET_SIZE(other))
    )


cdef inline bint begins(object text, const char *by, Py_ssize_t size) noexcept:
    return PyUnicode_GET_LENGTH(text) >= size and not memcmp(PyUnicode_1BYTE_DATA(text), by, size)


#: Headers by their keys' hashes, each in one of two places: the one that its hash names, and its neighbour.
cdef PyObject *places[PLACES]


cdef Header header_of(str key):
    cdef size_t at = <size_t> hash(key) % PLACES
    cdef PyObject *found = places[at]
    if found != NULL and is_key(<Header> found, key):
        return <Header> found
    found = places[at ^ 1]
    if found != NULL and is_key(<Header> found, key):
        return <Header> found
    return remembered(header_made(key), at)


cdef inline bint is_key(Header header, str key):
    if header._key is key:
        return True
    return (
        is_ascii(key)
        and is_ascii(header._key)
        and PyUnicode_GET_LENGTH(key) == PyUnicode_GET_LENGTH(header._key)
        and begins(key, <const char *> PyUnicode_1BYTE_DATA(header._key), PyUnicode_GET_LENGTH(header._key))
    )


cdef Header header_made(str key):
    cdef Header made = Header.__new__(Header)
    made._key = key
    # What CGI has variables of its own for: under these names come headers that are spelt with underscores.
    if key not in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
        made.name = key.removeprefix("HTTP_").replace("_", "-").lower().encode("latin-1")
    made._keeps = MC_LISTS_STAY and made.name not in OWN_TO_CLIENTS
    made.marks = made.name == <bytes> MARK.encode()
    return made


cdef Header remembered(Header made, size_t at):
    """Put it where it will be looked for, in place of what has been there longest."""
    if MC_LISTS_STAY:
        Py_XDECREF(places[at ^ 1])
        places[at ^ 1] = places[at]
        Py_INCREF(made)
        places[at] = <PyObject *> made
    return made


cdef Header TYPE = header_made("CONTENT_TYPE")
cdef Header LENGTH = header_made("CONTENT_LENGTH")


# ------------------------------------------------------------------ lines and target

cdef bint is_header(object key) noexcept:
    if is_ascii(key):
        return begins(key, b"HTTP_", 5)
    return isinstance(key, str) and PyUnicode_Tailmatch(key, "HTTP_", 0, 5, -1) == 1


def header_lines(environ):
    cdef Came came
    return lines_in(dict(environ), &came)


def target_of(environ):
    return target_in(dict(environ))


cdef list lines_in(dict environ, Came *came):
    cdef PyObject *key
    cdef PyObject *value
    cdef PyObject *kind = NULL
    cdef PyObject *length = NULL
    cdef Py_ssize_t at = 0
    cdef Header header
    cdef list lines = []
    came.marked = came.spelt = False
    while PyDict_Next(environ, &at, &key, &value):
        if is_header(<object> key):
            header = header_of(<str> key)
            if header.name is None:
                came.spelt = True
            else:
                came.marked |= header.marks
                lines.append(header.with_value(<object> value))
        elif is_ascii(<object> key) and begins(<object> key, b"CONTENT_", 8):
            if <str> key == "CONTENT_TYPE":
                kind = value
            elif <str> key == "CONTENT_LENGTH":
                length = value
    if kind != NULL and <object> kind:
        lines.append(TYPE.with_value(<object> kind))
    if length != NULL and <object> length:
        lines.append(LENGTH.with_value(<object> length))
    return lines


cdef object target_in(dict environ):
    cdef PyObject *found = value_of(environ, &RAW_URI)
    if found == NULL or not <object> found:
        found = value_of(environ, &REQUEST_URI)
    if found == NULL or not <object> found:
        return target_made(environ)
    raw = <object> found
    if is_ascii(raw):
        return raw
    return PyUnicode_AsLatin1String(raw)


cdef object target_made(dict environ):
    path = quote(PyUnicode_AsLatin1String(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")))
    query = environ.get("QUERY_STRING")
    return PyUnicode_AsLatin1String(f"{path}?{query}") if query else path
