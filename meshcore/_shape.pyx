"""Header lines that the core made, in the shape that the caller's came in."""

from libc.stdint cimport uint16_t, uint32_t

from meshcore._block cimport Block, block_free, block_new, block_take
from meshcore._core cimport *
from meshcore._request cimport take, text_of


cdef list text_pairs(object pairs):
    return [(text_of_object(name), text_of_object(value)) for name, value in pairs]


cdef object text_of_object(object value):
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


cdef object request_lines(const mc_decision *decision, const mc_attempt *attempt, object given, tuple pairs):
    cdef mc_scratch scratch
    cdef const mc_header_line *lines
    cdef uint32_t count
    mc_scratch_init(&scratch)
    try:
        if mc_attempt_request_headers(decision, attempt, &scratch, &lines, &count):
            raise MemoryError
        return shaped(given, pairs, lines, count)
    finally:
        mc_scratch_reset(&scratch)


cdef object mirror_lines(const mc_decision *decision, uint32_t policy, object given, tuple pairs):
    cdef mc_scratch scratch
    cdef const mc_header_line *lines
    cdef uint32_t count
    mc_scratch_init(&scratch)
    try:
        if mc_decision_mirror_headers(decision, policy, &scratch, &lines, &count):
            raise MemoryError
        return shaped(given, pairs, lines, count)
    finally:
        mc_scratch_reset(&scratch)


cdef object response_lines(const mc_decision *decision, object headers, object status, bytes body, object given):
    cdef mc_scratch scratch
    cdef const mc_header_line *lines
    cdef uint32_t count
    cdef uint16_t sent_status
    cdef mc_slice sent_body
    cdef mc_response response
    cdef tuple pairs = ()
    cdef Block *block = block_new()
    mc_scratch_init(&scratch)
    try:
        if headers is not None:
            pairs = block_take(block, headers)
        response.status = 0 if status is None else status
        response.headers = block.lines
        response.header_count = block.line_count
        take(body, &response.body)
        if mc_decision_response_headers(
            decision, &response, &scratch, &lines, &count, &sent_status, &sent_body
        ):
            raise MemoryError
        return shaped(given if headers is None else headers, pairs, lines, count)
    finally:
        mc_scratch_reset(&scratch)
        block_free(block)


cdef object shaped(object given, tuple pairs, const mc_header_line *lines, uint32_t count):
    """Result lines in the shape of what was given. Lines that came in are the very objects."""
    cdef list out = []
    cdef uint32_t i
    cdef mc_slice name, value
    cdef bint as_text
    if pairs:
        as_text = isinstance((<tuple> pairs[0])[0], str)
    else:
        as_text = isinstance(given, dict) or hasattr(given, "keys")
    for i in range(count):
        if lines[i].source >= 0:
            out.append(pairs[lines[i].source])
            continue
        name, value = lines[i].name, lines[i].value
        if as_text:
            out.append((text_of(name), text_of(value)))
        else:
            out.append((name.data[: name.size], value.data[: value.size]))
    if isinstance(given, (list, tuple)) or not hasattr(given, "keys"):
        return out
    return rebuilt(given, out)


cdef object rebuilt(object given, list pairs):
    """A mapping like the given one. A plain dict joins repeated names with ", " (RFC 9110, 5.3)."""
    if isinstance(given, dict):
        joined = {}
        for name, value in pairs:
            glue = ", " if isinstance(value, str) else b", "
            joined[name] = value if name not in joined else joined[name] + glue + value
        return joined
    copy = getattr(given, "copy", None)
    made = given if copy is None else copy()
    if made is not given and hasattr(made, "clear") and hasattr(made, "add"):
        made.clear()
        for name, value in pairs:
            made.add(name, value)
        return made
    if hasattr(given, "raw"):
        return type(given)(pairs) if hasattr(given, "multi_items") else type(given)(raw=pairs)
    return pairs
