"""Writing a context into header lines: a list, a dict, or what else users have."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.dict cimport PyDict_CheckExact, PyDict_Next, PyDict_SetItem
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.stdint cimport uint32_t
from libc.string cimport memcpy

from meshcore._core cimport *
from meshcore._request cimport (
    MC_LISTS_STAY, PyList_CheckExact, PyList_GET_ITEM, PyList_GET_SIZE, PyUnicode_1BYTE_DATA, PyUnicode_CheckExact,
    as_pairs, take, take_plain, text_of,
)
from meshcore._trace_lines cimport ODD_LINE, PySequence_Fast_ITEMS, is_pair, name_in, next_line

cdef extern from "base/slice.h" nogil:
    bint mc_slice_same(const char *left, const char *right, size_t size)

cdef extern from "Python.h":
    object PyUnicode_New(Py_ssize_t size, Py_UCS4 maxchar)

cdef extern from *:
    """
    static void mc_refill_place(PyObject *pair, Py_ssize_t at, PyObject *item) {
      PyObject *old = PyTuple_GET_ITEM(pair, at);
      if (old == item) return; /* as a name mostly is */
      Py_INCREF(item);
      PyTuple_SET_ITEM(pair, at, item);
      Py_DECREF(old);
    }

    /* Puts others into a pair that its list alone holds, so that nobody sees it change. */
    static void mc_refill_pair(PyObject *pair, PyObject *name, PyObject *value) {
    #if PY_VERSION_HEX >= 0x030E0000
      ((PyTupleObject *)pair)->ob_hash = -1; /* it is kept since 3.14 */
    #endif
      mc_refill_place(pair, 0, name);
      mc_refill_place(pair, 1, value);
    }
    """
    void mc_refill_pair(PyObject *pair, PyObject *name, object value)
    Py_ssize_t Py_REFCNT(PyObject *value)

cdef tuple NAMES_TEXT = tuple([text_of(mc_trace_name_text(<mc_trace_name> name)) for name in range(MC_TRACE_NAMES)])
cdef tuple NAMES_BYTES = tuple([name.encode() for name in NAMES_TEXT])
cdef object ZERO = "0", ONE = "1"
cdef tuple NOT_SAMPLED = (b"x-b3-sampled", b"0"), SAMPLED = (b"x-b3-sampled", b"1")


cdef struct Written:
    const mc_trace_line *lines
    uint32_t count
    uint32_t names  # of the formats: what is taken away
    PyObject *trace_id  # what may be the texts of B3's trace id, and of its span id or parent id; or None
    PyObject *span_id
    bint as_text  # str; or else bytes


cdef object inject_into(object headers, const mc_span_context *context, Formats formats, PyObject *trace_id,
                        PyObject *span_id):
    cdef mc_scratch scratch
    cdef Written new
    cdef list edited
    new.names = formats.names
    new.trace_id = trace_id
    new.span_id = span_id
    mc_scratch_init(&scratch)
    try:
        if mc_trace_inject(context, &formats.it, &scratch, &new.lines, &new.count):
            raise MemoryError
        if PyList_CheckExact(headers):
            edit_list(headers, &new)
            return headers
        if PyDict_CheckExact(headers):
            edit_dict(headers, &new)
            return headers
        if hasattr(headers, "__setitem__") and hasattr(headers, "keys"):
            edit_mapping(headers, &new)
            return headers
        edited = list(as_pairs(headers))
        edit_list(edited, &new)
        return tuple(edited) if isinstance(headers, tuple) else edited
    finally:
        mc_scratch_reset(&scratch)


# ---------------------------------------------------------------------- one line

cdef inline PyObject *known_name(const mc_trace_line *line, const Written *new) noexcept:
    """Borrowed; NULL: it is not the same for all lines of its kind."""
    if line.name.data != NULL:
        return NULL
    return PyTuple_GET_ITEM(NAMES_TEXT if new.as_text else NAMES_BYTES, <Py_ssize_t> line.id)


cdef inline object name_of(const mc_trace_line *line, const Written *new):
    cdef PyObject *name = known_name(line, new)
    if name != NULL:
        return <object> name
    return text_of(line.name) if new.as_text else PyBytes_FromStringAndSize(line.name.data, <Py_ssize_t> line.name.size)


cdef inline bint says(PyObject *text, mc_slice value) noexcept:
    cdef mc_slice found
    return take_plain(text, &found) and found.size == value.size and mc_slice_same(found.data, value.data, value.size)


cdef inline object value_of(const mc_trace_line *line, const Written *new):
    cdef PyObject *known
    if MC_NAME_B3_TRACE_ID <= line.id <= MC_NAME_B3_PARENT_ID:
        known = new.trace_id if line.id == MC_NAME_B3_TRACE_ID else new.span_id
        # What came in goes out again, for nothing: the trace's id, and the caller's span as the parent.
        if PyUnicode_CheckExact(<object> known) == new.as_text and says(known, line.value):
            return <object> known
    if not new.as_text:
        return PyBytes_FromStringAndSize(line.value.data, <Py_ssize_t> line.value.size)
    if line.id == MC_NAME_B3_SAMPLED:
        return ONE if line.value.data[0] == c"1" else ZERO
    if MC_NAME_B3 <= line.id <= MC_NAME_TRACEPARENT:  # digits and hyphens
        text = PyUnicode_New(<Py_ssize_t> line.value.size, 127)
        memcpy(PyUnicode_1BYTE_DATA(text), line.value.data, line.value.size)
        return text
    return text_of(line.value)


cdef inline tuple pair_of(const mc_trace_line *line, const Written *new):
    if line.id == MC_NAME_B3_SAMPLED and not new.as_text:
        return SAMPLED if line.value.data[0] == c"1" else NOT_SAMPLED
    return (name_of(line, new), value_of(line, new))


cdef inline uint32_t id_of(PyObject *name) except? 0xffffffff:
    cdef mc_slice text
    if not take_plain(name, &text):
        take(<object> name, &text)
    return name_in(text)


cdef inline const mc_trace_line *line_of(uint32_t id, const Written *new) noexcept:
    cdef uint32_t i
    if id != MC_NAME_JAEGER_BAGGAGE:
        for i in range(new.count):
            if new.lines[i].id == id:
                return &new.lines[i]
    return NULL


# ---------------------------------------------------------------------- lists

cdef inline bint begins_with_text(list headers) except -1:
    cdef PyObject *pair
    if PyList_GET_SIZE(headers) == 0:
        return False
    pair = PyList_GET_ITEM(headers, 0)
    return isinstance(<object> PyTuple_GET_ITEM(<object> pair, 0) if is_pair(pair) else headers[0][0], str)


cdef int put_line(list headers, Py_ssize_t at, const mc_trace_line *line, const Written *new) except -1:
    """In place of another one, unless that says so already, as the trace's id does mostly."""
    cdef PyObject *pair = PyList_GET_ITEM(headers, at)
    cdef PyObject *name
    if is_pair(pair):
        if says(PyTuple_GET_ITEM(<object> pair, 1), line.value):
            return 0
        name = known_name(line, new)
        if MC_LISTS_STAY and Py_REFCNT(pair) == 1 and name != NULL:
            mc_refill_pair(pair, name, value_of(line, new))
            return 0
    headers[at] = pair_of(line, new)
    return 0


cdef int edit_list(list headers, Written *new) except -1:
    """New lines in the places of old ones of their names, and the others at the end."""
    cdef uint32_t i, id = 0, done = 0, placed = 0
    cdef const mc_trace_line *line
    cdef Py_ssize_t at = -1
    cdef list gone = None
    new.as_text = begins_with_text(headers)
    while True:
        at = next_line(PySequence_Fast_ITEMS(headers), PyList_GET_SIZE(headers), at + 1, new.names, &id)
        if at >= PyList_GET_SIZE(headers):
            break
        if id == ODD_LINE:
            name = headers[at][0]
            id = id_of(<PyObject *> name)
            if not new.names >> id & 1:
                continue
        line = line_of(id, new)
        if line != NULL and not done >> id & 1:
            put_line(headers, at, line, new)
            done |= <uint32_t> 1 << id
            placed += 1
        elif gone is None:
            gone = [at]
        else:
            gone.append(at)
    if placed < new.count:
        for i in range(new.count):
            if not done >> <uint32_t> new.lines[i].id & 1:
                headers.append(pair_of(&new.lines[i], new))
    if gone is not None:
        for at in reversed(gone):
            del headers[at]
    return 0


# ---------------------------------------------------------------------- mappings

cdef int edit_dict(dict headers, Written *new) except -1:
    """As edit_mapping()."""
    cdef uint32_t i
    cdef list gone = None
    cdef Py_ssize_t at = 0
    cdef PyObject *key
    cdef PyObject *value
    new.as_text = True
    while PyDict_Next(headers, &at, &key, &value):
        new.as_text &= not isinstance(<object> key, bytes)
        if new.names >> id_of(key) & 1:
            if gone is None:
                gone = []
            gone.append(<object> key)
    if gone is not None:
        for name in gone:
            del headers[name]
    for i in range(new.count):
        PyDict_SetItem(headers, name_of(&new.lines[i], new), value_of(&new.lines[i], new))
    return 0


cdef int edit_mapping(object headers, Written *new) except -1:
    """Of a dict, whose keys are told apart by case, or of a mapping that does not do so."""
    cdef uint32_t i
    cdef list gone = []
    new.as_text = True
    for key in headers:
        if isinstance(key, bytes):
            new.as_text = False
        if new.names >> id_of(<PyObject *> key) & 1:
            gone.append(key)
    for key in gone:
        if key in headers:  # of a multidict the first deletion takes all lines of a name
            del headers[key]
    for i in range(new.count):
        headers[name_of(&new.lines[i], new)] = value_of(&new.lines[i], new)
    return 0
