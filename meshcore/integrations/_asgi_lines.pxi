# What the route makes of a request's scope, for the app. Part of _asgi_answer.pyx.

cdef enum:
    ROOM = 2048        # bytes for header lines: of nearly all requests
    LINES_KEPT = 16
    VALUE_KEPT = 24    # bytes


cdef extern from *:
    """
    #define mc_items(list) (((PyListObject *)(list))->ob_item)

    static inline PyObject **mc_put(PyObject **at, PyObject *line) {
      Py_INCREF(line);
      *at = line;
      return at + 1;
    }

    /* In C, since every line of every request passes here. */
    static inline PyObject **mc_put_seen(PyObject **at, PyObject *const *lines, uint32_t count, const uint64_t *hidden) {
      for (uint32_t i = 0; i < count; i++) {
        if (!(hidden[i >> 6] >> (i & 63) & 1)) at = mc_put(at, lines[i]);
      }
      return at;
    }
    """
    # Lines go into a list that has just been made, which nobody else knows: where the next one goes.
    PyObject **mc_items(PyObject *made) noexcept
    PyObject **mc_put(PyObject **at, object line) noexcept
    PyObject **mc_put_seen(PyObject **at, PyObject **lines, uint32_t count, const uint64_t *hidden) noexcept


cdef dict scope_for_app(Decision decision, dict scope, const mc_timeouts *timeouts):
    cdef mc_decision *d = &decision._block.decision
    cdef dict edited = PyDict_Copy(scope)
    edited["headers"] = edited_lines(decision, timeouts)
    if unlikely(d.target.data != d.request.target.data) or unlikely(d.target.size != d.request.target.size):
        set_target(edited, d.target)
    return edited


cdef int set_target(dict scope, mc_slice target) except -1:
    path, _, query = bytes_of(target).partition(b"?")
    scope["path"] = unquote(path.decode("utf-8", "surrogateescape"))
    scope["raw_path"] = path
    scope["query_string"] = query
    return 0


cdef inline list edited_lines(Decision decision, const mc_timeouts *timeouts):
    """The header lines as the route makes them, with a host first."""
    cdef mc_router_told told
    cdef Block *block = decision._block
    if unlikely(decision._pairs is not None) or unlikely(not has_bytes(block)):
        return odd_lines(decision)
    if mc_decision_request_stays(&block.decision, timeouts, &told):
        return lines_and(block, &told)
    return routed_lines(decision)


cdef inline list lines_and(Block *block, const mc_router_told *told):
    """The lines of the view, and what the router tells."""
    cdef mc_view *view = &block.decision.view
    cdef uint32_t hidden = count_of(view.hidden[0]) + count_of(view.hidden[1])
    cdef list made = PyList_New(1 + view.header_count - hidden + view.added_count + told.count)
    cdef PyObject **at = mc_items(<PyObject *> made)
    at = mc_put(at, host_line(block))
    at = mc_put_seen(at, block.held, view.header_count, view.hidden)
    at = put_lines(at, view.added, view.added_count)
    put_lines(at, told.lines, told.count)
    return made


cdef PyObject **put_lines(PyObject **at, const mc_header *lines, uint32_t count) except NULL:
    """Lines of ours."""
    cdef uint32_t i
    for i in range(count):
        at = mc_put(at, line_of(lines[i].name, lines[i].value))
    return at


cdef list routed_lines(Decision decision):
    """Of a route that edits them."""
    cdef mc_scratch scratch
    cdef char room[ROOM]
    cdef const mc_header_line *lines
    cdef uint32_t count
    decision.draw_ids()
    mc_scratch_init(&scratch)
    scratch.at = room
    scratch.end = room + ROOM
    try:
        if mc_attempt_request_headers(&decision._block.decision, NULL, &scratch, &lines, &count):
            raise MemoryError
        return lines_of(decision._block, lines, count)
    finally:
        mc_scratch_reset(&scratch)


cdef list lines_of(Block *block, const mc_header_line *lines, uint32_t count):
    cdef uint32_t i, hosts = 0
    for i in range(count):
        hosts += is_host(lines[i].name)
    cdef list made = PyList_New(1 + count - hosts)
    cdef PyObject **at = mc_items(<PyObject *> made)
    at = mc_put(at, host_line(block))
    for i in range(count):
        if hosts and is_host(lines[i].name):  # a second one
            continue
        if lines[i].source >= 0:
            at = mc_put(at, <object> block.held[lines[i].source])
        else:
            at = mc_put(at, line_of(lines[i].name, lines[i].value))
    return made


cdef inline uint32_t count_of(uint64_t bits) noexcept:
    """The few that are set: compilers that may not use an instruction for it call a function that is longer."""
    cdef uint32_t count = 0
    while bits:
        bits &= bits - 1
        count += 1
    return count


cdef inline bint has_bytes(Block *block) noexcept:
    """Whether lines that came are of bytes, as ASGI has them: by the first one."""
    return unlikely(not block.line_count) or PyBytes_CheckExact(<object> PyTuple_GET_ITEM(<object> block.held[0], 0))


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
cdef PyObject *kept[LINES_KEPT]


cdef inline object line_of(mc_slice name, mc_slice value):
    cdef PyObject *found
    if likely(value.size <= VALUE_KEPT):
        found = kept[(name.size + value.size) % LINES_KEPT]
        if (
            likely(found != NULL) and likely(same(PyTuple_GET_ITEM(<object> found, 0), name))
            and likely(same(PyTuple_GET_ITEM(<object> found, 1), value))
        ):
            return <object> found
    return new_line(name, value)


cdef object new_line(mc_slice name, mc_slice value):
    cdef tuple made = (bytes_of(name), bytes_of(value))
    cdef size_t at = (name.size + value.size) % LINES_KEPT
    cdef PyObject *before = kept[at]
    if value.size <= VALUE_KEPT and MC_LISTS_STAY:  # else another thread might let go of the same one
        Py_INCREF(made)
        kept[at] = <PyObject *> made
        Py_XDECREF(before)
    return made
