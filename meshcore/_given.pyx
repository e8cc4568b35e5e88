"""What callers give, as the core has it: what is wrong is told by the name of its argument."""

from libc.stdint cimport UINT64_MAX

from collections.abc import Iterable

from meshcore._hosts import checked_seed
from meshcore._options import wrong

cdef extern from "Python.h":
    bint PyIndex_Check(object value)


cdef uint64_t number_given(object value, str name, uint64_t most) except? 0:
    """Raises TypeError for what is no int, ValueError for one that is not from 0 to ``most``."""
    cdef uint64_t number
    if not PyIndex_Check(value):  # a float would lose what is behind its point
        raise wrong(name, value, "an int")
    try:
        number = value
        if number <= most:
            return number
    except OverflowError:
        pass
    raise ValueError(f"{name} is {value}; expected 0 to {most}")


cdef uint64_t time_given(object now_ns) except? 0:
    return number_given(now_ns, "now_ns", UINT64_MAX)


cdef uint64_t unix_ns_given(object unix_time) except? 0:
    """Nanoseconds since 1970; times before count as that, and those from 2554 on as the last."""
    try:
        if unix_time < 18446744073709551616.0:  # nor is NaN
            return min(max(0, int(unix_time * 1_000_000_000)), UINT64_MAX)
    except TypeError:
        raise wrong("unix_time", unix_time, "seconds since 1970") from None
    raise ValueError(f"unix_time is {unix_time}; expected seconds since 1970, less than 2**64")


cdef uint64_t seed_given(object seed) except? 0:
    """Of a larger one the lower 64 bits."""
    return seed & 0xFFFFFFFFFFFFFFFF if type(seed) is int else checked_seed(seed)


# ---------------------------------------------------------------------- texts and header lines

cdef int text_given(str name, object value, bint or_none=False) except -1:
    """Raises TypeError for what is no text (nor None, where it may be that)."""
    if not isinstance(value, (str, bytes)) and not (or_none and value is None):
        raise wrong(name, value, "str, bytes or None" if or_none else "str or bytes")
    return 0


cdef int line_given(object name, object value) except -1:
    """Raises TypeError for the name and the value of a header line that are not both texts."""
    text_given("the name of a header line", name)
    if not isinstance(value, (str, bytes)):
        several = "; each of several values has a line of its own" if isinstance(value, (list, tuple)) else ""
        raise wrong(f"the value of header {name!r}", value, f"str or bytes{several}")
    return 0


cdef tuple pair_given(object pair):
    """Raises TypeError for a header line that is no pair, such as one text of both."""
    if isinstance(pair, (str, bytes)) or not isinstance(pair, Iterable):
        raise wrong("a header line", pair, "a pair of name and value, such as ('accept', '*/*')")
    return tuple(pair)


cdef object lines_given(object headers):
    """Raises TypeError for what holds no header lines, such as one text."""
    if isinstance(headers, (str, bytes, bytearray)) or not isinstance(headers, Iterable):
        raise wrong("headers", headers, "a dict, or a list of pairs of name and value")
    return headers
