cdef struct Came:
    bint marked  # by a caller in the mesh
    bint spelt   # a header has a name of CGI's own, spelt with underscores


cdef class Header:
    """What a key of the environ stands for, and how it came last: of many clients most send the same."""

    cdef readonly bytes name   # None: no header
    cdef readonly bint marks   # a caller in the mesh
    cdef str _key
    cdef tuple _line           # with its value; None: that is not kept
    cdef bint _keeps

    cdef tuple with_value(self, object value)


# Header lines, in the bytes that came; repeated ones have been joined by the server.
cdef list lines_in(dict environ, Came *came)

# The request target as it was received, where the server keeps it: bytes, or str of ASCII.
cdef object target_in(dict environ)

# Whether it is a key of the environ for a header or its like; then header_of() tells which.
cdef bint is_header(object key) noexcept
cdef Header header_of(str key)
