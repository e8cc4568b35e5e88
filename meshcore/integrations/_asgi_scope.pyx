"""ASGI scopes: what of them is decided on, and what becomes of them."""

from urllib.parse import quote, unquote

cimport cython
from cpython.bytes cimport PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Copy
from cpython.list cimport PyList_New, PyList_SET_ITEM
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_GET_ITEM
from libc.stdint cimport uint32_t, uint64_t

from meshcore._core cimport (
    mc_attempt_request_headers, mc_decision, mc_decision_request_stays, mc_decision_timeouts, mc_header_line,
    mc_router_told, mc_scratch, mc_scratch_init, mc_scratch_reset, mc_slice, mc_timeouts, mc_view,
)
from meshcore.decision cimport Block, Decision
from meshcore.integrations._fields cimport Field, field_of, value_of
from meshcore.integrations._lines cimport bytes_of, is_host, same

__all__ = ["edited_scope", "target_of"]

cdef enum:
    ROOM = 2048        # bytes for header lines: of nearly all requests
    LINES_KEPT = 16
    VALUE_KEPT = 24    # bytes


cdef Field *RAW_PATH = field_of("raw_path")
cdef Field *QUERY_STRING = field_of("query_string")


cdef bytes target_in(dict scope):
    cdef PyObject *path = value_of(scope, RAW_PATH)
    cdef PyObject *query = value_of(scope, QUERY_STRING)
    if path != NULL and PyBytes_CheckExact(<object> path) and PyBytes_GET_SIZE(<object> path):
        if query != NULL and PyBytes_CheckExact(<object> query) and not PyBytes_GET_SIZE(<object> query):
            return <bytes> path
    return target_of(scope)


def target_of(scope):
    path = scope.get("raw_path")
    if not path:
        path = quote(scope["path"] or "/", errors="surrogateescape").encode()
    query = scope.get("query_string")
    return path + b"?" + query if query else path


def edited_scope(Decision decision, scope):
    cdef mc_timeouts timeouts
    mc_decision_timeouts(&decision._block.decision, &timeouts)
    return scope_for_app(decision, dict(scope), &timeouts)


cdef dict scope_for_app(Decision decision, dict scope, const mc_timeouts *timeouts):
    cdef mc_decision *d = &decision._block.decision
    cdef dict edited = PyDict_Copy(scope)
    edited["headers"] = edited_lines(decision, timeouts)
    if d.target.data != d.request.target.data or d.target.size != d.request.target.size:
        path, _, query = bytes_of(d.target).partition(b"?")
        edited["path"] = unquote(path.decode("utf-8", "surrogateescape"))
        edited["raw_path"] = path
        edited["query_string"] = query
    return edited


cdef list edited_lines(Decision decision, const mc_timeouts *timeouts):
    """The header lines as the route makes them, with a host first."""
    cdef mc_scratch scratch
    cdef char room[ROOM]
    cdef const mc_header_line *lines
    cdef uint32_t count
    cdef mc_router_told told
    cdef Block *block = decision._block
    if decision._pairs is not None or not has_bytes(block):
        return odd_lines(decision)
    if mc_decision_request_stays(&block.decision, timeouts, &told):
        return lines_and(block, &told)
    decision.draw_ids()
    mc_scratch_init(&scratch)
    scratch.at = room
    scratch.end = room + ROOM
    try:
        if mc_attempt_request_headers(&block.decision, NULL, &scratch, &lines, &count):
            raise MemoryError
        return lines_of(block, lines, count)
    finally:
        mc_scratch_reset(&scratch)


cdef list lines_and(Block *block, const mc_router_told *told):
    """The lines of the view, and what the router tells."""
    cdef mc_view *view = &block.decision.view
    cdef uint32_t i
    cdef uint32_t hidden = count_of(view.hidden[0]) + count_of(view.hidden[1])
    cdef list made = PyList_New(1 + view.header_count - hidden + view.added_count + told.count)
    cdef Py_ssize_t at = 1
    put(made, 0, host_line(block))
    for i in range(view.header_count):
        if not view.hidden[i >> 6] >> (i & 63) & 1:
            put(made, at, <object> block.held[i])
            at += 1
    for i in range(view.added_count):
        put(made, at, line_of(view.added[i].name, view.added[i].value))
        at += 1
    for i in range(told.count):
        put(made, at, line_of(told.lines[i].name, told.lines[i].value))
        at += 1
    return made


cdef list lines_of(Block *block, const mc_header_line *lines, uint32_t count):
    cdef uint32_t i, hosts = 0
    for i in range(count):
        hosts += is_host(lines[i].name)
    cdef list made = PyList_New(1 + count - hosts)
    cdef Py_ssize_t at = 1
    put(made, 0, host_line(block))
    for i in range(count):
        if hosts and is_host(lines[i].name):  # a second one
            continue
        if lines[i].source >= 0:
            put(made, at, <object> block.held[lines[i].source])
        else:
            put(made, at, line_of(lines[i].name, lines[i].value))
        at += 1
    return made


cdef inline uint32_t count_of(uint64_t bits) noexcept:
    """The few that are set: compilers that may not use an instruction for it call a function that is longer."""
    cdef uint32_t count = 0
    while bits:
        bits &= bits - 1
        count += 1
    return count


cdef inline void put(list made, Py_ssize_t at, object line) noexcept:
    Py_INCREF(line)
    PyList_SET_ITEM(made, at, line)


cdef inline bint has_bytes(Block *block) noexcept:
    """Whether lines that came are of bytes, as ASGI has them: by the first one."""
    return not block.line_count or PyBytes_CheckExact(<object> PyTuple_GET_ITEM(<object> block.held[0], 0))


cdef object host_line(Block *block):
    """The line that came, where the route has left it as it was."""
    cdef mc_slice authority = block.decision.authority
    cdef uint32_t i
    for i in range(block.line_count):
        if is_host(block.lines[i].name):
            if block.lines[i].value.data == authority.data and block.lines[i].value.size == authority.size:
                return <object> block.held[i]
            break
    return (b"host", bytes_of(authority))


cdef list odd_lines(Decision decision):
    """The same of lines that no server gives."""
    cdef list lines = [line for line in decision.request_headers() if line[0] != b"host"]
    lines.insert(0, (b"host", bytes_of(decision._block.decision.authority)))
    return lines


# ------------------------------------------------------------------ lines of ours

#: The latest short ones: x-forwarded-proto and the like, which most requests of a process have alike.
cdef list kept = [None] * LINES_KEPT


cdef object line_of(mc_slice name, mc_slice value):
    cdef size_t at = (name.size + value.size) % LINES_KEPT
    cdef object found
    if value.size > VALUE_KEPT:
        return bytes_of(name), bytes_of(value)
    found = kept[at]
    if found is not None:
        if same(PyTuple_GET_ITEM(found, 0), name) and same(PyTuple_GET_ITEM(found, 1), value):
            return found
    found = kept[at] = (bytes_of(name), bytes_of(value))
    return found
