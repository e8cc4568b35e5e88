"""An app in the mesh, whatever it speaks: which decisions are plainly for it, and the count of its requests."""

import sys

cimport cython
from cpython.array cimport array
from cpython.object cimport PyObject
from cpython.pythread cimport PyThread_get_thread_ident

from meshcore._core cimport MC_FORWARD, mc_decision
from meshcore._request cimport MC_LISTS_STAY, PyUnicode_1BYTE_DATA, PyUnicode_GET_LENGTH, is_ascii
from meshcore._sampled cimport may_be_sampled
from meshcore._trace_extract cimport may_carry
from meshcore._trace_formats cimport formats_of
from meshcore.decision cimport Decision

from meshcore._tracers import foreign, reads_of
from meshcore.integrations._inbound import port_of
from meshcore.integrations._traces import told

__all__ = ["Member"]


@cython.final
cdef class Known:
    """What a configuration says of an app."""


cdef class Member:
    def __init__(self, app, inbound):
        self.app = app
        self.mesh = inbound.mesh
        self._engine = inbound.mesh.engine
        self._inbound = inbound
        self._known = Known()
        self._requests = inbound.mesh.requests
        self._reports = inbound.mesh.spans is not None

    cdef tuple served(self):
        """For the engine to decide by, of the configuration in force."""
        cdef Known known = self._known
        if known.config is not self._engine._serving.snapshot().config:
            known = self._look(self._engine._serving.snapshot().config)
        return known.served

    cdef list told(self, object headers):
        """The lines to decide on, after served(); None: those that came."""
        cdef Known known = self._known
        if (
            (known.foreign is not None and may_carry(headers, known.foreign))
            or (known.running is not None and known.running())
        ):
            return told(headers, known.tracers)
        return None

    cdef bint is_plain(self, Decision decision, bint called) except -1:
        """Whether the app is to answer, and nothing has to be done before. ``called``: by a caller in the mesh."""
        cdef mc_decision *d = &decision._block.decision
        if d.outcome != MC_FORWARD or d.delay_ns or d.asked != NULL:
            return False
        cdef Known known = self._known
        if known.config is not decision._snapshot.config:
            known = self._look(decision._snapshot.config)
        if self._reports and may_be_sampled(decision):
            return False
        if called:
            return True
        return not known.mirrors and (known.limits or (<bytes> known.served[1])[d.cluster])

    cdef int name(self, Decision decision, bint called) except -1:
        """See that what the app answers is shown as what the app is."""
        cdef Known known = self._known
        if known.config is decision._snapshot.config:  # no other thread has swapped it
            shown = (known.inbound if called else known.shown)[decision._block.decision.cluster]
            if shown is not None:
                decision.name_cluster(shown)
        return 0

    cdef Known _look(self, object config):
        view = self.mesh.view()
        own = self._inbound.own()
        cdef Known known = Known()
        known.config = config
        known.served = own.served
        if own.served[0] is not config:  # it has just been swapped
            known.served = config, bytes([cluster.name in own.clusters for cluster in config.clusters])
        known.shown = tuple([own.name(cluster.name, called=False) for cluster in config.clusters])
        known.inbound = tuple([own.name(cluster.name, called=True) for cluster in config.clusters])
        known.limits = view.limits_alone
        known.mirrors = view.mirrors
        known.tracers = reads_of(config)
        if known.tracers:
            known.foreign = formats_of(foreign(*known.tracers))
        if self._reports or known.tracers:
            known.running = getattr(sys.modules.get("opentelemetry.context"), "get_current", None)
        self._known = known
        return known

    cdef int count(self, Decision decision, int status) except -1:
        """As Tally.count() does; most requests are counted with the one before."""
        cdef mc_decision *d = &decision._block.decision
        cdef PyObject *named = decision._block.named
        cdef object cluster = (<tuple> decision._snapshot.clusters)[d.cluster] if named == NULL else <object> named
        cdef unsigned long thread = PyThread_get_thread_ident()
        cdef array cell = self._cell
        if (
            cluster is not self._cluster or status != self._status or d.flags != self._flags
            or thread != self._thread or not MC_LISTS_STAY
        ):
            cell = self._requests.cell((cluster, status, decision.flags))
            self._cell, self._cluster, self._status, self._flags = cell, cluster, status, d.flags
            self._thread = thread
        cell.data.as_longlongs[0] += 1
        return 0


cdef object port_in(object value):
    """As port_of() has it, of what nearly all servers tell: a number, or up to five digits."""
    cdef const unsigned char *text
    cdef Py_ssize_t i, size
    cdef long port = 0
    if type(value) is int and 0 <= value <= 65535:
        return value
    if not is_ascii(value):
        return port_of(value)
    text, size = <const unsigned char *> PyUnicode_1BYTE_DATA(value), PyUnicode_GET_LENGTH(value)
    if not 0 < size <= 5:
        return 0
    for i in range(size):
        if not c'0' <= text[i] <= c'9':
            return 0
        port = port * 10 + text[i] - c'0'
    return port if port <= 65535 else 0
