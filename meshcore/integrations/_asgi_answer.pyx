"""What is answered to one request: awaited in place of the app, and its ``send``.

By hand what ``async def``, ``try`` and ``finally`` would do, since it is done for each request: nothing is made but
the Answer itself, and of the event loop nothing is asked before the app waits for something. What it includes is in
files of its own, but no modules: each of those would have a library's pages, which few requests find at hand.
"""

import asyncio

cimport cython
from cpython.bytes cimport PyBytes_CheckExact
from cpython.contextvars cimport (
    PyContext_CopyCurrent, PyContext_Enter, PyContext_Exit, PyContextVar_Set,
)
from cpython.dict cimport PyDict_Copy
from cpython.list cimport PyList_New
from cpython.object cimport PyObject, PyTypeObject, destructor
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF
from cpython.tuple cimport PyTuple_GET_ITEM
from libc.stdint cimport uint32_t, uint64_t

from meshcore._block cimport MC_POOLED, disown_last, own
from meshcore._clock cimport now_ns
from meshcore._core cimport (
    mc_attempt_request_headers, mc_decision, mc_decision_close, mc_decision_request_stays, mc_decision_timeouts,
    mc_header, mc_header_line, mc_router_told, mc_scratch, mc_scratch_init, mc_scratch_reset, mc_slice, mc_timeouts, mc_view,
)
from meshcore._fastcall cimport mc_call_in_place, mc_send_by
from meshcore._request cimport MC_LISTS_STAY, PyList_CheckExact
from meshcore._sealed cimport seal
from meshcore.decision cimport Block, Decision
from meshcore.integrations._fields cimport (
    Field, PyDict_CheckExact, Word, field_of, is_word, likely, unlikely, value_of, word_of,
)
from meshcore.integrations._head cimport stays, tell, told_plainly
from meshcore.integrations._lines cimport bytes_of, is_host, same
from meshcore.integrations._member cimport Member, count

from contextvars import Context
from urllib.parse import unquote

from meshcore.context import _CURRENT, RequestContext
from meshcore.exchange.time_limits import LONGEST_KEPT, MOST_KEPT
from meshcore.integrations._asgi_forward import answer as own_answer
from meshcore.upstream.framing import framed_answer

__all__ = ["Answer", "Served", "serve"]


cdef extern from "Python.h":
    Py_ssize_t PyVectorcall_NARGS(size_t count)
    # What is at given[-1] they may use for themselves.
    size_t PY_VECTORCALL_ARGUMENTS_OFFSET
    object PyObject_Vectorcall(object function, PyObject *const *given, size_t count, PyObject *names)
    object PyObject_CallOneArg(object function, object given)
    # 1: it waits, 0: it has returned
    int PyIter_Send(object awaited, object value, PyObject **result) except -1
    # -1: they have raised something, which is pending
    int iter_sends "PyIter_Send"(object awaited, object value, PyObject **result) noexcept
    int resets "PyContextVar_Reset"(object variable, object token) noexcept
    bint PyCoro_CheckExact(object awaited)
    Py_ssize_t PyDict_GET_SIZE(object items)

cdef extern from *:
    """
    #define mc_pending() (-1)
    """
    int pending "mc_pending"() except -1  # raises the exception that is pending: to expect one takes some time

include "meshcore/integrations/_asgi_head.pxi"
include "meshcore/integrations/_asgi_lines.pxi"
include "meshcore/integrations/_asgi_outside.pxi"

cdef object CURRENT = _CURRENT

async def nothing():
    pass


cdef class Served(Member):
    cdef int begin(self, Answer answer) except -1:
        """Have the answer serve() a decision, or hand_over()."""
        raise NotImplementedError


@cython.final
cdef class Answer:
    def __call__(self, message):
        """``send`` for the app: tells the decision of the answer's head, and edits that."""
        return self._told(message)

    cdef object _told(self, object message):
        if unlikely(self._decision is None):
            raise RuntimeError("there is nothing to send for: no app has been called")
        if unlikely(not PyDict_CheckExact(message)):
            message = dict(message)
        cdef int kind = kind_of(message)
        if kind == LAST:
            return self._last(message)
        if likely(kind == HEAD) and likely(not self._status):
            message = head_of(self, message)
        return PyObject_CallOneArg(self._send, message)

    cdef object _odd_head(self, object message):
        """As head_of() has it, of whatever shape, and with whatever the decision has to be told."""
        status = message["status"]
        headers = message.get("headers", ())
        if not isinstance(headers, (list, tuple)):  # they may be there to be read once
            headers = list(headers)
            message = {**message, "headers": headers}
        tell(self._decision, status, headers)
        self._status = status
        return self._edited_head(message, headers) if self._edited and not stays(self._decision, headers) else message

    cdef object _edited_head(self, object message, object headers):
        edited = self._decision.response_headers(headers, status=self._status)
        return {**message, "headers": framed_answer(edited, headers)}

    cdef object _last(self, object message):
        """Send the last of the answer. What the app does afterwards is its own (background tasks)."""
        try:
            if unlikely(self._outside is None):
                return PyObject_CallOneArg(self._send, message)
            return sent_outside(self._outside, self._send, message)
        finally:
            self._ended(True)

    def context(self):
        """The request's context, which most apps never ask for; see ``meshcore.context.Lazy``."""
        if self._context is None:
            if self._decision is None:
                raise RuntimeError("there is no context: no app has been called")
            made = RequestContext(self._decision.given(), decision=self._decision)
            if self._context is None:  # no other thread was faster
                self._context = made
        return self._context

    # -------------------------------------------------------------- how it begins

    cdef int serve(self, Decision decision, bint edited) except -1:
        """Let the app answer, and end the decision with that. The request's context begins here."""
        self._decision = decision
        self._edited = edited
        self._outside = PyContext_CopyCurrent()
        self._token = PyContextVar_Set(CURRENT, self)
        return self._run(True)

    cdef int hand_over(self, object coroutine) except -1:
        """Let this answer, and whatever is owed to the decision be its own concern."""
        self._running = coroutine
        return 0

    cdef int _run(self, bint just_decided) except -1:
        """Call the app."""
        cdef mc_timeouts limits
        mc_decision_timeouts(&self._decision._block.decision, &limits)
        if likely(limits.request_ms) or limits.has_stream:
            self._timeout_ms = limits.request_ms
            self._deadline_ns = time_begun(self._decision, just_decided) + limits.request_ms * 1_000_000
        if unlikely((<Quietly> <void *> &app_called)(self, &limits) < 0):
            self._not_called()
        return 0

    cdef int _not_called(self) except -1:
        """The app has raised an exception, which is pending, and is not going to be awaited."""
        try:
            pending()
        except BaseException as error:
            self._over(error)
            raise

# -------------------------------------------------------------- as a coroutine (PEP 492)

    def __await__(self):
        return self

    def __iter__(self):
        return self

    @property
    def cr_await(self):
        """What it waits for, for whoever shows the stack of a task."""
        return self._running

    def __next__(self):
        cdef PyObject *result = NULL
        cdef int waits = self._step(&result)
        value = <object> result
        Py_DECREF(value)
        if waits:
            return value
        raise StopIteration  # which makes no exception here

    cdef int _step(self, PyObject **result) except -1:
        """Go on: 1: it waits, for the result; 0: that was all, and the result is None."""
        cdef int waits
        if likely(not self._begun):
            self._begun = True
            if likely(self._decision is None):
                self._served.begin(self)
            else:
                self._run(False)
        while True:
            if unlikely(self._running is None):
                raise RuntimeError("cannot reuse already awaited coroutine")
            waits = iter_sends(self._running, None, result)
            if unlikely(waits < 0):
                self._raised()
                continue
            value = <object> result[0]
            Py_DECREF(value)
            if unlikely(waits):
                self._waits()
                Py_INCREF(value)
                result[0] = <PyObject *> value
                return 1
            if likely(self._returned(value)):
                Py_INCREF(None)
                result[0] = <PyObject *> None
                return 0

    cdef int _raised(self) except -1:
        """What was awaited has raised an exception, which is pending; it stays, or there is something to go on with."""
        try:
            pending()
        except BaseException as error:
            if self._failed(error):
                raise
        return 0

    def send(self, value):
        return next(self) if value is None else self._resumed("send", (value,))

    def throw(self, *error):
        return self._resumed("throw", error)

    cdef object _resumed(self, str how, tuple given):
        if not self._begun:
            self._begun = True
            self._running = nothing()  # which answers as any coroutine does that has not begun
        if self._running is None:
            raise RuntimeError("cannot reuse already awaited coroutine")
        try:
            value = getattr(self._running, how)(*given)
        except StopIteration as stop:
            if self._returned(stop.value):
                raise StopIteration from None
            return next(self)
        except BaseException as error:
            if self._failed(error):
                raise
            return next(self)
        self._waits()
        return value

    def close(self):
        self._begun = True
        if self._running is not None:
            try:
                self._running.close()
            finally:
                self._over(GeneratorExit())

    # -------------------------------------------------------------- how it goes

    cdef int _waits(self) except -1:
        """The app waits for something: from now on its time has to be watched."""
        if not self._timeout_ms or self._deadlines is not None or self._counted:
            return 0
        cdef uint64_t now = now_ns()
        cdef double left = <double> (self._deadline_ns - now) / 1e9 if self._deadline_ns > now else 0
        try:
            loop = asyncio.get_running_loop()
            self._task = asyncio.current_task(loop)
            if self._task is None:  # nothing that could be ended
                self._timeout_ms = 0
                return 0
            self._deadlines = deadlines_of(loop, self._timeout_ms, left)
            self._deadlines._answers[self] = None
        except BaseException:
            self.close()
            raise
        return 0

    cdef int _expire(self) except -1:
        self._late = True
        self._task.cancel()
        return 0

    cdef int _returned(self, object value) except -1:
        """What was awaited returned; whether that was all."""
        if unlikely(self._answering):
            self._status = value
        elif unlikely(self._late):  # it has not let itself be cancelled
            uncancelled(self._task)
            return self._too_late()
        return self._over(None)

    cdef int _failed(self, object error) except -1:
        """What was awaited raised an exception; whether that goes on to the server."""
        if self._late and not self._answering:
            if uncancelled(self._task) and isinstance(error, asyncio.CancelledError):
                return self._too_late()
        return self._over(error)

    cdef int _too_late(self) except -1:
        """Say so, where it can still be said."""
        self._decision.on_deadline()
        if self._status:
            error = TimeoutError(f"the answer took longer than the route's timeout of {self._timeout_ms / 1000} s")
            self._over(error)
            raise error from None  # how the app was cancelled would be a long way to that
        self._answering = True
        self._running = own_answer(self._decision, self._send)
        return 0

    cdef int _over(self, object error) except -1:
        """The app has returned, or is not going to."""
        self._running = self._scope = self._receive = self._outside = None
        if unlikely(self._decision is None):
            return 1
        if unlikely(error is not None):
            self._broke_off(error)
        if unlikely(not self._counted):
            self._cut_short(error)
        if unlikely(self._task is not None):
            self._task = None
        return 1 if self._token is None else self._leave(error)

    cdef int _broke_off(self, object error) except -1:
        if not self._status and isinstance(error, Exception):
            self._status = 500  # which is what the server answers then
            self._decision.report(status=500, replayable=False)
        return 0

    cdef int _leave(self, object error) except -1:
        """End the request's context."""
        token, self._token = self._token, None
        if unlikely(error is not None) and isinstance(error, Exception):
            # Who handles it outside of us (Starlette's handler of Exception) works for the request, too.
            # Servers have a task for each request, with which its context goes.
            return 1
        if unlikely(resets(CURRENT, token) < 0):
            self._cannot_leave()
        return 1

    cdef int _cannot_leave(self) except -1:
        try:
            pending()
        except ValueError:  # as meshcore.context.leave()
            return 0

    cdef int _cut_short(self, object error) except -1:
        """The app is over before its answer is. Where it has not failed itself, the client has gone."""
        if self._answering or isinstance(error, Exception):
            return self._ended(error is None)
        self._counted = True
        if self._deadlines is not None:
            self._deadlines._without(self)
        flags = ",".join(filter(None, ("DC", self._decision.flags)))
        self._served._requests.count((self._decision.cluster or "", self._status, flags))
        self._decision.finish(complete=error is None)
        return 0

    cdef int _ended(self, bint complete) except -1:
        """The answer has been given, or is not going to be: give back what the request had, and count it."""
        if unlikely(self._counted):
            return 0
        self._counted = True
        if unlikely(self._deadlines is not None):
            self._deadlines._without(self)
        count(self._served, self._decision, self._status)
        if unlikely(self._decision._block.decision.entered != NULL):
            self._decision.finish(complete=complete)
        else:
            mc_decision_close(&self._decision._block.decision)
        return 0


cdef inline uint64_t time_begun(Decision decision, bint just_decided) except? 0:
    """When the answer's time begins, by our clock; the request's own, too, where nothing has been waited for since the
    decision: it does not count from when somebody asks for its end."""
    cdef mc_decision *d = &decision._block.decision
    if unlikely(not just_decided):
        return now_ns()
    if likely(decision._snapshot.clock is None):  # the engine's is ours
        if likely(not d.request.now_ns):
            d.request.now_ns = now_ns()
        return d.request.now_ns
    if not d.request.now_ns:
        d.request.now_ns = decision._snapshot.now()
    return now_ns()


ctypedef int (*Quietly)(Answer answer, const mc_timeouts *limits) noexcept  # -1: an exception is pending


cdef int app_called(Answer answer, const mc_timeouts *limits) except -1:
    """Have the answer wait for what the app returns."""
    cdef PyObject *given[4]
    scope = scope_for_app(answer._decision, answer._scope, limits) if likely(answer._edited) else answer._scope
    if unlikely(answer._named is not None):
        scope = {**scope, "headers": answer._named(scope["headers"])}
    given[1], given[2], given[3] = <PyObject *> scope, <PyObject *> answer._receive, <PyObject *> answer
    answer._running = coroutine_of(
        PyObject_Vectorcall(answer._served.app, given + 1, 3 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL))
    return 0


# The interpreter makes no tuple of the arguments then, which the app's send is called with at least twice a request.
cdef object call(PyObject *answer, PyObject *const *given, size_t count, PyObject *names):
    if unlikely(PyVectorcall_NARGS(count) != 1) or unlikely(names != NULL):
        raise TypeError("send() takes one message")
    return (<Answer> answer)._told(<object> given[0])


# What awaits it asks so: for __next__ it would have to find out what has been returned.
cdef int sends(PyObject *answer, PyObject *value, PyObject **result) except -1:
    if likely(<object> value is None):
        return (<Answer> answer)._step(result)
    cdef int waits = 1
    try:
        given = (<Answer> answer)._resumed("send", (<object> value,))
    except StopIteration:
        given, waits = None, 0
    Py_INCREF(given)
    result[0] = <PyObject *> given
    return waits


mc_send_by(<PyObject *> Answer, &sends)
seal(Answer, "answers are what a middleware returns")

cdef Answer any_answer = Answer.__new__(Answer)
mc_call_in_place(<PyObject *> Answer, <char *> &any_answer._vectorcall - <char *> <PyObject *> any_answer)

include "meshcore/integrations/_asgi_pool.pxi"


cdef Answer answer_of(Served served, dict scope, object receive, object send):
    cdef Answer made = fresh()
    made._served = served
    made._scope = scope
    made._receive = receive
    made._send = send
    return made


def serve(served, decision, scope, receive, send, edited, named):
    cdef Answer made = answer_of(served, dict(scope), receive, send)
    made._decision = decision
    made._edited = edited
    made._named = named
    return made


cdef bint uncancelled(object task) except -1:
    """Take a request to cancel a task back; False: somebody else wants it cancelled, too."""
    uncancel = getattr(task, "uncancel", None)  # since Python 3.11
    return uncancel is None or uncancel() == 0


# ------------------------------------------------------------------ timeouts

#: Those that wait, by event loop and timeout: all of a timeout end in the order in which they began, so that one
#: timer serves them, and most end before it has to be looked at.
cdef dict waiting = {}


cdef Deadlines deadlines_of(object loop, uint64_t timeout_ms, double left):
    """Those of an event loop and a timeout; they are looked at in so many seconds, where nobody has asked before."""
    key = (loop, timeout_ms)
    found = waiting.get(key)
    if found is not None:
        return found
    for other in list(waiting):
        if other[0].is_closed():
            waiting.pop(other, None)
    cdef Deadlines made = Deadlines.__new__(Deadlines)
    made._loop = loop
    made._key = key
    made._answers = {}
    made._time(left)
    waiting[key] = made
    return made


@cython.final
cdef class Deadlines:
    cdef int _time(self, double seconds) except -1:
        # It outlives the request that sets it, whose context it would hold.
        self._timer = self._loop.call_later(seconds, self.look, context=Context())
        return 0

    cdef int _without(self, Answer answer) except -1:
        """It is over. Timeouts that clients name (``grpc-timeout``) are as many and as long as they like."""
        self._answers.pop(answer, None)
        if unlikely(not self._answers) and unlikely(len(waiting) > MOST_KEPT or self._key[1] > LONGEST_KEPT):
            if waiting.get(self._key) is self:
                del waiting[self._key]
                self._timer.cancel()
        return 0

    def look(self):
        """End what has taken too long, and look again when the next one may have."""
        cdef uint64_t now = now_ns()
        cdef Answer answer
        while self._answers:
            answer = next(iter(self._answers))
            if answer._deadline_ns > now:
                self._time(<double> (answer._deadline_ns - now) / 1e9)
                return
            del self._answers[answer]
            answer._expire()
        waiting.pop(self._key, None)
