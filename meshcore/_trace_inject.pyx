"""Writing a context into header lines: a list, a dict, or what else users have."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_CheckExact, PyDict_Next, PyDict_SetItem
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcpy, memset

from meshcore._core cimport *
from meshcore._request cimport (
    MC_LISTS_STAY, PyList_CheckExact, PyList_GET_ITEM, PyList_GET_SIZE, PyUnicode_1BYTE_DATA, PyUnicode_CheckExact,
    PyUnicode_GET_LENGTH, as_pairs, take, take_plain, text_of,
)
from meshcore._trace_lines cimport (
    MC_ODD_NAME, PySequence_Fast_ITEMS, is_pair, mc_ascii_data, mc_name_asked_of, mc_next_line, mc_trace_asked,
)

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
    bint PyUnicode_Check(PyObject *value)

cdef tuple NAMES_TEXT = tuple([text_of(mc_trace_name_text(<mc_trace_name> name)) for name in range(MC_TRACE_NAMES)])
cdef tuple NAMES_BYTES = tuple([name.encode() for name in NAMES_TEXT])
cdef PyObject *NAMES[2][MC_TRACE_NAMES]  # the same: as bytes, as str
cdef int at
for at in range(MC_TRACE_NAMES):
    NAMES[0][at] = PyTuple_GET_ITEM(NAMES_BYTES, at)
    NAMES[1][at] = PyTuple_GET_ITEM(NAMES_TEXT, at)
cdef object ZERO = "0", ONE = "1"
cdef tuple NOT_SAMPLED = (b"x-b3-sampled", b"0"), SAMPLED = (b"x-b3-sampled", b"1")


cdef struct Written:
    const mc_trace_line *lines
    uint32_t count
    const mc_trace_asked *asked  # the names of the formats: what is taken away
    PyObject *trace_id  # what may be the texts of B3's trace id, and of its span id or parent id; or None
    PyObject *span_id
    bint as_text  # str; or else bytes
    PyObject **names  # of that kind, by number


cdef object inject_into(object headers, const mc_span_context *context, Formats formats, PyObject *trace_id,
                        PyObject *span_id):
    cdef mc_scratch scratch
    cdef Written new
    cdef list edited
    new.asked = &formats.asked
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
        if scratch.chunks != NULL:
            mc_scratch_reset(&scratch)


# ---------------------------------------------------------------------- one line

cdef inline PyObject *known_name(const mc_trace_line *line, const Written *new) noexcept:
    """Borrowed; NULL: it is not the same for all lines of its kind."""
    if line.name.data != NULL:
        return NULL
    return new.names[<int> line.id]


cdef inline object name_of(const mc_trace_line *line, const Written *new):
    cdef PyObject *name = known_name(line, new)
    if name != NULL:
        return <object> name
    return text_of(line.name) if new.as_text else PyBytes_FromStringAndSize(line.name.data, <Py_ssize_t> line.name.size)


cdef inline bint says(PyObject *text, mc_slice value) noexcept:
    cdef mc_slice found
    if not take_plain(text, &found) or found.size != value.size:
        return False
    return found.data == value.data or mc_slice_same(found.data, value.data, value.size)


cdef inline bint holds(PyObject *text, mc_slice value, bint as_text) noexcept:
    """Whether it is a text of that kind, and the very one that the value lies in."""
    if as_text:
        return (
            PyUnicode_CheckExact(<object> text)
            and mc_ascii_data(text) == value.data
            and PyUnicode_GET_LENGTH(<object> text) == <Py_ssize_t> value.size
        )
    return (
        PyBytes_CheckExact(<object> text)
        and PyBytes_AS_STRING(<object> text) == value.data
        and PyBytes_GET_SIZE(<object> text) == <Py_ssize_t> value.size
    )


cdef inline object value_of(const mc_trace_line *line, const Written *new):
    cdef PyObject *known
    if MC_NAME_B3_TRACE_ID <= line.id <= MC_NAME_B3_PARENT_ID:
        known = new.trace_id if line.id == MC_NAME_B3_TRACE_ID else new.span_id
        # What came in goes out again, for nothing: the trace's id, and the caller's span as the parent.
        if holds(known, line.value, new.as_text):
            return <object> known
    if not new.as_text:
        return PyBytes_FromStringAndSize(line.value.data, <Py_ssize_t> line.value.size)
    if line.id == MC_NAME_B3_SAMPLED:
        return ONE if line.value.data[0] == c"1" else ZERO
    if MC_NAME_B3 <= line.id <= MC_NAME_TRACEPARENT:  # digits and hyphens
        text = PyUnicode_New(<Py_ssize_t> line.value.size, 127)
        if line.value.size == 16:  # as most of them have, and which needs no call
            memcpy(PyUnicode_1BYTE_DATA(text), line.value.data, 16)
        else:
            memcpy(PyUnicode_1BYTE_DATA(text), line.value.data, line.value.size)
        return text
    return text_of(line.value)


cdef inline tuple pair_of(const mc_trace_line *line, const Written *new):
    if line.id == MC_NAME_B3_SAMPLED and not new.as_text:
        return SAMPLED if line.value.data[0] == c"1" else NOT_SAMPLED
    return (name_of(line, new), value_of(line, new))


cdef inline uint32_t asked_of(PyObject *name, const Written *new) except? 0xffffffff:
    """As mc_name_asked(), of any text."""
    cdef mc_slice text
    take(<object> name, &text)
    return mc_name_asked_of(text.data, text.size, new.asked)


cdef inline void write_as(bint text, Written *new) noexcept:
    new.as_text = text
    new.names = NAMES[text]


# ---------------------------------------------------------------------- lists

cdef inline bint begins_with_text(list headers) except -1:
    cdef PyObject *pair
    if PyList_GET_SIZE(headers) == 0:
        return False
    pair = PyList_GET_ITEM(headers, 0)
    return PyUnicode_Check(PyTuple_GET_ITEM(<object> pair, 0)) if is_pair(pair) else isinstance(headers[0][0], str)


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
    cdef uint8_t places[MC_TRACE_NAMES]  # by name: which of the new lines waits for a place, from 1 on; 0: none does
    cdef uint32_t i, place, id = 0, waiting = new.count
    cdef Py_ssize_t at = -1
    cdef list gone = None
    memset(places, 0, sizeof(places))
    for i in range(new.count):
        if new.lines[i].id != MC_NAME_JAEGER_BAGGAGE:  # of which there may be several
            places[<int> new.lines[i].id] = <uint8_t> (i + 1)
    write_as(begins_with_text(headers), new)
    while True:
        at = mc_next_line(PySequence_Fast_ITEMS(headers), PyList_GET_SIZE(headers), at + 1, new.asked, &id)
        if at >= PyList_GET_SIZE(headers):
            break
        if id == MC_ODD_NAME:
            name = headers[at][0]
            id = asked_of(<PyObject *> name, new)
            if id == MC_NAME_OTHER:
                continue
        place = places[id]
        if place:
            put_line(headers, at, &new.lines[place - 1], new)
            places[id] = 0
            waiting -= 1
        elif gone is None:
            gone = [at]
        else:
            gone.append(at)
    if waiting:
        for i in range(new.count):
            id = new.lines[i].id
            if places[id] or id == MC_NAME_JAEGER_BAGGAGE:
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
    cdef bint as_text = True
    while PyDict_Next(headers, &at, &key, &value):
        as_text &= not isinstance(<object> key, bytes)
        if asked_of(key, new) != MC_NAME_OTHER:
            if gone is None:
                gone = []
            gone.append(<object> key)
    if gone is not None:
        for name in gone:
            del headers[name]
    write_as(as_text, new)
    for i in range(new.count):
        PyDict_SetItem(headers, name_of(&new.lines[i], new), value_of(&new.lines[i], new))
    return 0


cdef int edit_mapping(object headers, Written *new) except -1:
    """Of a dict, whose keys are told apart by case, or of a mapping that does not do so."""
    cdef uint32_t i
    cdef list gone = []
    cdef bint as_text = True
    for key in headers:
        if isinstance(key, bytes):
            as_text = False
        if asked_of(<PyObject *> key, new) != MC_NAME_OTHER:
            gone.append(key)
    for key in gone:
        if key in headers:  # of a multidict the first deletion takes all lines of a name
            del headers[key]
    write_as(as_text, new)
    for i in range(new.count):
        headers[name_of(&new.lines[i], new)] = value_of(&new.lines[i], new)
    return 0
