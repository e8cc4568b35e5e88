from meshcore._core cimport mc_http_options, mc_sampling_shares, mc_upgrade
from meshcore._spec cimport Specs

cdef int options_spec(Specs specs, object options, mc_http_options *out) except -1
cdef const mc_upgrade *upgrades_spec(Specs specs, tuple upgrades) except NULL
cdef void shares_of(object sampling, mc_sampling_shares *out)
