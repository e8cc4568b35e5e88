cimport cython
from libc.stdint cimport uint32_t, uint64_t

from meshcore._core cimport *
from meshcore._rate_limit_spec cimport LimitSpecs
from meshcore._spec cimport Specs


cdef class Runtime:
    cdef mc_runtime *runtime
    cdef bint checking         # somebody checks endpoints actively
    cdef object shared_state   # shared.SharedState; None: all of it is this process's own


@cython.final
cdef class Snapshot:
    cdef mc_snapshot *snapshot
    cdef Runtime runtime
    cdef readonly object config
    cdef object clock          # gives seconds; None: the machine's
    cdef bint reads_clock      # decisions hang on the time
    cdef bint reads_unix_time  # they hang on the time of day
    cdef uint32_t makes_ids    # random numbers that they take for ids of requests and traces
    cdef tuple listeners       # names
    cdef tuple filters         # by listener: (name, model) of each filter that acts, in order
    cdef tuple hosts           # names
    cdef tuple virtual_hosts   # model.VirtualHost
    cdef tuple routes          # model.Route
    cdef tuple route_names
    cdef tuple clusters        # names
    cdef dict numbers          # of clusters, by name
    cdef tuple endpoints       # by cluster: names

    cdef uint64_t now(self) except? 0
    cdef uint64_t unix_time(self) except? 0
    cdef int _clusters(self, Specs specs, Snapshot previous, dict by_name, mc_snapshot_spec *spec) except -1
    cdef int _hosts(self, Specs specs, LimitSpecs limits, dict numbers, dict by_name, mc_snapshot_spec *spec) except -1
    cdef int _listeners(self, Specs specs, LimitSpecs limits, dict numbers, dict by_name, mc_snapshot_spec *spec) except -1


cdef Snapshot with_cluster(Snapshot old, Py_ssize_t number, object cluster, uint64_t seed)
cdef Snapshot refreshed(Snapshot old, Py_ssize_t number, uint64_t now_ns, uint64_t seed)
cdef int32_t endpoint_number(Snapshot snapshot, Py_ssize_t number, object endpoint) except -1
