# Taking Python's texts and header lines as the core's slices. Inline: every decision passes here.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from libc.stdint cimport uint64_t
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE

from meshcore._core cimport mc_header, mc_slice
from meshcore._given cimport line_given, lines_given, pair_given


cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    bint PyUnicode_CheckExact(object value)
    bint PyUnicode_IS_COMPACT_ASCII(object text)
    void *PyUnicode_1BYTE_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    tuple PyList_AsTuple(object items)
    bint PyList_CheckExact(object value)
    Py_ssize_t PyList_GET_SIZE(object items)
    PyObject *PyList_GET_ITEM(object items, Py_ssize_t i)


cdef extern from *:
    """
    #ifdef Py_GIL_DISABLED
    #define MC_LISTS_STAY 0   /* another thread may change a list while it is read */
    #else
    #define MC_LISTS_STAY 1
    #endif
    """
    const bint MC_LISTS_STAY


cdef extern from *:
    """
    #define mc_text_taken(text, out)                                                             \\
      (PyBytes_CheckExact(text)                                                                  \\
           ? ((out)->data = PyBytes_AS_STRING(text), (out)->size = (size_t)PyBytes_GET_SIZE(text), 1) \\
       : PyUnicode_CheckExact(text) && PyUnicode_IS_COMPACT_ASCII(text)                          \\
           ? ((out)->data = (const char *)PyUnicode_1BYTE_DATA(text),                            \\
              (out)->size = (size_t)PyUnicode_GET_LENGTH(text), 1)                               \\
           : 0)

    /* In C, since it is the loop that costs most of what is not the core's: every line of every request passes here. */
    static inline int mc_take_list(PyObject *list, mc_header *out, PyObject **held) {
      const Py_ssize_t count = PyList_GET_SIZE(list);
      PyObject **const items = ((PyListObject *)list)->ob_item;
      for (Py_ssize_t i = 0; i < count; i++, out++) {
        PyObject *const pair = items[i];
        if (!PyTuple_CheckExact(pair) || PyTuple_GET_SIZE(pair) != 2) goto others;
        PyObject *const name = PyTuple_GET_ITEM(pair, 0), *const value = PyTuple_GET_ITEM(pair, 1);
        if (PyBytes_CheckExact(name) && PyBytes_CheckExact(value)) { /* as ASGI has them */
          out->name.data = PyBytes_AS_STRING(name);
          out->name.size = (size_t)PyBytes_GET_SIZE(name);
          out->value.data = PyBytes_AS_STRING(value);
          out->value.size = (size_t)PyBytes_GET_SIZE(value);
        } else if (!mc_text_taken(name, &out->name) || !mc_text_taken(value, &out->value)) {
          goto others;
        }
        Py_INCREF(pair);
        held[i] = pair;
        continue;
      others:
        while (i > 0) Py_DECREF(held[--i]); /* none is the last reference: the list has another one */
        return 0;
      }
      return 1;
    }
    """
    # A list of pairs as take_plain_pair has them into as many headers; *held* gets a reference to each pair. False:
    # not all of them are such pairs, and nothing is held.
    bint mc_take_list(PyObject *items, mc_header *out, PyObject **held) noexcept


cdef inline bint is_ascii(object text) noexcept:
    """A str that is read in place, as nearly all are."""
    return PyUnicode_CheckExact(text) and PyUnicode_IS_COMPACT_ASCII(text)


cdef inline bint take_plain(PyObject *text, mc_slice *out) noexcept:
    """bytes or an ASCII str, in place, as nearly all texts are; False for anything else."""
    if PyBytes_CheckExact(<object> text):
        out.data = PyBytes_AS_STRING(<object> text)
        out.size = <size_t> PyBytes_GET_SIZE(<object> text)
        return True
    if is_ascii(<object> text):
        out.data = <const char *> PyUnicode_1BYTE_DATA(<object> text)
        out.size = <size_t> PyUnicode_GET_LENGTH(<object> text)
        return True
    return False


cdef inline bint take_plain_pair(PyObject *pair, mc_header *out) noexcept:
    """A tuple of name and value, both as take_plain has them."""
    return (
        PyTuple_CheckExact(<object> pair)
        and PyTuple_GET_SIZE(<object> pair) == 2
        and take_plain(PyTuple_GET_ITEM(<object> pair, 0), &out.name)
        and take_plain(PyTuple_GET_ITEM(<object> pair, 1), &out.value)
    )


cdef inline int take(object value, mc_slice *out) except -1:
    """A str (as UTF-8) or bytes, in place: the object must outlive the slice.

    Raises UnicodeEncodeError for a str with surrogates (see as_bytes), TypeError for other types.
    """
    cdef Py_ssize_t size = 0
    if take_plain(<PyObject *> value, out):
        return 0
    if isinstance(value, bytes):
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
    for i in range(PyTuple_GET_SIZE(pairs)):
        pair = PyTuple_GET_ITEM(pairs, i)
        if not PyTuple_CheckExact(<object> pair):
            return 1
        if PyTuple_GET_SIZE(<object> pair) != 2:
            raise ValueError(f"a header line is a pair of name and value, not {<object> pair!r}")
        line_given(<object> PyTuple_GET_ITEM(<object> pair, 0), <object> PyTuple_GET_ITEM(<object> pair, 1))
        take(<object> PyTuple_GET_ITEM(<object> pair, 0), &out[i].name)
        take(<object> PyTuple_GET_ITEM(<object> pair, 1), &out[i].value)
    return 0


cdef inline bint take_plain_pairs(tuple pairs, mc_header *out) noexcept:
    """The same, which cannot fail; False where it takes take_pairs: not all is as take_plain has it."""
    cdef Py_ssize_t i
    for i in range(PyTuple_GET_SIZE(pairs)):  # borrowed: pairs holds them
        if not take_plain_pair(PyTuple_GET_ITEM(pairs, i), &out[i]):
            return False
    return True


cdef inline bint has_names(object headers, uint64_t sizes) noexcept:
    """Whether a name of these sizes (as mc_decision_answer_names has them) is among the lines, which nothing is made
    of. True also where that takes more than a look: of other shapes than those of ASGI and http.client."""
    cdef Py_ssize_t i, count
    cdef mc_slice name
    cdef PyObject *pair  # borrowed: nothing runs here that could let go of it
    cdef bint is_list = MC_LISTS_STAY and PyList_CheckExact(headers)
    if is_list:
        count = PyList_GET_SIZE(headers)
    elif PyTuple_CheckExact(headers):
        count = PyTuple_GET_SIZE(headers)
    else:
        return True
    for i in range(count):
        pair = PyList_GET_ITEM(headers, i) if is_list else PyTuple_GET_ITEM(headers, i)
        if not PyTuple_CheckExact(<object> pair) or PyTuple_GET_SIZE(<object> pair) != 2:
            return True
        if not take_plain(PyTuple_GET_ITEM(<object> pair, 0), &name):
            return True
        if sizes >> (name.size if name.size < 63 else 63) & 1:
            return True
    return False


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
            return tuple([pair_given(one) for one in pairs])
    return pairs


cdef inline tuple pairs_of_object(object headers):
    if type(headers) is not dict:
        # httpx and Starlette keep the lines as they came; their items() join or fold them.
        raw = getattr(headers, "raw", None)
        if isinstance(raw, (list, tuple)):
            return tuple(raw)
    items = getattr(headers, "items", None)
    return tuple(lines_given(headers) if items is None else items())


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
