"""Circuit breakers of a snapshot's clusters: leases for those who have connections, and what is used."""

cimport cython

from meshcore._core cimport *
from meshcore._sealed cimport seal
from meshcore._serving cimport number_of
from meshcore._snapshot cimport Snapshot, endpoint_number

cdef dict PRIORITIES = {"default": MC_ROUTING_DEFAULT, "high": MC_ROUTING_HIGH}
cdef dict RESOURCES = {
    "connections": MC_RESOURCE_CONNECTIONS,
    "pending_requests": MC_RESOURCE_PENDING,
    "requests": MC_RESOURCE_REQUESTS,
    "retries": MC_RESOURCE_RETRIES,
}


# Documented in engine.pyi.
@cython.final
@cython.no_gc
cdef class Lease:
    cdef Snapshot _snapshot
    cdef int32_t _cluster, _endpoint  # _endpoint -1: no connection, but a request that waits for one
    cdef mc_routing_priority _priority
    cdef uint8_t _holder  # 0: nothing is held

    def __dealloc__(self):
        self._close()

    def __reduce__(self):
        raise TypeError("a Lease cannot be pickled or copied; Engine.connection() and Engine.pending() make others")

    def __repr__(self):
        what = "pending request" if self._endpoint < 0 else "connection"
        return f"<Lease of a {what}{'' if self._holder else ', closed'}>"

    cdef void _close(self) noexcept:
        cdef uint8_t holder = self._holder
        if not holder:
            return
        self._holder = 0
        if self._endpoint >= 0:
            mc_snapshot_give_connection(
                self._snapshot.snapshot, self._cluster, self._endpoint, self._priority, holder)
        else:
            mc_snapshot_give(self._snapshot.snapshot, self._cluster, self._priority, MC_RESOURCE_PENDING, holder)

    def close(self):
        self._close()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self._close()


seal(Lease, "leases are made by Engine.connection() and Engine.pending()")


cdef Lease lease_of(Snapshot snapshot, object cluster, object priority):
    """A lease that holds nothing yet."""
    cdef Lease out = Lease.__new__(Lease)
    found = PRIORITIES.get(priority)
    if found is None:
        raise ValueError(f"priority is {priority!r}; expected 'default' or 'high'")
    out._snapshot = snapshot
    out._cluster = <int32_t> number_of(snapshot, cluster)
    out._endpoint = -1
    out._priority = <mc_routing_priority> <int> found
    return out


cdef object connection_of(Snapshot snapshot, object cluster, object endpoint, object priority):
    cdef Lease out = lease_of(snapshot, cluster, priority)
    out._endpoint = endpoint_number(snapshot, out._cluster, endpoint)
    out._holder = mc_snapshot_take_connection(snapshot.snapshot, out._cluster, out._endpoint, out._priority)
    return out if out._holder else None


cdef object pending_of(Snapshot snapshot, object cluster, object priority):
    cdef Lease out = lease_of(snapshot, cluster, priority)
    out._holder = mc_snapshot_take(snapshot.snapshot, out._cluster, out._priority, MC_RESOURCE_PENDING)
    return out if out._holder else None


cdef dict breakers_of(Snapshot snapshot, Py_ssize_t cluster):
    """By priority and resource."""
    cdef mc_usage usage
    out = {}
    for priority, number in PRIORITIES.items():
        out[priority] = {}
        for name, resource in RESOURCES.items():
            usage = mc_snapshot_usage(
                snapshot.snapshot, <int32_t> cluster, <mc_routing_priority> <int> number, <mc_resource> <int> resource)
            unlimited = usage.limit == <uint32_t> 0xFFFFFFFF
            out[priority][name] = {
                "limit": None if unlimited else usage.limit,
                "used": usage.used,
                "remaining": None if unlimited else max(0, usage.limit - <int64_t> usage.used),
                "open": usage.used >= usage.limit,
                "overflows": usage.overflows,
            }
    return out
