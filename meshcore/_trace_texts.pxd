"""The texts of a context, which lie together in one bytes object."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.string cimport memcpy

from meshcore._core cimport mc_slice, mc_span_context

cdef enum:
    TEXTS = 6


cdef inline void slices_of(mc_span_context *it, mc_slice **out) noexcept:
    out[0] = &it.tracestate
    out[1] = &it.baggage
    out[2] = &it.request_id
    out[3] = &it.datadog_origin
    out[4] = &it.datadog_tags
    out[5] = &it.xray


cdef inline bytes kept_texts(mc_span_context *it):
    """Copies what the slices point into, so that headers and scratch may go; None: there is nothing."""
    cdef mc_slice *slices[TEXTS]
    cdef size_t size = 0
    cdef char *at
    cdef int i
    cdef bytes texts
    slices_of(it, slices)
    for i in range(TEXTS):
        size += slices[i].size
    if not size:
        return None
    texts = PyBytes_FromStringAndSize(NULL, <Py_ssize_t> size)
    at = PyBytes_AS_STRING(texts)
    for i in range(TEXTS):
        if slices[i].size:
            memcpy(at, slices[i].data, slices[i].size)
            slices[i].data = at
            at += slices[i].size
    return texts
