# What each request of an app asks is inline: it passes here.

from cpython.array cimport array
from cpython.bytes cimport PyBytes_AS_STRING
from cpython.long cimport PyLong_AsLongAndOverflow
from cpython.object cimport PyObject
from cpython.pythread cimport PyThread_get_thread_ident
from cpython.tuple cimport PyTuple_GET_ITEM
from libc.stdint cimport uint32_t

from meshcore._core cimport MC_FORWARD, mc_decision
from meshcore._request cimport MC_LISTS_STAY, PyList_GET_ITEM
from meshcore._sampled cimport may_be_sampled
from meshcore._serving cimport Serving
from meshcore._snapshot cimport Snapshot
from meshcore._trace_formats cimport Formats
from meshcore.decision cimport Block, Decision
from meshcore.engine cimport Engine
from meshcore.integrations._fields cimport Field, likely, must, unlikely


cdef class Known:
    cdef object config
    cdef tuple served     # it, and by the number of a cluster: 1 where it is for the app
    cdef bytes own        # the second of these
    cdef tuple shown      # by the number of a cluster: what it is called where the app answers; None: by its name
    cdef tuple inbound    # the same of what a caller in the mesh sends
    cdef bint limits      # there are limits and nothing else
    cdef bint mirrors     # some requests are to be copied
    cdef tuple tracers    # what each kind of tracer reads
    cdef Formats foreign  # what one of them does not; None: there are none
    cdef object running   # says whether this runs in something of OpenTelemetry's; None: nobody wants to know


cdef class Member:
    cdef public object app
    cdef readonly object mesh
    cdef dict _mesh_has        # the mesh's attributes
    cdef object _inbound
    cdef Engine _engine
    cdef Known _known
    cdef object _requests      # counts them once they are over: a Tally
    cdef bint _reports         # spans of requests are reported
    # What was counted last, by which thread, and where.
    cdef object _cluster
    cdef int _status
    cdef uint32_t _flags
    cdef unsigned long _thread
    cdef array _cell

    cdef Known _look(self, object config)
    cdef array _cell_of(self, object cluster, int status, Decision decision)


cdef Field STARTED


cdef inline bint is_started(Member member) except -1:
    """Whether the mesh is: to look an attribute up by the way of objects takes three times as long."""
    return <object> must(member._mesh_has, &STARTED) is True


cdef inline Snapshot in_force(Member member):
    """The configuration to decide by, without a call where nobody else can replace it meanwhile."""
    cdef Serving serving = member._engine._serving
    return <Snapshot> PyList_GET_ITEM(serving._current, 0) if MC_LISTS_STAY else serving.snapshot()


cdef inline Known known_of(Member member, Snapshot snapshot):
    """What is known of an app in a configuration, which is that of the request before nearly always."""
    if unlikely(<PyObject *> member._known.config != <PyObject *> snapshot.config):
        return member._look(snapshot.config)
    return member._known


cdef list lines_told(Known known, object headers)


cdef inline list told_in(Known known, object headers):
    """The lines to decide on; None: those that came."""
    return lines_told(known, headers) if known.foreign is not None or known.running is not None else None


cdef inline bint is_plain(Member member, Known known, Decision decision, bint called) except -1:
    """Whether the app is to answer, and nothing has to be done before. ``called``: by a caller in the mesh."""
    cdef mc_decision *d = &decision._block.decision
    if unlikely(d.outcome != MC_FORWARD) or unlikely(d.delay_ns) or unlikely(d.asked != NULL):
        return False
    if unlikely(member._reports) and may_be_sampled(decision):
        return False
    if unlikely(called):
        return True
    if unlikely(known.mirrors):
        return False
    return unlikely(known.limits) or PyBytes_AS_STRING(<object> <PyObject *> known.own)[d.cluster]


cdef inline int name(Known known, Decision decision, bint called) except -1:
    """See that what the app answers is shown as what the app is."""
    cdef PyObject *names = <PyObject *> known.inbound if called else <PyObject *> known.shown
    cdef PyObject *shown = PyTuple_GET_ITEM(<object> names, decision._block.decision.cluster)
    if unlikely(<object> shown is not None):
        decision.name_cluster(<str> shown)
    return 0


cdef inline int count(Member member, Decision decision, int status) except -1:
    """As Tally.count() does; most requests are counted with the one before."""
    cdef Block *block = decision._block
    cdef PyObject *cluster = block.named
    cdef array cell = member._cell
    if likely(cluster == NULL):
        cluster = PyTuple_GET_ITEM(<object> <PyObject *> decision._snapshot.clusters, block.decision.cluster)
    if (
        unlikely(cluster != <PyObject *> member._cluster) or unlikely(status != member._status)
        or unlikely(block.decision.flags != member._flags) or unlikely(PyThread_get_thread_ident() != member._thread)
        or not MC_LISTS_STAY
    ):
        cell = member._cell_of(<object> cluster, status, decision)
    cell.data.as_longlongs[0] += 1
    return 0


cdef object odd_port(object value)


cdef inline object port_in(object value):
    """As port_of() has it: of nearly all servers a number."""
    cdef int overflow
    if likely(type(value) is int) and likely(0 <= PyLong_AsLongAndOverflow(value, &overflow) <= 65535):
        return value
    return odd_port(value)
