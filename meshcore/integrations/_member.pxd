from cpython.array cimport array
from libc.stdint cimport uint32_t

from meshcore._trace_formats cimport Formats
from meshcore.decision cimport Decision
from meshcore.engine cimport Engine


cdef class Known:
    cdef object config
    cdef tuple served     # it, and by the number of a cluster: 1 where it is for the app
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

    cdef tuple served(self)
    cdef list told(self, object headers)
    cdef bint is_plain(self, Decision decision, bint called) except -1
    cdef int name(self, Decision decision, bint called) except -1
    cdef int count(self, Decision decision, int status) except -1
    cdef Known _look(self, object config)


cdef object port_in(object value)
