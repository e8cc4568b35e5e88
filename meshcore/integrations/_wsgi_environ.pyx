"""WSGI's environ (PEP 3333): what of it is decided on, and what becomes of it."""

from urllib.parse import quote, unquote_to_bytes

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.dict cimport PyDict_Copy
from cpython.object cimport PyObject
from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.string cimport memcmp

from meshcore._core cimport (
    MC_FORWARD, mc_attempt_request_headers, mc_decision, mc_decision_request_stays, mc_decision_timeouts,
    mc_header_line, mc_router_told, mc_scratch, mc_scratch_init, mc_scratch_reset, mc_slice, mc_timeouts, mc_view,
)
from meshcore._request cimport (
    PyUnicode_1BYTE_DATA, PyUnicode_CheckExact, PyUnicode_GET_LENGTH, PyUnicode_IS_COMPACT_ASCII,
)
from meshcore.decision cimport Block, Decision
from meshcore.integrations._asgi_fields cimport Field, PyDict_Next, field_of, value_of

__all__ = ["edited_environ", "header_lines", "target_of"]


cdef extern from "Python.h":
    str PyUnicode_DecodeLatin1(const char *text, Py_ssize_t size, const char *errors)
    bytes PyUnicode_AsLatin1String(object text)

cdef enum:
    ROOM = 2048     # bytes for header lines: of nearly all requests
    NAMES = 1024    # of headers that are remembered; clients may make up any number
    WORDS = 2       # of bits, one for each line: as a view has them

cdef Field *RAW_URI = field_of("RAW_URI")
cdef Field *REQUEST_URI = field_of("REQUEST_URI")
cdef Field *CONTENT_TYPE = field_of("CONTENT_TYPE")
cdef Field *CONTENT_LENGTH = field_of("CONTENT_LENGTH")

cdef bytes TYPE_NAME = b"content-type"
cdef bytes LENGTH_NAME = b"content-length"
#: What CGI has variables of its own for: under these names come headers that are spelt with underscores.
cdef tuple NOT_HEADERS = ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH")


# ------------------------------------------------------------------ names

cdef dict names = {}  # of headers, by the environ's keys; None: it is no header's
cdef dict keys = {}   # the other way


cdef inline bint is_header(PyObject *key) noexcept:
    if PyUnicode_CheckExact(<object> key) and PyUnicode_IS_COMPACT_ASCII(<object> key):
        return PyUnicode_GET_LENGTH(<object> key) >= 5 and not memcmp(
            PyUnicode_1BYTE_DATA(<object> key), b"HTTP_", 5)
    return isinstance(<object> key, str) and (<object> key)[:5] == "HTTP_"


cdef object name_of(str key):
    """The header that a key stands for; None: it stands for none."""
    found = names.get(key, names)
    if found is not names:
        return found
    name = None if key in NOT_HEADERS else key[5:].replace("_", "-").lower().encode("latin-1")
    return remembered(names, key, name)


cdef str key_of(bytes name):
    found = keys.get(name)
    if found is not None:
        return found
    key = name.decode("latin-1").upper().replace("-", "_")
    return remembered(keys, name, key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key)


cdef object remembered(dict known, object one, object other):
    if len(known) >= NAMES:
        known.clear()
    known[one] = other
    return other


# ------------------------------------------------------------------ what came

def header_lines(environ):
    return lines_in(dict(environ))


def target_of(environ):
    return target_in(dict(environ))


cdef list lines_in(dict environ):
    cdef PyObject *key
    cdef PyObject *value
    cdef Py_ssize_t at = 0
    cdef list lines = []
    while PyDict_Next(environ, &at, &key, &value):
        if is_header(key):
            name = name_of(<str> key)
            if name is not None:
                lines.append((name, PyUnicode_AsLatin1String(<object> value)))
    add_own(lines, environ, CONTENT_TYPE, TYPE_NAME)
    add_own(lines, environ, CONTENT_LENGTH, LENGTH_NAME)
    return lines


cdef inline int add_own(list lines, dict environ, Field *field, bytes name) except -1:
    cdef PyObject *value = value_of(environ, field)
    if value != NULL and <object> value:
        lines.append((name, PyUnicode_AsLatin1String(<object> value)))
    return 0


cdef object target_in(dict environ):
    cdef PyObject *found = value_of(environ, RAW_URI)
    if found == NULL or not <object> found:
        found = value_of(environ, REQUEST_URI)
    if found == NULL or not <object> found:
        return target_made(environ)
    raw = <object> found
    if PyUnicode_CheckExact(raw) and PyUnicode_IS_COMPACT_ASCII(raw):
        return raw
    return PyUnicode_AsLatin1String(raw)


cdef object target_made(dict environ):
    path = quote(PyUnicode_AsLatin1String(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")))
    query = environ.get("QUERY_STRING")
    return PyUnicode_AsLatin1String(f"{path}?{query}") if query else path


# ------------------------------------------------------------------ what the app gets

def edited_environ(Decision decision, environ):
    cdef mc_timeouts timeouts
    if decision._block.decision.outcome != MC_FORWARD:
        raise ValueError(f"no app gets it: the outcome is {decision.outcome.name}")
    mc_decision_timeouts(&decision._block.decision, &timeouts)
    return environ_for_app(decision, dict(environ), &timeouts)


cdef dict environ_for_app(Decision decision, dict environ, const mc_timeouts *timeouts):
    cdef mc_decision *d = &decision._block.decision
    cdef dict edited = PyDict_Copy(environ)
    cdef mc_router_told told
    cdef mc_view *view = &d.view
    cdef uint32_t i
    for no_header in NOT_HEADERS:
        edited.pop(no_header, None)
    if mc_decision_request_stays(d, timeouts, &told):
        drop(edited, environ, decision._block, view.hidden)
        for i in range(view.added_count):
            add(edited, view.added[i].name, view.added[i].value)
        for i in range(told.count):
            add(edited, told.lines[i].name, told.lines[i].value)
    else:
        edit_lines(decision, environ, edited)
    set_host(edited, decision._block)
    if d.target.data != d.request.target.data or d.target.size != d.request.target.size:
        set_target(edited, bytes_of(d.target))
    return edited


cdef int edit_lines(Decision decision, dict environ, dict edited) except -1:
    """Where the route, a filter or a tracer has something to say of them."""
    cdef mc_scratch scratch
    cdef char room[ROOM]
    cdef const mc_header_line *lines
    cdef uint32_t i, count
    cdef int32_t source
    cdef uint64_t gone[WORDS]
    cdef Block *block = decision._block
    decision.draw_ids()
    mc_scratch_init(&scratch)
    scratch.at = room
    scratch.end = room + ROOM
    try:
        if mc_attempt_request_headers(&block.decision, NULL, &scratch, &lines, &count):
            raise MemoryError
        gone[0] = gone[1] = <uint64_t> -1
        for i in range(count):
            source = lines[i].source
            if source >= 0:
                gone[source >> 6] &= ~(<uint64_t> 1 << (source & 63))
        drop(edited, environ, block, gone)
        for i in range(count):
            if lines[i].source < 0 and not is_host(lines[i].name):
                add(edited, lines[i].name, lines[i].value)
    finally:
        mc_scratch_reset(&scratch)
    return 0


cdef int drop(dict edited, dict environ, Block *block, const uint64_t *gone) except -1:
    """Take away those of the lines that came, as lines_in() has them, whose bits are set."""
    cdef PyObject *key
    cdef PyObject *value
    cdef Py_ssize_t at = 0
    cdef uint32_t i = 0, count = block.line_count
    while i < count and (is_host(block.lines[i].name) or not is_set(gone, i)):
        i += 1
    if i == count:
        return 0
    i = 0
    while PyDict_Next(environ, &at, &key, &value):
        if is_header(key) and name_of(<str> key) is not None:
            if is_set(gone, i) and not is_host(block.lines[i].name):
                del edited[<object> key]
            i += 1
    # The length stays: it says where the body ends, which the app does not learn otherwise.
    if environ.get("CONTENT_TYPE") and is_set(gone, i):
        del edited["CONTENT_TYPE"]
    return 0


cdef inline bint is_set(const uint64_t *bits, uint32_t i) noexcept:
    return i < WORDS * 64 and bits[i >> 6] >> (i & 63) & 1


cdef int add(dict edited, mc_slice name, mc_slice value) except -1:
    cdef str key = key_of(bytes_of(name))
    text = PyUnicode_DecodeLatin1(value.data, <Py_ssize_t> value.size, NULL)
    if key in edited and key[:5] == "HTTP_":
        text = f"{edited[key]},{text}"
    edited[key] = text
    return 0


cdef int set_host(dict edited, Block *block) except -1:
    """As the route has it, where that is not as it came."""
    cdef mc_slice authority = block.decision.authority
    cdef uint32_t i
    for i in range(block.line_count):
        if is_host(block.lines[i].name):
            if block.lines[i].value.data == authority.data and block.lines[i].value.size == authority.size:
                return 0
            break
    edited["HTTP_HOST"] = PyUnicode_DecodeLatin1(authority.data, <Py_ssize_t> authority.size, NULL)
    return 0


cdef int set_target(dict edited, bytes target) except -1:
    path, _, query = target.partition(b"?")
    whole = (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1")
    script = edited.get("SCRIPT_NAME", "")
    edited["PATH_INFO"] = whole[len(script) :] if whole.startswith(script) else whole
    edited["QUERY_STRING"] = query.decode("latin-1")
    for key in ("RAW_URI", "REQUEST_URI"):
        if key in edited:
            edited[key] = target.decode("latin-1")
    return 0


cdef inline bint is_host(mc_slice name) noexcept:
    return name.size == 4 and not memcmp(name.data, b"host", 4)


cdef inline bytes bytes_of(mc_slice text):
    return PyBytes_FromStringAndSize(text.data, <Py_ssize_t> text.size)
