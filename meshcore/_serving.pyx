"""The snapshot in force, and what puts another one into its place. Engine and decisions share it: a decision
that finds a cluster's balancer out of date has it built anew."""

import os
import threading
import weakref

from meshcore._core cimport *
from meshcore._snapshot cimport Runtime, Snapshot, endpoint_number, refreshed, with_cluster
from meshcore._outlier_status cimport ejections_since
from meshcore._standing cimport take_words, take_words_back

from meshcore._ejections import tell_ejections
from meshcore._near import similar
from meshcore.membership import with_endpoints


cdef class Serving:
    # One item: the snapshot in force. A list's item is read and replaced atomically, with the GIL and
    # without; an attribute of an extension type is not. No decision takes the lock, unless its cluster is stale.

    def __cinit__(self, clock, shared_state=None):
        self.entropy = mc_entropy_new()
        self.ids = mc_id_source_new()
        if self.entropy == NULL or self.ids == NULL:
            raise MemoryError
        self._clock = clock
        self._lock = threading.Lock()
        self.runtime = Runtime(shared_state)
        self._current = [None]
        self._watchers = ()
        self._ejected = {}
        _all.add(self)

    def __dealloc__(self):
        mc_entropy_free(self.entropy)
        mc_id_source_free(self.ids)

    cdef Snapshot snapshot(self):
        return <Snapshot> self._current[0]

    cdef int swap(self, object config) except -1:
        with self._lock:
            self._current[0] = Snapshot(
                config, self.runtime, mc_entropy_next(self.entropy), self._current[0], self._clock)
            names = (<Snapshot> self._current[0]).numbers
            self._ejected = {name: told for name, told in self._ejected.items() if name in names}
        self._tell()
        return 0

    cdef int update_endpoints(self, object cluster, tuple given) except -1:
        cdef Snapshot snapshot
        with self._lock:
            snapshot = self._current[0]
            number = number_of(snapshot, cluster)
            self._current[0] = with_cluster(
                snapshot, number, with_endpoints(snapshot.config.clusters[number], given),
                mc_entropy_next(self.entropy))
        self._tell()
        return 0

    cdef int watch(self, object callback) except -1:
        with self._lock:
            self._watchers += (callback,)
        return 0

    cdef int unwatch(self, object callback) except -1:
        with self._lock:
            self._watchers = tuple([one for one in self._watchers if one != callback])
        return 0

    cdef int _tell(self) except -1:
        for callback in self._watchers:
            callback()
        return 0

    cdef int hold(self) except -1:
        """Let nobody change anything for a moment."""
        self._lock.acquire()
        mc_runtime_lock(self.runtime.runtime)  # another thread may be freeing a snapshot
        return 0

    cdef int let_go(self) except -1:
        mc_runtime_unlock(self.runtime.runtime)
        self._lock.release()
        return 0

    cdef int begin_checks(self, object describe) except -1:
        with self._lock:
            if self.checks is not None:
                raise RuntimeError("the engine's endpoints are checked already")
            self.checks = describe
            self.runtime.checking = True
        return 0

    cdef int end_checks(self) except -1:
        cdef Snapshot snapshot
        with self._lock:
            self.checks = None
            self.runtime.checking = False
            snapshot = self._current[0]
            for number, cluster in enumerate(snapshot.config.clusters):
                if cluster.health_check is not None and take_words_back(snapshot, number):
                    snapshot = self._refresh(snapshot, number)
        return 0

    cdef int take_words(self, object cluster, object words) except -1:
        cdef Snapshot snapshot
        with self._lock:
            snapshot = self._current[0]
            number = snapshot.numbers.get(cluster)
            if number is not None and take_words(snapshot, number, words):
                self._refresh(snapshot, number)
        return 0

    cdef Snapshot _refresh(self, Snapshot snapshot, Py_ssize_t number):
        """Under the lock: rather here than in the next request."""
        snapshot = refreshed(snapshot, number, now_of(snapshot, None), mc_entropy_next(self.entropy))
        self._current[0] = snapshot
        return snapshot

    cdef int set_health(self, object cluster, object endpoint, bint healthy) except -1:
        cdef Snapshot snapshot
        with self._lock:
            snapshot = self._current[0]
            number = number_of(snapshot, cluster)
            mc_snapshot_set_health(
                snapshot.snapshot, <int32_t> number, endpoint_number(snapshot, number, endpoint), healthy)
            self._refresh(snapshot, number)
        return 0

    cdef object drain(self, object cluster, object endpoint, bint draining):
        """Take an endpoint out of service or back into it; the requests under way to it."""
        cdef Snapshot snapshot
        cdef uint32_t active = 0  # gcc cannot see that the block below always sets it
        with self._lock:
            snapshot = self._current[0]
            number = number_of(snapshot, cluster)
            active = mc_snapshot_drain(
                snapshot.snapshot, <int32_t> number, endpoint_number(snapshot, number, endpoint), draining)
            self._refresh(snapshot, number)
        return active

    cdef Snapshot refreshed(self, Snapshot stale, int32_t number, uint64_t now_ns):
        """The snapshot to decide on in place of one whose cluster of that number is stale."""
        cdef Snapshot snapshot
        with self._lock:
            snapshot = self._current[0]
            if snapshot is stale:
                snapshot = refreshed(stale, number, now_ns, mc_entropy_next(self.entropy))
                self._current[0] = snapshot
        if snapshot.numbers is not stale.numbers:  # that of a swap, which may have the cluster elsewhere or not at all
            there = snapshot.numbers.get(stale.clusters[number])
            if there is None:
                return snapshot
            number = there
        self._tell_ejections(snapshot, number, now_ns)
        return snapshot

    cdef int moved(self, object cluster, uint64_t now_ns) except -1:
        """Endpoints of a cluster may have been ejected: tell of it now rather than in the next request."""
        cdef Snapshot snapshot = self.snapshot()
        number = snapshot.numbers.get(cluster)
        if number is not None:
            self._tell_ejections(snapshot, number, now_ns)
        return 0

    cdef int _tell_ejections(self, Snapshot snapshot, Py_ssize_t number, uint64_t now_ns) except -1:
        """Not under the lock when it comes to telling: who takes what is logged may use the engine, too."""
        if not mc_snapshot_detects(snapshot.snapshot, <int32_t> number):
            return 0
        with self._lock:
            news = ejections_since(snapshot, number, self._ejected, now_ns)
        if news is not None:
            tell_ejections(snapshot.clusters[number], *news)
        return 0


# A child has no thread of its parent's but the one that forks: what another one is amid would stay so for ever.
_all = weakref.WeakSet()
_held = {}  # the servings that a thread holds while it forks


def _before_fork():
    held = _held[threading.get_ident()] = []
    for serving in list(_all):
        (<Serving> serving).hold()
        held.append(serving)


def _after_fork():
    for serving in _held.pop(threading.get_ident(), ()):
        (<Serving> serving).let_go()


def _after_fork_in_child():
    _after_fork()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)


cdef Py_ssize_t number_of(Snapshot snapshot, object cluster) except -1:
    number = snapshot.numbers.get(cluster)
    if number is None:
        raise KeyError(f"there is no cluster {cluster!r}{similar(cluster, snapshot.clusters)}")
    return number
