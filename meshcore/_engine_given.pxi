# What callers give of a request, taken for the core: in place, and held by the decision. Part of engine.pyx.

cdef inline bint fill_plain(
    mc_request *request, object method, object authority, object path, object scheme, object source, object local,
    object protocol, object source_port, object port
) noexcept:
    """What a caller gives of a request, in place, as nearly all give it; False where it takes fill()."""
    return (
        take_plain(<PyObject *> method, &request.method)
        and take_plain_or_none(authority, &request.authority)
        and take_plain(<PyObject *> path, &request.target)
        and take_plain(<PyObject *> scheme, &request.scheme)
        and take_plain_or_none(source, &request.source)
        and take_plain_or_none(local, &request.local)
        and take_plain(<PyObject *> protocol, &request.protocol)
        and take_port(source_port, &request.source_port)
        and take_port_or_none(port, &request.port)
    )


cdef inline bint take_plain_or_none(object value, mc_slice *out) noexcept:
    out.data = NULL
    out.size = 0
    return value is None or take_plain(<PyObject *> value, out)


cdef object NO_PORT = 0  # what nearly all give: it is told by what it is


cdef inline bint take_port(object value, uint16_t *out) noexcept:
    cdef int overflow
    out[0] = 0
    if value is NO_PORT:
        return True
    cdef long number = PyLong_AsLongAndOverflow(value, &overflow) if type(value) is int else -1
    out[0] = <uint16_t> number
    return 0 <= number <= 0xFFFF


cdef inline bint take_port_or_none(object value, uint16_t *out) noexcept:
    out[0] = 0
    return value is None or take_port(value, out)


cdef int fill(
    mc_request *request, object method, object authority, object path, object scheme, object source, object local,
    object protocol, object source_port, object port
) except -1:
    """Likewise, of whatever types. Raises TypeError and ValueError, which name the argument, and UnicodeEncodeError
    as take() does."""
    text_given("method", method)
    text_given("authority", authority, or_none=True)
    text_given("path", path)
    text_given("scheme", scheme)
    text_given("source", source, or_none=True)
    text_given("local", local, or_none=True)
    text_given("protocol", protocol)
    take(method, &request.method)
    take(path, &request.target)
    take(scheme, &request.scheme)
    take(protocol, &request.protocol)
    request.authority.data = request.source.data = request.local.data = NULL
    request.authority.size = request.source.size = request.local.size = 0
    if authority is not None:
        take(authority, &request.authority)
    if source is not None:
        take(source, &request.source)
        request.source = mc_peer_address(request.source)
    if local is not None:
        take(local, &request.local)
        request.local = mc_peer_address(request.local)
    request.source_port = <uint16_t> number_given(source_port, "source_port", 0xFFFF)
    request.port = 0 if port is None else <uint16_t> number_given(port, "port", 0xFFFF)
    return 0


cdef inline void hold_texts(
    Decided decision, object method, object authority, object path, object scheme, object source, object local,
    object protocol
) noexcept:
    """Keep what the decision's request points into."""
    cdef Block *block = decision._block
    block.path = <PyObject *> path
    block.authority = <PyObject *> authority
    hold(block, <PyObject *> method)
    hold(block, <PyObject *> authority)
    hold(block, <PyObject *> path)
    hold(block, <PyObject *> scheme)
    hold(block, <PyObject *> protocol)
    if source is not None:
        hold(block, <PyObject *> source)
    if local is not None:
        hold(block, <PyObject *> local)


cdef inline const unsigned char *served_of(Snapshot snapshot, tuple served) except? NULL:
    """The second of (a configuration, bytes), where the first is in force still."""
    if served is None or served[0] is not snapshot.config:
        return NULL
    if not PyBytes_CheckExact(served[1]) or PyBytes_GET_SIZE(served[1]) != PyTuple_GET_SIZE(snapshot.clusters):
        raise ValueError("served is a configuration and bytes, one for each of its clusters")
    return <const unsigned char *> PyBytes_AS_STRING(<bytes> served[1])
