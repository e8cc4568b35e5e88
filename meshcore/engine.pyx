"""The engine: the configuration in force, and the requests that it is asked about. The stub engine.pyi has the
documentation; decisions live in decision.pyx.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.long cimport PyLong_AsLongAndOverflow
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_GET_SIZE
from libc.stdint cimport uint16_t

from meshcore._breakers cimport connection_of, pending_of
from meshcore._called cimport name_mistakes
from meshcore._concurrency_status cimport listeners_concurrency
from meshcore._core cimport *
from meshcore._fastcall cimport mc_fastcall, mc_replace_method
from meshcore._given cimport number_given, seed_given, text_given, time_given
from meshcore._pick cimport pick_of
from meshcore._request cimport as_bytes, take, take_plain
from meshcore._serving cimport Serving, draw_seed, now_of, number_of, unix_time_of
from meshcore._snapshot cimport Snapshot, endpoint_number
from meshcore._status cimport clusters_standing, limits_counted, listeners_faults
from meshcore.decision cimport Block, Decision as Decided, decide, decide_now, decide_plain, decision_new, hold, ids_of, peek

from collections.abc import Iterable

from meshcore._breakers import Lease
from meshcore._mirror import Mirror
from meshcore._options import checked_clock, flag, function, wrong
from meshcore._pick import Pick
from meshcore.decision import Attempt, Decision, Outcome
from meshcore.model import Config

__all__ = ["Attempt", "Decision", "Engine", "Lease", "Mirror", "Outcome", "Pick"]

include "meshcore/_engine_given.pxi"


@cython.nonecheck(True)  # a subclass may use itself before it has called our __init__
cdef class Engine:
    def __init__(self, config, *, clock=None, shared_state=None):
        self._serving = Serving(checked_clock(clock), shared_state)
        self._notes = [None]
        self.swap(config)

    def __reduce__(self):
        raise TypeError("an Engine cannot be pickled or copied; make another one of its config")

    @property
    def shared_state(self):
        return self._serving.runtime.shared_state

    @property
    def config(self):
        return self._serving.snapshot().config

    def swap(self, config):
        if not isinstance(config, Config):
            raise wrong("config", config, "what meshcore.load() returns, a meshcore.model.Config")
        self._serving.swap(config)

    def update_endpoints(self, cluster, endpoints):
        if isinstance(endpoints, (str, bytes)) or not isinstance(endpoints, Iterable):
            raise wrong("endpoints", endpoints, "an iterable of endpoints, such as ['10.0.0.1:80']")
        self._serving.update_endpoints(cluster, tuple(endpoints))

    def set_health(self, cluster, endpoint, healthy):
        flag("healthy", healthy)
        self._serving.set_health(cluster, endpoint, healthy)

    def drain(self, cluster, endpoint, draining=True):
        flag("draining", draining)
        return self._serving.drain(cluster, endpoint, draining)

    def begin_checks(self, describe):
        self._serving.begin_checks(describe)

    def end_checks(self):
        self._serving.end_checks()

    def set_checked_health(self, cluster, words):
        self._serving.take_words(cluster, words)

    def checked_healthy(self, cluster):
        cdef Snapshot snapshot = self._serving.snapshot()
        cdef Py_ssize_t number = number_of(snapshot, cluster)
        if self._serving.checks is None:
            return frozenset()
        return frozenset([
            address for i, address in enumerate(snapshot.endpoints[number])
            if not mc_snapshot_failing(snapshot.snapshot, <int32_t> number, i) & MC_FAILING_HEALTH_CHECK
        ])

    def watch(self, callback):
        function("callback", callback, "a function without arguments")
        self._serving.watch(callback)

    def unwatch(self, callback):
        self._serving.unwatch(callback)

    def has_traffic(self, cluster):
        cdef Snapshot snapshot = self._serving.snapshot()
        return mc_snapshot_has_traffic(snapshot.snapshot, <int32_t> number_of(snapshot, cluster))

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
        unix_time=None,
        seed=None,
        inbound=False,
        served=None,
    ):
        cdef Decided out = decision_new()
        cdef mc_request *request = &out._block.decision.request
        cdef Snapshot snapshot = self._serving.snapshot()
        if not fill_plain(request, method, authority, path, scheme, source, local, protocol, source_port, port):
            try:
                fill(request, method, authority, path, scheme, source, local, protocol, source_port, port)
            except UnicodeEncodeError:
                return self.decide(
                    as_bytes(method), as_bytes(authority), as_bytes(path), headers, scheme=as_bytes(scheme),
                    source=as_bytes(source), source_port=source_port, local=as_bytes(local), port=port,
                    protocol=as_bytes(protocol), now_ns=now_ns, unix_time=unix_time, seed=seed, inbound=inbound,
                    served=served)
        request.inbound = inbound
        request.served = served_of(snapshot, served)
        request.now_ns = now_of(snapshot, now_ns)
        request.unix_ns = unix_time_of(snapshot, unix_time)
        request.seed = draw_seed(self._serving) if seed is None else seed_given(seed)
        request.ids = ids_of(self._serving, snapshot, out._block, seed)
        decide(self._serving, snapshot, headers, out)
        hold_texts(out, method, authority, path, scheme, source, local, protocol)
        if request.served != NULL:
            hold(out._block, <PyObject *> served[1])
        return out

    cdef Decided decided(
        self, object method, object path, object headers, object scheme, object source, object source_port,
        object protocol, bint inbound, tuple served
    ):
        cdef Decided out = decision_new()
        cdef mc_request *request = &out._block.decision.request
        cdef Snapshot snapshot = self._serving.snapshot()
        if not fill_plain(request, method, None, path, scheme, source, None, protocol, source_port, None):
            return self.decide(
                method, None, path, headers, scheme=scheme, source=source, source_port=source_port, protocol=protocol,
                inbound=inbound, served=served)
        request.inbound = inbound
        request.served = served_of(snapshot, served)
        decide_now(self._serving, snapshot, <PyObject *> headers, out)
        hold_texts(out, method, None, path, scheme, source, None, protocol)
        if request.served != NULL:
            hold(out._block, <PyObject *> served[1])
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
        unix_time=None,
        seed=None,
    ):
        # Imported here: whoever only decides does not wait for it.
        from meshcore._explain import explanation_of

        cdef Decided out = decision_new()
        cdef mc_request *request = &out._block.decision.request
        cdef Snapshot snapshot = self._serving.snapshot()
        method, authority, path = as_bytes(method), as_bytes(authority), as_bytes(path)
        scheme, protocol = as_bytes(scheme), as_bytes(protocol)
        source, local = as_bytes(source), as_bytes(local)
        fill(request, method, authority, path, scheme, source, local, protocol, source_port, port)
        request.now_ns = now_of(snapshot, now_ns)
        request.unix_ns = unix_time_of(snapshot, unix_time)
        request.seed = draw_seed(self._serving) if seed is None else seed_given(seed)
        request.ids = NULL
        peek(self._serving, snapshot, headers, out)
        return explanation_of(out)

    def report_load(self, cluster, endpoint, *, qps, utilization, eps=0.0, now_ns=None):
        cdef Snapshot snapshot = self._serving.snapshot()
        cdef mc_report report
        cdef Py_ssize_t number, at
        try:
            number = number_of(snapshot, cluster)
            at = endpoint_number(snapshot, number, endpoint)
        except KeyError as error:
            raise ValueError(*error.args) from None
        report.now_ns = snapshot.now() if now_ns is None else time_given(now_ns)
        report.latency_ns = 0
        report.requests_per_second = qps
        report.errors_per_second = eps
        report.utilization = utilization
        mc_snapshot_report(snapshot.snapshot, <int32_t> number, <uint32_t> at, &report)

    def connection(self, cluster, endpoint, *, priority="default"):
        return connection_of(self._serving.snapshot(), cluster, endpoint, priority)

    def pick(self, cluster, *, seed=None, now_ns=None):
        return pick_of(self._serving, cluster, seed, now_ns)

    def pending(self, cluster, *, priority="default"):
        return pending_of(self._serving.snapshot(), cluster, priority)

    def faults(self):
        return listeners_faults(self._serving.snapshot())

    def limits(self):
        return limits_counted(self._serving.snapshot())

    def concurrency(self):
        return listeners_concurrency(self._serving.snapshot())

    def clusters(self):
        found = clusters_standing(self._serving.snapshot(), self._serving.checks, self.shared_state)
        notes = self._notes[0]
        if notes is not None:
            for cluster in found:
                cluster.update(notes(cluster["name"]))
        return found

    def annotate_clusters(self, notes):
        self._notes[0] = notes

    def sweep(self, now_ns=None):
        cdef Snapshot snapshot = self._serving.snapshot()
        cdef uint64_t now = snapshot.now() if now_ns is None else time_given(now_ns)
        for number in range(len(snapshot.clusters)):
            mc_snapshot_sweep(snapshot.snapshot, number, now)


cdef mc_fastcall decide_by_names  # Engine.decide as it stands above


cdef object decide_by_place(object engine, PyObject *const *arguments, Py_ssize_t count, PyObject *names):
    """Engine.decide of four arguments and no more, as most callers have them: to read what might be given by name costs as
    much as to find a route."""
    cdef Decided out
    cdef Serving serving = (<Engine> engine)._serving
    if names == NULL and count == 4 and serving is not None:
        out = decide_plain(serving, arguments[0], arguments[1], arguments[2], arguments[3])
        if out is not None:
            return out
    return decide_by_names(engine, arguments, count, names)


decide_by_names = mc_replace_method(Engine.__dict__["decide"], decide_by_place)


name_mistakes(Engine)
