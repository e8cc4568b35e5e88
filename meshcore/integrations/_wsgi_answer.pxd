from meshcore.decision cimport Decision
from meshcore.integrations._member cimport Member


cdef class Answer:
    cdef Member _member
    cdef Decision _decision
    cdef object _start_response  # the server's
    cdef object _context       # of the request; None: nobody has asked for it
    cdef object _named         # what the app's header lines are to become; None: they stay
    cdef object _body          # what the app has returned; None: it has not yet, or that is closed
    cdef object _chunks        # its iterator; None: nobody has asked for it
    cdef bint _routed          # a route leads to the app: else it answers as if there were no mesh
    cdef bint _called          # by a caller in the mesh
    cdef bint _over
    cdef int _status           # 0: it has not begun

    cdef object serve(self, dict environ, bint spelt)
    cdef int _failed(self, object error) except -1
    cdef int _ended(self, bint complete) except -1


cdef Answer answer_of(Member member, Decision decision, object start_response, bint called)
