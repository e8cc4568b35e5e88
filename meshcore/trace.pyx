"""Trace contexts and request ids by themselves. The stub trace.pyi has the documentation."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.dict cimport PyDict_CheckExact, PyDict_Next, PyDict_SetItem, PyDict_Size
from cpython.list cimport PyList_CheckExact, PyList_GET_SIZE
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from meshcore._core cimport *
from meshcore._request cimport as_pairs, pairs_as_bytes, take, take_pairs, take_plain, text_of

from meshcore import _trace
from meshcore._hosts import checked_seed

__all__ = ["SpanContext", "request_id", "trace_counts"]

cdef extern from "Python.h":
    object PyUnicode_New(Py_ssize_t size, Py_UCS4 maxchar)
    void *PyUnicode_1BYTE_DATA(object text)
    PyObject *PyList_GET_ITEM(object items, Py_ssize_t i)  # borrowed

cdef extern from "base/slice.h" nogil:
    bint mc_slice_equal(mc_slice a, mc_slice b)

cdef extern from "trace/hex.h" nogil:
    void mc_hex16_write(uint64_t number, char *out)

cdef extern from "trace/names.h" nogil:
    bint mc_trace_name_likely(mc_slice name)

cdef enum:
    LINES_INLINE = 48
    CACHED = 256
    REQUEST_ID_BYTES = 256

# ---------------------------------------------------------------------- random numbers

cdef mc_id_source *ids = mc_id_source_new()
cdef mc_trace_counts *counts = mc_trace_counts_new()
if ids == NULL or counts == NULL:
    raise MemoryError("no memory, or no random numbers, for ids of traces")


cdef inline int draw(object seed, uint64_t *out, int count) except -1:
    cdef uint64_t state
    cdef int i
    if seed is None:
        if not mc_id_source_take(ids, out, <size_t> count):
            raise OSError("the system has no random numbers to give")
        return 0
    state = checked_seed(seed)
    for i in range(count):
        state += <uint64_t> 0x9E3779B97F4A7C15
        out[i] = mc_mix64(state)
    return 0


def request_id(*, seed=None):
    cdef uint64_t random[2]
    draw(seed, random, 2)
    text = PyUnicode_New(MC_UUID_TEXT, 127)
    mc_uuid_write(random, <char *> PyUnicode_1BYTE_DATA(text))
    return text


def trace_counts():
    cdef int i
    malformed, truncated = {}, {}
    for i, name in enumerate(_trace.FORMATS):
        malformed[name] = mc_trace_counts_malformed(counts, <mc_trace_format> i)
        if i == MC_TRACE_W3C or i == MC_TRACE_BAGGAGE:
            truncated[name] = mc_trace_counts_truncated(counts, <mc_trace_format> i)
    return {"malformed": malformed, "truncated": truncated}


# ---------------------------------------------------------------------- formats

@cython.final
cdef class Formats:
    cdef mc_trace_formats it

    def __cinit__(self, numbers):
        self.it.count = 0
        for number in numbers:
            self.it.order[self.it.count] = number
            self.it.count += 1


cdef Formats EXTRACTED = None, INJECTED = None
cdef dict KNOWN = {}  # by the tuple that was given
cdef tuple LATEST = (None, None)  # a program asks for the same, mostly: the names, and what they are


cdef Formats formats_of(object names):
    global LATEST
    cdef tuple latest = LATEST
    if names is latest[0]:
        return <Formats> latest[1]
    cdef Formats found = KNOWN.get(names) if PyTuple_CheckExact(names) else None
    if found is not None:
        LATEST = (names, found)
    else:
        found = Formats(_trace.formats_of(names))
        if PyTuple_CheckExact(names) and len(KNOWN) < CACHED:
            KNOWN[names] = found
    return found


cdef inline Formats to_extract(object names):
    global EXTRACTED
    if names is not None:
        return formats_of(names)
    if EXTRACTED is None:
        EXTRACTED = Formats(_trace.extract_default())
    return EXTRACTED


cdef inline Formats to_inject(object names):
    global INJECTED
    if names is not None:
        return formats_of(names)
    if INJECTED is None:
        INJECTED = Formats(_trace.inject_default())
    return INJECTED


# ---------------------------------------------------------------------- header lines in

cdef inline int take_text(PyObject *value, mc_slice *out) except -1:
    return 0 if take_plain(value, out) else take(<object> value, out)


cdef inline int take_pair(PyObject *pair, mc_header *lines, Py_ssize_t *count) except -1:
    """One more line, where its name may be of interest. 1: it is not a tuple of two."""
    cdef mc_header *line = &lines[count[0]]
    if not PyTuple_CheckExact(<object> pair) or PyTuple_GET_SIZE(<object> pair) != 2:
        return 1
    take_text(PyTuple_GET_ITEM(<object> pair, 0), &line.name)
    if mc_trace_name_likely(line.name):
        take_text(PyTuple_GET_ITEM(<object> pair, 1), &line.value)
        count[0] += 1
    return 0


cdef Py_ssize_t take_lines(object headers, mc_header *lines) except -2:
    """The lines of interest of a list, tuple or dict, in place. -1: it holds other things than tuples."""
    cdef Py_ssize_t i, count = 0, at = 0
    cdef PyObject *key
    cdef PyObject *value
    if PyList_CheckExact(headers):
        for i in range(PyList_GET_SIZE(headers)):
            if take_pair(PyList_GET_ITEM(headers, i), lines, &count):
                return -1
    elif PyTuple_CheckExact(headers):
        for i in range(PyTuple_GET_SIZE(headers)):
            if take_pair(PyTuple_GET_ITEM(headers, i), lines, &count):
                return -1
    else:
        while PyDict_Next(headers, &at, &key, &value):
            take_text(key, &lines[count].name)
            if mc_trace_name_likely(lines[count].name):
                take_text(value, &lines[count].value)
                count += 1
    return count


cdef inline Py_ssize_t size_of(object headers):
    """How many lines there are; -1: take_lines() does not know of such headers."""
    if PyList_CheckExact(headers):
        return PyList_GET_SIZE(headers)
    if PyTuple_CheckExact(headers):
        return PyTuple_GET_SIZE(headers)
    return PyDict_Size(headers) if PyDict_CheckExact(headers) else -1


cdef object extracted(const mc_header *lines, Py_ssize_t count, Formats formats):
    cdef SpanContext context = SpanContext.__new__(SpanContext)
    cdef mc_scratch scratch
    cdef mc_code code
    mc_scratch_init(&scratch)
    code = mc_trace_extract(lines, <uint32_t> count, &formats.it, &scratch, counts, &context._it)
    try:
        if code == MC_OK:
            context._keep_texts()
            return context
        if code == MC_NO_MEMORY:
            raise MemoryError
        return None
    finally:
        mc_scratch_reset(&scratch)


cdef object extracted_from(object headers, Formats formats):
    cdef mc_header some[LINES_INLINE]
    cdef mc_header *lines = some
    cdef tuple pairs
    cdef Py_ssize_t count
    try:
        # Nothing of Python's runs between taking the lines and copying what is kept of them.
        with cython.critical_section(headers):
            count = size_of(headers)
            if count > LINES_INLINE:
                lines = <mc_header *> malloc(<size_t> count * sizeof(mc_header))
                if lines == NULL:
                    raise MemoryError
            if count >= 0:
                count = take_lines(headers, lines)
            if count >= 0:
                return extracted(lines, count, formats)
    except UnicodeEncodeError:
        pass
    finally:
        if lines != some:
            free(lines)
    return extracted_slowly(as_pairs(headers), formats)


cdef object extracted_slowly(tuple pairs, Formats formats):
    """Of lines of any kind."""
    cdef mc_header *lines = <mc_header *> malloc((<size_t> len(pairs) + 1) * sizeof(mc_header))
    if lines == NULL:
        raise MemoryError
    try:
        try:
            take_pairs(pairs, lines)
        except UnicodeEncodeError:
            pairs = pairs_as_bytes(pairs)
            take_pairs(pairs, lines)
        return extracted(lines, len(pairs), formats)
    finally:
        free(lines)


# ---------------------------------------------------------------------- header lines out

cdef tuple NAMES_TEXT = tuple([text_of(mc_trace_name_text(<mc_trace_name> name)) for name in range(MC_TRACE_NAMES)])
cdef tuple NAMES_BYTES = tuple([name.encode() for name in NAMES_TEXT])
cdef tuple NOT_SAMPLED = (b"x-b3-sampled", b"0"), SAMPLED = (b"x-b3-sampled", b"1")


cdef inline object name_of(const mc_trace_line *line, bint as_text):
    if line.name.data == NULL:
        return NAMES_TEXT[<int> line.id] if as_text else NAMES_BYTES[<int> line.id]
    return text_of(line.name) if as_text else PyBytes_FromStringAndSize(line.name.data, <Py_ssize_t> line.name.size)


cdef inline object value_of(const mc_trace_line *line, bint as_text):
    if as_text:
        if MC_NAME_B3 <= line.id <= MC_NAME_TRACEPARENT and line.value.size > 1:  # digits and hyphens
            text = PyUnicode_New(<Py_ssize_t> line.value.size, 127)
            memcpy(PyUnicode_1BYTE_DATA(text), line.value.data, line.value.size)
            return text
        return text_of(line.value)
    return PyBytes_FromStringAndSize(line.value.data, <Py_ssize_t> line.value.size)


cdef inline tuple pair_of(const mc_trace_line *line, bint as_text):
    if line.id == MC_NAME_B3_SAMPLED and not as_text:
        return SAMPLED if line.value.data[0] == c"1" else NOT_SAMPLED
    return (name_of(line, as_text), value_of(line, as_text))


cdef inline uint32_t id_of(PyObject *name) except? 0:
    cdef mc_slice text
    take_text(name, &text)
    return mc_trace_name_of(text) if mc_trace_name_likely(text) else 0


cdef const mc_trace_line *line_of(uint32_t id, const mc_trace_line *lines, uint32_t count) noexcept:
    cdef uint32_t i
    for i in range(count):
        if lines[i].id == id and id != MC_NAME_JAEGER_BAGGAGE:
            return &lines[i]
    return NULL


cdef inline uint32_t id_at(list headers, Py_ssize_t at) except? 0:
    """Which name a line has."""
    cdef PyObject *pair = PyList_GET_ITEM(headers, at)
    cdef mc_slice text
    if (
        PyTuple_CheckExact(<object> pair)
        and PyTuple_GET_SIZE(<object> pair)
        and take_plain(PyTuple_GET_ITEM(<object> pair, 0), &text)
    ):
        return mc_trace_name_of(text) if mc_trace_name_likely(text) else 0
    name = headers[at][0]
    return id_of(<PyObject *> name)


cdef inline bint is_same(list headers, Py_ssize_t at, const mc_trace_line *line):
    """Whether a line says so already: a trace's id, mostly."""
    cdef PyObject *pair = PyList_GET_ITEM(headers, at)
    cdef mc_slice value
    if not PyTuple_CheckExact(<object> pair) or PyTuple_GET_SIZE(<object> pair) != 2:
        return False
    take_text(PyTuple_GET_ITEM(<object> pair, 1), &value)
    return mc_slice_equal(value, line.value)


cdef int edit_list(list headers, const mc_trace_line *lines, uint32_t count, uint32_t names) except -1:
    """New lines in the places of old ones of their names, and the others at the end."""
    cdef uint32_t i, id, done = 0
    cdef const mc_trace_line *line
    cdef Py_ssize_t at = 0
    cdef list gone = None
    cdef bint as_text = PyList_GET_SIZE(headers) > 0 and isinstance(headers[0][0], str)
    while at < PyList_GET_SIZE(headers):
        id = id_at(headers, at)
        if names >> id & 1:
            line = line_of(id, lines, count)
            if line != NULL and not done >> id & 1:
                if not is_same(headers, at, line):
                    headers[at] = pair_of(line, as_text)
                done |= <uint32_t> 1 << id
            elif gone is None:
                gone = [at]
            else:
                gone.append(at)
        at += 1
    for i in range(count):
        if not done >> <uint32_t> lines[i].id & 1:
            headers.append(pair_of(&lines[i], as_text))
    if gone is not None:
        for at in reversed(gone):
            del headers[at]
    return 0


cdef int edit_dict(dict headers, const mc_trace_line *lines, uint32_t count, uint32_t names) except -1:
    """As edit_mapping()."""
    cdef uint32_t i
    cdef bint as_text = True
    cdef list gone = None
    cdef Py_ssize_t at = 0
    cdef PyObject *key
    cdef PyObject *value
    while PyDict_Next(headers, &at, &key, &value):
        as_text &= not isinstance(<object> key, bytes)
        if names >> id_of(key) & 1:
            if gone is None:
                gone = []
            gone.append(<object> key)
    if gone is not None:
        for name in gone:
            del headers[name]
    for i in range(count):
        PyDict_SetItem(headers, name_of(&lines[i], as_text), value_of(&lines[i], as_text))
    return 0


cdef int edit_mapping(object headers, const mc_trace_line *lines, uint32_t count, uint32_t names) except -1:
    """Of a dict, whose keys are told apart by case, or of a mapping that does not do so."""
    cdef uint32_t i
    cdef bint as_text = True
    cdef list gone = []
    for key in headers:
        if isinstance(key, bytes):
            as_text = False
        if names >> id_of(<PyObject *> key) & 1:
            gone.append(key)
    for key in gone:
        if key in headers:  # of a multidict the first deletion takes all lines of a name
            del headers[key]
    for i in range(count):
        headers[name_of(&lines[i], as_text)] = value_of(&lines[i], as_text)
    return 0


# ---------------------------------------------------------------------- contexts

cdef enum:
    TEXTS = 5


cdef inline object hex_of(uint64_t number):
    text = PyUnicode_New(16, 127)
    mc_hex16_write(number, <char *> PyUnicode_1BYTE_DATA(text))
    return text


@cython.final
@cython.freelist(64)
@cython.no_gc
cdef class SpanContext:
    cdef mc_span_context _it
    cdef bytes _texts  # what the slices of _it point into; None: they are absent

    def __init__(self):
        raise TypeError("a SpanContext is made by extract() or new()")

    @staticmethod
    def extract(headers, formats=None):
        return extracted_from(headers, to_extract(formats))

    @staticmethod
    def new(*, sampled=True, debug=False, trace_id_bits=128, seed=None):
        cdef SpanContext out = SpanContext.__new__(SpanContext)
        cdef uint64_t random[3]
        cdef mc_sampling sampling = MC_SAMPLING_ACCEPT
        if trace_id_bits != 128 and trace_id_bits != 64:
            raise ValueError(f"trace_id_bits is {trace_id_bits!r}; expected 64 or 128")
        if sampled is not True or debug is not False:
            sampling = <mc_sampling> <int> _trace.sampling_of(sampled, debug)
        draw(seed, random, 3)
        mc_span_context_new(random, trace_id_bits == 64, sampling, &out._it)
        return out

    def child(self, *, seed=None):
        cdef uint64_t random[3]
        cdef SpanContext out = SpanContext.__new__(SpanContext)
        if seed is None and self._it.span_id:
            draw(None, &random[2], 1)  # the trace has its id
        else:
            draw(seed, random, 3)
        mc_span_context_child(&self._it, random, &out._it)
        out._texts = self._texts
        return out

    def inject(self, headers, formats=None):
        cdef Formats chosen = to_inject(formats)
        cdef mc_scratch scratch
        cdef const mc_trace_line *lines
        cdef uint32_t count
        cdef list edited
        mc_scratch_init(&scratch)
        try:
            if mc_trace_inject(&self._it, &chosen.it, &scratch, &lines, &count):
                raise MemoryError
            if PyList_CheckExact(headers):
                edit_list(headers, lines, count, mc_trace_names(&chosen.it))
                return headers
            if PyDict_CheckExact(headers):
                edit_dict(headers, lines, count, mc_trace_names(&chosen.it))
                return headers
            if hasattr(headers, "__setitem__") and hasattr(headers, "keys"):
                edit_mapping(headers, lines, count, mc_trace_names(&chosen.it))
                return headers
            edited = list(as_pairs(headers))
            edit_list(edited, lines, count, mc_trace_names(&chosen.it))
            return tuple(edited) if isinstance(headers, tuple) else edited
        finally:
            mc_scratch_reset(&scratch)

    cdef void _slices(self, mc_slice **out) noexcept:
        out[0] = &self._it.tracestate
        out[1] = &self._it.baggage
        out[2] = &self._it.request_id
        out[3] = &self._it.datadog_origin
        out[4] = &self._it.datadog_tags

    cdef int _keep_texts(self) except -1:
        """Takes the texts over, so that headers and scratch may go."""
        cdef mc_slice *slices[TEXTS]
        cdef size_t size = 0
        cdef char *at
        cdef int i
        cdef bytes texts
        self._slices(slices)
        for i in range(TEXTS):
            size += slices[i].size
        if not size:
            return 0
        texts = PyBytes_FromStringAndSize(NULL, <Py_ssize_t> size)
        at = PyBytes_AS_STRING(texts)
        for i in range(TEXTS):
            if slices[i].size:
                memcpy(at, slices[i].data, slices[i].size)
                slices[i].data = at
                at += slices[i].size
        self._texts = texts
        return 0

    cdef SpanContext _with(self, int which, bytes value):
        """A copy with another text; an empty one: none."""
        cdef SpanContext out = SpanContext.__new__(SpanContext)
        cdef mc_slice *slices[TEXTS]
        out._it = self._it
        out._slices(slices)
        slices[which].data = PyBytes_AS_STRING(value) if value else NULL
        slices[which].size = <size_t> len(value)
        out._keep_texts()
        return out

    def with_baggage(self, baggage):
        return self._with(1, _trace.baggage_text(baggage).encode())

    def with_request_id(self, request_id):
        return self._with(2, _trace.checked_text("request_id", request_id, REQUEST_ID_BYTES))

    def with_sampling(self, sampled, *, debug=False):
        cdef SpanContext out = SpanContext.__new__(SpanContext)
        out._it = self._it
        out._it.sampling = <mc_sampling> <int> _trace.sampling_of(sampled, debug)
        out._texts = self._texts
        return out

    @property
    def trace_id(self):
        if not self._it.trace_high | self._it.trace_low:
            return None
        if self._it.short_id:
            return hex_of(self._it.trace_low)
        text = PyUnicode_New(32, 127)
        mc_hex16_write(self._it.trace_high, <char *> PyUnicode_1BYTE_DATA(text))
        mc_hex16_write(self._it.trace_low, <char *> PyUnicode_1BYTE_DATA(text) + 16)
        return text

    @property
    def span_id(self):
        return hex_of(self._it.span_id) if self._it.span_id else None

    @property
    def parent_id(self):
        return hex_of(self._it.parent_id) if self._it.parent_id else None

    @property
    def is_valid(self):
        return self._it.span_id != 0

    @property
    def sampled(self):
        return _trace.SAMPLING[<int> self._it.sampling][0]

    @property
    def debug(self):
        return self._it.sampling == MC_SAMPLING_DEBUG

    @property
    def trace_flags(self):
        cdef bint accepted = self._it.sampling == MC_SAMPLING_ACCEPT or self._it.sampling == MC_SAMPLING_DEBUG
        return self._it.flags | (MC_TRACE_FLAG_SAMPLED if accepted else 0)

    @property
    def source(self):
        return _trace.FORMATS[self._it.format] if self._it.format >= 0 else None

    @property
    def tracestate(self):
        return text_of(self._it.tracestate) if self._it.tracestate.size else ""

    @property
    def baggage(self):
        return _trace.baggage_of(text_of(self._it.baggage)) if self._it.baggage.size else {}

    @property
    def request_id(self):
        return text_of(self._it.request_id) if self._it.request_id.size else None

    def _state(self):
        cdef mc_slice *slices[TEXTS]
        cdef int i
        self._slices(slices)
        texts = tuple([slices[i].data[: slices[i].size] for i in range(TEXTS)])
        numbers = (
            self._it.trace_high, self._it.trace_low, self._it.span_id, self._it.parent_id, <int> self._it.sampling,
            self._it.flags, self._it.short_id,
        )
        return numbers, texts

    def __reduce__(self):
        return restored, (*self._state(), self._it.format)

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __eq__(self, other):
        if not isinstance(other, SpanContext):
            return NotImplemented
        return self._state() == other._state()

    def __hash__(self):
        return hash((self._it.trace_high, self._it.trace_low, self._it.span_id))

    def __repr__(self):
        decision = _trace.DECISIONS[<int> self._it.sampling]
        return f"<SpanContext trace_id={self.trace_id} span_id={self.span_id} {decision}>"


def restored(numbers, texts, format):
    """What pickle makes a context of."""
    cdef SpanContext out = SpanContext.__new__(SpanContext)
    cdef mc_slice *slices[TEXTS]
    cdef int i
    out._it.trace_high, out._it.trace_low, out._it.span_id, out._it.parent_id = numbers[:4]
    out._it.sampling = <mc_sampling> <int> (numbers[4] & 3)
    out._it.flags = numbers[5] & MC_TRACE_FLAG_RANDOM
    out._it.short_id = numbers[6]
    out._it.format = format
    out._slices(slices)
    kept = []
    for i in range(TEXTS):
        kept.append(bytes(texts[i]))
        slices[i].data = PyBytes_AS_STRING(kept[i]) if kept[i] else NULL
        slices[i].size = <size_t> len(kept[i])
    out._keep_texts()
    return out
