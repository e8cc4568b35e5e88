from cpython.object cimport PyObject
from libc.stdint cimport uint64_t

from meshcore._core cimport mc_timeouts
from meshcore.decision cimport Decision
from meshcore.integrations._member cimport Member


cdef class Served(Member):
    cdef int begin(self, Answer answer) except -1


cdef class Answer:
    # What the interpreter calls the answer by: it is the app's send.
    cdef void *_vectorcall
    cdef Served _served
    cdef Decision _decision    # None: it is not known yet, or somebody else's
    cdef dict _scope
    cdef object _receive, _send  # the server's
    cdef object _context       # of the request; None: nobody has asked for it
    cdef object _named         # what the app's header lines are to become; None: they stay
    cdef object _running       # the coroutine that is awaited; None: it has not begun, or is over
    cdef object _outside       # the context that the request came in; None: that is somebody else's concern
    cdef object _token         # of the request's context, which ends with it; None: that is somebody else's
    cdef object _task          # that waits for it, while its time is limited
    cdef Deadlines _deadlines  # that it waits among; None: its time is not limited, or it has not waited yet
    cdef uint64_t _deadline_ns
    cdef uint64_t _timeout_ms  # 0: there is none
    cdef bint _begun, _edited, _late, _answering, _counted
    cdef int _status           # 0: it has not begun

    cdef int serve(self, Decision decision, bint edited) except -1
    cdef int hand_over(self, object coroutine) except -1
    cdef int _run(self, bint just_decided) except -1
    cdef int _not_called(self) except -1
    cdef object _told(self, object message)
    cdef object _odd_head(self, object message)
    cdef object _edited_head(self, object message, object headers)
    cdef object _last(self, object message)
    cdef int _raised(self) except -1
    cdef int _step(self, PyObject **result) except -1
    cdef int _waits(self) except -1
    cdef int _returned(self, object value) except -1
    cdef int _failed(self, object error) except -1
    cdef int _too_late(self) except -1
    cdef int _over(self, object error) except -1
    cdef int _broke_off(self, object error) except -1
    cdef int _leave(self, object error) except -1
    cdef int _cannot_leave(self) except -1
    cdef int _cut_short(self, object error) except -1
    cdef int _ended(self, bint complete) except -1
    cdef object _resumed(self, str how, tuple given)
    cdef int _expire(self) except -1


cdef class Deadlines:
    cdef object _loop, _key, _timer
    cdef dict _answers         # that wait: an ordered set, those first that began first

    cdef int _time(self, double seconds) except -1
    cdef int _without(self, Answer answer) except -1


cdef Answer answer_of(Served served, dict scope, object receive, object send)
cdef dict scope_for_app(Decision decision, dict scope, const mc_timeouts *timeouts)
