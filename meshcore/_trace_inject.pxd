from cpython.object cimport PyObject

from meshcore._core cimport mc_span_context
from meshcore._trace_formats cimport Formats

cdef object inject_into(object headers, const mc_span_context *context, Formats formats, PyObject *trace_id,
                        PyObject *span_id)
