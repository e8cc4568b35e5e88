"""WSGI's environ (PEP 3333): what becomes of it."""

from urllib.parse import unquote_to_bytes

from cpython.dict cimport PyDict_Copy
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM
from libc.stdint cimport int32_t, uint32_t, uint64_t

from meshcore._core cimport (
    MC_FORWARD, mc_attempt_request_headers, mc_decision, mc_decision_request_stays, mc_decision_timeouts,
    mc_header_line, mc_router_told, mc_scratch, mc_scratch_init, mc_scratch_reset, mc_slice, mc_timeouts, mc_view,
)
from meshcore.decision cimport Block, Decision
from meshcore.integrations._fields cimport PyDict_GetItemWithError, PyDict_Next
from meshcore.integrations._lines cimport bytes_of, is_host, same
from meshcore.integrations._wsgi_came cimport header_of, is_header

__all__ = ["edited_environ"]


cdef extern from "Python.h":
    str PyUnicode_DecodeLatin1(const char *text, Py_ssize_t size, const char *errors)

cdef enum:
    ROOM = 2048      # bytes for header lines: of nearly all requests
    WORDS = 2        # of bits, one for each line: as a view has them
    VALUE_KEPT = 64  # bytes
    LINES_KEPT = 16  # of those that routes add


def edited_environ(Decision decision, environ):
    cdef mc_timeouts timeouts
    if decision._block.decision.outcome != MC_FORWARD:
        raise ValueError(f"no app gets it: the outcome is {decision.outcome.name}")
    mc_decision_timeouts(&decision._block.decision, &timeouts)
    return environ_for_app(decision, dict(environ), True, &timeouts)


cdef dict environ_for_app(Decision decision, dict environ, bint spelt, const mc_timeouts *timeouts):
    cdef mc_decision *d = &decision._block.decision
    cdef dict edited = PyDict_Copy(environ)
    cdef mc_router_told told
    cdef mc_view *view = &d.view
    cdef uint32_t i
    if spelt:
        edited.pop("HTTP_CONTENT_TYPE", None)
        edited.pop("HTTP_CONTENT_LENGTH", None)
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
        if is_header(<object> key) and header_of(<str> key).name is not None:
            if is_set(gone, i) and not is_host(block.lines[i].name):
                del edited[<object> key]
            i += 1
    # The length stays, add() sees to that, too: it says where the body ends, which the app does not learn otherwise.
    if environ.get("CONTENT_TYPE") and is_set(gone, i):
        del edited["CONTENT_TYPE"]
    return 0


cdef inline bint is_set(const uint64_t *bits, uint32_t i) noexcept:
    return i < WORDS * 64 and bits[i >> 6] >> (i & 63) & 1


cdef int add(dict edited, mc_slice name, mc_slice value) except -1:
    cdef tuple made = variable_of(name, value)
    key, text = made[2], made[3]
    if key in FRAMING:
        return 0
    cdef PyObject *before = PyDict_GetItemWithError(edited, key)
    if before != NULL and is_header(key):
        text = f"{<object> before},{text}"
    edited[key] = text
    return 0


#: What says where the body ends, which no edit changes.
cdef frozenset FRAMING = frozenset(("CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"))

#: The latest short ones: x-forwarded-proto and the like, which most requests of a process have alike.
cdef list kept = [None] * LINES_KEPT


cdef tuple variable_of(mc_slice name, mc_slice value):
    """Name and value of a line, and what they are in the environ."""
    cdef size_t at = (name.size + value.size) % LINES_KEPT
    cdef object found = kept[at]
    if found is not None and same(PyTuple_GET_ITEM(found, 0), name) and same(PyTuple_GET_ITEM(found, 1), value):
        return found
    line = (bytes_of(name), bytes_of(value))
    key = line[0].decode("latin-1").upper().replace("-", "_")
    if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        key = "HTTP_" + key
    made = (line[0], line[1], key, line[1].decode("latin-1"))
    if value.size <= VALUE_KEPT:
        kept[at] = made
    return made


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
