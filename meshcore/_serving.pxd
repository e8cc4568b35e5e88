from libc.stdint cimport int32_t, uint64_t

from meshcore._core cimport *
from meshcore._given cimport time_given, unix_ns_given
from meshcore._request cimport MC_LISTS_STAY
from meshcore._snapshot cimport Runtime, Snapshot


# Health that changes while it is taken into account holds a request up so often and no more.
cdef enum:
    REFRESHES = 4


cdef class Serving:
    cdef list _current
    cdef Runtime runtime
    cdef mc_entropy *entropy
    cdef mc_id_source *ids     # of requests and traces
    cdef object _lock, _clock
    cdef tuple _watchers       # called after changes of the configuration
    cdef dict _ejected         # cluster -> addresses that were told to be ejected; under the lock
    cdef object __weakref__
    cdef object checks         # tells of an endpoint's active checks; None: nobody checks

    cdef Snapshot snapshot(self)
    cdef int swap(self, object config) except -1
    cdef int update_endpoints(self, object cluster, tuple given) except -1
    cdef int set_health(self, object cluster, object endpoint, bint healthy) except -1
    cdef object drain(self, object cluster, object endpoint, bint draining)
    cdef int begin_checks(self, object describe) except -1
    cdef int end_checks(self) except -1
    cdef int take_words(self, object cluster, object words) except -1
    cdef int _tell(self) except -1
    cdef int hold(self) except -1
    cdef int let_go(self) except -1
    cdef Snapshot _refresh(self, Snapshot snapshot, Py_ssize_t number)
    cdef int moved(self, object cluster, uint64_t now_ns) except -1
    cdef int _tell_ejections(self, Snapshot snapshot, Py_ssize_t number, uint64_t now_ns) except -1
    cdef int watch(self, object callback) except -1
    cdef int unwatch(self, object callback) except -1
    cdef Snapshot refreshed(self, Snapshot stale, int32_t number, uint64_t now_ns)


cdef inline uint64_t now_of(Snapshot snapshot, object given) except? 1:
    """The time of a request: what the caller says, or the clock's, which is read only where something hangs on it."""
    if given is not None:
        return time_given(given)
    return snapshot.now() if snapshot.reads_clock else 0


cdef enum:
    OWN_IDS = 2  # of a request's random numbers those that its id is made of; those of a trace follow


cdef inline uint64_t draw_seed(Serving serving) noexcept:
    if MC_LISTS_STAY:  # the GIL is held
        return mc_entropy_next_alone(serving.entropy)
    return mc_entropy_next(serving.entropy)


cdef inline int draw_ids(Serving serving, uint64_t *out, size_t count) except -1:
    cdef bint taken = (mc_id_source_take_alone if MC_LISTS_STAY else mc_id_source_take)(serving.ids, out, count)
    if not taken:
        raise OSError("the system has no random numbers to give")
    return 0


cdef inline uint64_t unix_time_of(Snapshot snapshot, object given) except? 1:
    """The time of day, in nanoseconds; likewise."""
    if given is not None:
        return unix_ns_given(given)
    return snapshot.unix_time() if snapshot.reads_unix_time else 0


cdef Py_ssize_t number_of(Snapshot snapshot, object cluster) except -1
