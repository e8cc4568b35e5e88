"""The engine: the configuration in force, and the requests that it is asked about. The stub engine.pyi has the
documentation; decisions live in decision.pyx.
"""

import threading

from meshcore._cluster_spec cimport nanoseconds
from meshcore._core cimport *
from meshcore._request cimport as_bytes, take
from meshcore._snapshot cimport Runtime, Snapshot, set_health, with_cluster
from meshcore.decision cimport Decision as Decided, decide, peek

from meshcore.decision import Decision, Mirror, Outcome
from meshcore.membership import with_endpoints
from meshcore.model import Config

__all__ = ["Decision", "Engine", "Mirror", "Outcome"]


cdef inline uint64_t now_of(Snapshot snapshot, object given) except? 0:
    """The time of a request: what the caller says, or the clock's, which is read only where something hangs on it."""
    if given is not None:
        return given
    return snapshot.now() if snapshot.reads_clock else 0


cdef inline int fill(
    mc_request *request, object method, object authority, object path, object scheme, object source, object local,
    object protocol
) except -1:
    """The texts of a request, in place. Raises UnicodeEncodeError as take() does."""
    take(method, &request.method)
    take(path, &request.target)
    take(scheme, &request.scheme)
    take(protocol, &request.protocol)
    request.authority.data = request.source.data = request.local.data = NULL
    request.authority.size = request.source.size = request.local.size = 0
    if authority is not None:
        take(authority, &request.authority)
    if source is not None:
        take(source, &request.source)
    if local is not None:
        take(local, &request.local)
    return 0


cdef class Engine:
    # One item: the snapshot in force. A list's item is read and replaced atomically, with the GIL and
    # without; an attribute of an extension type is not.
    cdef list _current
    cdef Runtime _runtime
    cdef mc_entropy *_entropy
    cdef object _lock, _clock

    def __cinit__(self):
        self._entropy = mc_entropy_new()
        if self._entropy == NULL:
            raise MemoryError
        self._lock = threading.Lock()
        self._runtime = Runtime()
        self._current = [None]

    def __init__(self, config, *, clock=None):
        self._clock = clock
        self.swap(config)

    def __dealloc__(self):
        mc_entropy_free(self._entropy)

    @property
    def config(self):
        return (<Snapshot> self._current[0]).config

    def swap(self, config):
        if not isinstance(config, Config):
            raise TypeError(f"expected a meshcore.model.Config (see meshcore.load), not {type(config).__name__}")
        with self._lock:
            self._current[0] = Snapshot(
                config, self._runtime, mc_entropy_next(self._entropy), self._current[0], self._clock)

    def update_endpoints(self, cluster, endpoints):
        if isinstance(endpoints, str):
            raise TypeError("endpoints are an iterable of endpoints, not one text")
        cdef tuple given = tuple(endpoints)
        cdef Snapshot snapshot
        with self._lock:
            snapshot = self._current[0]
            number = _number(snapshot, cluster)
            self._replace(number, with_endpoints(snapshot.config.clusters[number], given))

    def set_health(self, cluster, endpoint, healthy):
        cdef Snapshot snapshot
        with self._lock:
            snapshot = self._current[0]
            number = _number(snapshot, cluster)
            set_health(snapshot, number, endpoint, healthy)
            self._replace(number, snapshot.config.clusters[number])

    cdef _replace(self, Py_ssize_t number, object cluster):
        """Under the lock, which no decision takes."""
        self._current[0] = with_cluster(self._current[0], number, cluster, mc_entropy_next(self._entropy))

    def decide(
        self,
        method,
        authority,
        path,
        headers=(),
        *,
        scheme="http",
        source=None,
        source_port=0,
        local=None,
        port=None,
        protocol="HTTP/1.1",
        now_ns=None,
        seed=None,
    ):
        cdef mc_request request
        cdef Decided out
        cdef Snapshot snapshot = <Snapshot> self._current[0]
        try:
            fill(&request, method, authority, path, scheme, source, local, protocol)
        except UnicodeEncodeError:
            return self.decide(
                as_bytes(method), as_bytes(authority), as_bytes(path), headers, scheme=as_bytes(scheme),
                source=source, source_port=source_port, local=local, port=port, protocol=as_bytes(protocol),
                now_ns=now_ns, seed=seed)
        request.source_port = source_port
        request.port = 0 if port is None else port
        request.now_ns = now_of(snapshot, now_ns)
        request.seed = mc_entropy_next(self._entropy) if seed is None else seed & 0xFFFFFFFFFFFFFFFF
        out = decide(snapshot, headers, &request)
        out._method, out._authority, out._path, out._scheme = method, authority, path, scheme
        out._source, out._local, out._protocol = source, local, protocol
        return out

    def explain(
        self,
        method,
        authority,
        path,
        headers=(),
        *,
        scheme="http",
        source=None,
        source_port=0,
        local=None,
        port=None,
        protocol="HTTP/1.1",
        now_ns=None,
        seed=None,
    ):
        # Imported here: whoever only decides does not wait for it.
        from meshcore._explain import explanation_of

        cdef mc_request request
        cdef Snapshot snapshot = <Snapshot> self._current[0]
        method, authority, path = as_bytes(method), as_bytes(authority), as_bytes(path)
        scheme, protocol = as_bytes(scheme), as_bytes(protocol)
        fill(&request, method, authority, path, scheme, source, local, protocol)
        request.source_port = source_port
        request.port = 0 if port is None else port
        request.now_ns = now_of(snapshot, now_ns)
        request.seed = mc_entropy_next(self._entropy) if seed is None else seed & 0xFFFFFFFFFFFFFFFF
        return explanation_of(peek(snapshot, headers, &request))

    def report_load(self, cluster, endpoint, *, qps, utilization, eps=0.0, now_ns=None):
        cdef Snapshot snapshot = self._current[0]
        cdef mc_report report
        if cluster not in snapshot.clusters:
            raise ValueError(f"no cluster {cluster!r}")
        cdef int32_t number = snapshot.clusters.index(cluster)
        if endpoint not in snapshot.endpoints[number]:
            raise ValueError(f"cluster {cluster!r} has no endpoint {endpoint!r}")
        report.now_ns = snapshot.now() if now_ns is None else now_ns
        report.latency_ns = 0
        report.requests_per_second = qps
        report.errors_per_second = eps
        report.utilization = utilization
        mc_snapshot_report(snapshot.snapshot, number, snapshot.endpoints[number].index(endpoint), &report)

    def clusters(self):
        cdef Snapshot snapshot = self._current[0]
        found = []
        for i, name in enumerate(snapshot.clusters):
            endpoints = [
                {"address": address, "active_requests": mc_snapshot_active(snapshot.snapshot, i, e)}
                for e, address in enumerate(snapshot.endpoints[i])
            ]
            found.append({"name": name, "endpoints": endpoints})
        return found


cdef Py_ssize_t _number(Snapshot snapshot, object cluster) except -1:
    number = snapshot.numbers.get(cluster)
    if number is None:
        raise KeyError(f"there is no cluster {cluster!r}")
    return number
