"""Header lines that the core made, in the shape that the caller's came in."""

from libc.stdint cimport uint32_t

from meshcore._core cimport mc_header_line, mc_slice
from meshcore._request cimport text_of


cdef list text_pairs(object pairs):
    return [(text_of_object(name), text_of_object(value)) for name, value in pairs]


cdef object text_of_object(object value):
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


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
