"""A shared state as the core has it: the file's memory, and this process's place in it. shared.py makes them."""

from libc.stdint cimport uintptr_t

from meshcore._core cimport *

__all__ = ["LAYOUT", "Mapping"]

LAYOUT = MC_SHARED_LAYOUT


cdef class Mapping:
    cdef mc_shared *_shared

    def __cinit__(self, int descriptor, size, workers, bytes boot):
        cdef mc_error error
        cdef const unsigned char *start = boot
        cdef uint64_t bytes_ = size
        cdef uint32_t most = workers
        with nogil:
            self._shared = mc_platform_shared_open(descriptor, bytes_, most, start, &error)
        if self._shared == NULL:
            raise ValueError(error.message.decode())

    def __dealloc__(self):
        mc_platform_shared_close(self._shared)

    @property
    def address(self):
        return <uintptr_t> self._shared

    def forked(self, int descriptor):
        return mc_platform_shared_forked(self._shared, descriptor)

    def reclaim(self):
        cdef uint32_t found
        with nogil:
            found = mc_shared_reclaim(self._shared)
        return found

    def status(self):
        cdef mc_shared_status status = mc_shared_status_of(self._shared)
        return {"size": status.size, "used": status.used, "regions": status.regions, "workers": status.workers}

    def processes(self):
        return {
            slot: pid
            for slot in range(1, MC_SHARED_MAX_WORKERS + 1)
            if (pid := mc_shared_pid(self._shared, slot))
        }

    def slot(self):
        return mc_shared_slot_number(self._shared)
