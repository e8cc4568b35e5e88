# The texts of patterns, and what is matched against them: UTF-8 on the other side. Bytes that are not travel in a str as
# Python's surrogate escapes, as they do in headers and paths that Python decoded.

from meshcore._core cimport MC_NO_MEMORY, mc_error, mc_slice
from meshcore._given cimport text_given


cdef inline bytes encoded_text(object text, str name="text"):
    text_given(name, text)
    return (<str> text).encode("utf-8", "surrogateescape") if isinstance(text, str) else <bytes> text


cdef inline mc_slice slice_of(bytes text):
    cdef mc_slice out
    out.data = <const char *> text
    out.size = len(text)
    return out


cdef inline object text_like(object model, mc_slice text):
    """The text as str or bytes, whichever the model is; None where it is absent."""
    if text.data == NULL:
        return None
    cdef bytes data = text.data[:text.size]
    return data.decode("utf-8", "surrogateescape") if isinstance(model, str) else data


cdef inline object failure_of(type kind, object source, bytes encoded, const mc_error *error):
    if error.code == MC_NO_MEMORY:
        return MemoryError()
    cdef size_t position = error.position
    if isinstance(source, str):
        position = len(encoded[:position].decode("utf-8", "replace"))
    return kind((<bytes> error.message).decode("utf-8", "replace"), source, position)
