from meshcore._core cimport mc_action_spec, mc_http_options
from meshcore._spec cimport Specs


cdef int exchange_spec(Specs specs, object action, object host, mc_action_spec *out) except -1
cdef int exchange_options(object options, mc_http_options *out) except -1
