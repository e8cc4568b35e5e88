"""Numbers that callers give, as the core's. What is no int raises TypeError, as everywhere."""

from libc.stdint cimport UINT64_MAX


cdef uint64_t number_given(object value, str name, uint64_t most) except? 0:
    """Raises ValueError, which names the argument, for a number that is not from 0 to ``most``."""
    cdef uint64_t number
    try:
        number = value
        if number <= most:
            return number
    except OverflowError:
        pass
    raise ValueError(f"{name} is {value}; expected 0 to {most}")


cdef uint64_t time_given(object now_ns) except? 0:
    return number_given(now_ns, "now_ns", UINT64_MAX)


cdef uint64_t unix_seconds_given(object unix_time) except? 0:
    """Whole seconds since 1970; times before count as that."""
    if not unix_time < 18446744073709551616.0:  # nor is NaN
        raise ValueError(f"unix_time is {unix_time}; expected seconds since 1970, less than 2**64")
    return <uint64_t> max(0, int(unix_time))
