from meshcore._core cimport mc_request
from meshcore._snapshot cimport Snapshot


cdef object facts_of(Snapshot snapshot, const mc_request *request)
