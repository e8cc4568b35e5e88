"""Endpoints that are picked without a request, and what they lease."""

cimport cython

from meshcore._core cimport *
from meshcore._given cimport seed_given, time_given
from meshcore._report cimport report_of
from meshcore._request cimport text_of
from meshcore._sealed cimport seal
from meshcore._serving cimport REFRESHES, Serving, now_of, number_of
from meshcore._snapshot cimport Snapshot

from meshcore._failures import failure_number


# Documented in _pick.pyi.
@cython.final
@cython.no_gc
cdef class Pick:
    cdef Serving _serving
    cdef Snapshot _snapshot
    cdef int32_t _number
    cdef mc_picked _picked
    cdef bint _held

    def __dealloc__(self):
        self._close()

    def __reduce__(self):
        raise TypeError("a Pick cannot be pickled or copied; Engine.pick() makes another one")

    def __repr__(self):
        return f"<Pick {self.endpoint or self.flags} of cluster {self.cluster!r}>"

    cdef void _close(self) noexcept:
        if self._held:
            self._held = False
            mc_snapshot_done(self._snapshot.snapshot, self._number, &self._picked)

    @property
    def cluster(self):
        return self._snapshot.clusters[self._number]

    @property
    def endpoint(self):
        if self._picked.endpoint < 0:
            return None
        return (<tuple> self._snapshot.endpoints[self._number])[self._picked.endpoint]

    @property
    def priority(self):
        return "default"

    @property
    def flags(self):
        cdef char text[MC_FLAGS_TEXT]
        return text_of(mc_flags_text(self._picked.flag, text)) if self._picked.flag else ""

    def report(self, *, status=None, headers=None, error=None, latency=None, now_ns=None):
        cdef mc_result result
        cdef mc_report load
        result.failure = MC_FAILURE_NONE if error is None else <mc_failure> <int> failure_number(error, status)
        if self._picked.endpoint < 0:
            return
        if error is not None or status is not None:
            result.status = 0 if status is None else status
            result.grpc_status = -1
            result.header_count = 0
            result.report.now_ns = self._snapshot.now() if now_ns is None else time_given(now_ns)
            if mc_snapshot_detect(self._snapshot.snapshot, self._number, self._picked.endpoint, &result):
                self._serving.moved(self.cluster, result.report.now_ns)
        if latency is None and headers is None:
            return
        if mc_snapshot_learns(self._snapshot.snapshot, self._number):
            load = report_of(self._snapshot, self._number, latency, headers, now_ns)
            mc_snapshot_report(self._snapshot.snapshot, self._number, self._picked.endpoint, &load)

    def close(self):
        self._close()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self._close()


seal(Pick, "picks are made by Engine.pick()")


@cython.nonecheck(True)  # of an engine whose __init__ has not been called
cdef object pick_of(Serving serving, object cluster, object seed, object now_ns):
    cdef Pick out = Pick.__new__(Pick)
    cdef Snapshot snapshot = serving.snapshot()
    cdef mc_pick_terms terms
    out._number = <int32_t> number_of(snapshot, cluster)
    terms.seed = mc_entropy_next(serving.entropy) if seed is None else seed_given(seed)
    terms.now_ns = now_of(snapshot, now_ns)
    for left in reversed(range(REFRESHES + 1)):
        terms.stale = not left
        if mc_snapshot_pick(snapshot.snapshot, out._number, &terms, &out._picked) != MC_STALE:
            break
        snapshot = serving.refreshed(snapshot, out._number, terms.now_ns)
        out._number = <int32_t> number_of(snapshot, cluster)  # it may be of another configuration
    out._serving = serving
    out._snapshot = snapshot
    out._held = out._picked.endpoint >= 0
    return out
