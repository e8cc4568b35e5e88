"""An app in the mesh, whatever it speaks: which decisions are plainly for it, and the count of its requests."""

import sys

cimport cython
from cpython.array cimport array
from cpython.pythread cimport PyThread_get_thread_ident

from meshcore._request cimport PyUnicode_1BYTE_DATA, PyUnicode_GET_LENGTH, is_ascii
from meshcore._trace_extract cimport may_carry
from meshcore._trace_formats cimport formats_of
from meshcore.decision cimport Decision
from meshcore.integrations._fields cimport field_of

from meshcore._tracers import foreign
from meshcore.integrations._inbound import port_of
from meshcore.integrations._traces import told

__all__ = ["Member"]

STARTED = field_of("started")


@cython.final
cdef class Known:
    """What a configuration says of an app."""


cdef class Member:
    def __init__(self, app, inbound):
        self.app = app
        self.mesh = inbound.mesh
        self._mesh_has = vars(inbound.mesh)
        self._engine = inbound.mesh.engine
        self._inbound = inbound
        self._known = Known()
        self._requests = inbound.mesh.requests
        self._reports = inbound.mesh.spans is not None

    cdef Known _look(self, object config):
        view = self.mesh.view()
        own = self._inbound.own()
        cdef Known known = Known()
        known.config = config
        known.served = own.served
        if own.served[0] is not config:  # it has just been swapped
            known.served = config, bytes([cluster.name in own.clusters for cluster in config.clusters])
        known.own = known.served[1]
        known.shown = tuple([own.name(cluster.name, called=False) for cluster in config.clusters])
        known.inbound = tuple([own.name(cluster.name, called=True) for cluster in config.clusters])
        known.limits = view.limits_alone
        known.mirrors = view.mirrors
        known.tracers = view.tracers
        if known.tracers:
            known.foreign = formats_of(foreign(*known.tracers))
        if self._reports or known.tracers:
            known.running = getattr(sys.modules.get("opentelemetry.context"), "get_current", None)
        self._known = known
        return known

    cdef array _cell_of(self, object cluster, int status, Decision decision):
        """Where to count, which is the place of the next one, too."""
        cdef array cell = self._requests.cell((cluster, status, decision.flags))
        self._cell, self._cluster, self._status = cell, cluster, status
        self._flags = decision._block.decision.flags
        self._thread = PyThread_get_thread_ident()
        return cell


cdef list lines_told(Known known, object headers):
    """As told() has them, where one of the lines or what this runs in has something to tell."""
    if (
        (known.foreign is not None and may_carry(headers, known.foreign))
        or (known.running is not None and known.running())
    ):
        return told(headers, known.tracers)
    return None


cdef object odd_port(object value):
    """As port_of() has it: of some servers up to five digits."""
    cdef const unsigned char *text
    cdef Py_ssize_t i, size
    cdef long port = 0
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
