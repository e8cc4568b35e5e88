# Finding the lines of a trace among header lines, in one pass and in place. Inline: every hop passes here.

from cpython.dict cimport PyDict_CheckExact, PyDict_Next
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.stdint cimport uint32_t

from meshcore._core cimport MC_NAME_OTHER, MC_TRACE_NAMES, mc_header, mc_slice, mc_trace_name
from meshcore._request cimport PyList_CheckExact, take_plain


cdef extern from "Python.h":
    PyObject **PySequence_Fast_ITEMS(object items)
    Py_ssize_t PySequence_Fast_GET_SIZE(object items)

cdef extern from "trace/names.h" nogil:
    ctypedef struct mc_trace_asked:
        uint32_t names

    void mc_trace_ask(uint32_t names, mc_trace_asked *out)

cdef extern from *:
    """
    enum { MC_ODD_NAME = 32 }; /* beyond all names */

    /* Of a str that is compact and of ASCII alone. */
    static inline const char *mc_ascii_data(PyObject *text) { return (const char *)((PyASCIIObject *)text + 1); }

    MC_INLINED uint32_t mc_name_asked_of(const char *p, Py_ssize_t size, const mc_trace_asked *asked) {
      const mc_slice name = {p, (size_t)size};
      if (!mc_trace_name_likely(asked, name)) return MC_NAME_OTHER;
      const mc_trace_name found = mc_trace_name_at(p, name.size);
      return asked->names >> found & 1 ? found : MC_NAME_OTHER;
    }

    /* In C, for the sake of what is expected: every line of every hop passes here. */
    MC_INLINED uint32_t mc_name_asked(PyObject *name, const mc_trace_asked *asked, int bytes_expected) {
      const int is_bytes = PyBytes_CheckExact(name);
      if (bytes_expected && __builtin_expect(is_bytes, 1)) {
        return mc_name_asked_of(PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name), asked);
      }
      if (__builtin_expect(PyUnicode_CheckExact(name) && PyUnicode_IS_COMPACT_ASCII(name), 1)) {
        return mc_name_asked_of(mc_ascii_data(name), PyUnicode_GET_LENGTH(name), asked);
      }
      if (!is_bytes) return MC_ODD_NAME;
      return mc_name_asked_of(PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name), asked);
    }

    /* From `at` on; count: there is none. */
    MC_INLINED Py_ssize_t mc_next_line(PyObject *const *pairs, Py_ssize_t count, Py_ssize_t at,
                                       const mc_trace_asked *asked, uint32_t *id) {
      for (; at < count; at++) {
        PyObject *const pair = pairs[at];
        if (PyTuple_CheckExact(pair) && PyTuple_GET_SIZE(pair) == 2) {
          *id = mc_name_asked(PyTuple_GET_ITEM(pair, 0), asked, 1);
          if (*id == MC_NAME_OTHER) continue;
        } else {
          *id = MC_ODD_NAME;
        }
        break;
      }
      return at;
    }
    """
    enum:
        MC_ODD_NAME  # what takes more than a look

    const char *mc_ascii_data(PyObject *text) noexcept

    # Which of those that are asked for a name is; MC_NAME_OTHER: none of them.
    uint32_t mc_name_asked_of(const char *p, size_t size, const mc_trace_asked *asked) noexcept
    # The same of a plain text, or MC_ODD_NAME.
    uint32_t mc_name_asked(PyObject *name, const mc_trace_asked *asked, bint bytes_expected) noexcept
    # Where the next line is that is asked for, and which name it has; or how many pairs there are.
    Py_ssize_t mc_next_line(
        PyObject **pairs, Py_ssize_t count, Py_ssize_t at, const mc_trace_asked *asked, uint32_t *id) noexcept

cdef extern from "trace/lines.h" nogil:
    ctypedef struct mc_trace_lines:
        const mc_header *headers
        uint32_t count
        uint32_t seen
        uint32_t disputed

    enum:
        MC_LIST_NAMES
        MC_TEXT_NAMES

    void mc_trace_lines_add(mc_trace_lines *lines, mc_trace_name name, mc_slice value)

cdef enum:
    LIST_LINES = 48


cdef struct Found:
    mc_trace_lines lines
    mc_header lists[LIST_LINES]  # the lines of MC_LIST_NAMES
    PyObject *values[MC_TRACE_NAMES]  # by the names that are seen: what holds the first one's value, borrowed


cdef inline bint is_pair(PyObject *pair) noexcept:
    return PyTuple_CheckExact(<object> pair) and PyTuple_GET_SIZE(<object> pair) == 2


cdef inline bint found_line(uint32_t id, PyObject *name, PyObject *value, Found *out) noexcept:
    """Takes one more line. False: it takes more than a look."""
    cdef mc_slice text
    if not take_plain(value, &text):
        return False
    if (1 << id) & MC_LIST_NAMES:
        if out.lines.count == LIST_LINES:
            return False
        take_plain(name, &out.lists[out.lines.count].name)
        out.lists[out.lines.count].value = text
        out.lines.count += 1
    if not out.lines.seen >> id & 1:
        out.values[id] = value
    mc_trace_lines_add(&out.lines, <mc_trace_name> id, text)
    return True


cdef inline bint find_in_pairs(
    PyObject **pairs, Py_ssize_t count, const mc_trace_asked *asked, Found *out
) noexcept:
    cdef uint32_t id = MC_ODD_NAME
    cdef PyObject *pair
    cdef Py_ssize_t at = -1
    while True:
        at = mc_next_line(pairs, count, at + 1, asked, &id)
        if at >= count:
            return True
        if id == MC_ODD_NAME:
            return False
        pair = pairs[at]
        if not found_line(id, PyTuple_GET_ITEM(<object> pair, 0), PyTuple_GET_ITEM(<object> pair, 1), out):
            return False


cdef inline bint find_in_dict(object headers, const mc_trace_asked *asked, Found *out) noexcept:
    cdef uint32_t id
    cdef Py_ssize_t at = 0
    cdef PyObject *key
    cdef PyObject *value
    while PyDict_Next(headers, &at, &key, &value):
        id = mc_name_asked(key, asked, False)
        if id == MC_NAME_OTHER:
            continue
        if id == MC_ODD_NAME or not found_line(id, key, value, out):
            return False
    return True


cdef inline bint find_lines(object headers, const mc_trace_asked *asked, Found *out) noexcept:
    """The lines that are asked for in a list, a tuple or a dict. False: headers are none of these, or hold other things
    than plain texts, or too many lines. Nothing of Python's runs here."""
    out.lines.headers = out.lists
    out.lines.count = out.lines.seen = out.lines.disputed = 0
    if PyList_CheckExact(headers) or PyTuple_CheckExact(headers):
        return find_in_pairs(PySequence_Fast_ITEMS(headers), PySequence_Fast_GET_SIZE(headers), asked, out)
    return PyDict_CheckExact(headers) and find_in_dict(headers, asked, out)
