"""What the app answers to one request: awaited in place of the app, and its ``send``.

By hand what ``async def``, ``try`` and ``finally`` would do, since it is done for each request: nothing is made but
the Answer itself, and of the event loop nothing is asked before the app waits for something.
"""

import asyncio
from urllib.parse import unquote

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.contextvars cimport PyContextVar_Reset, PyContextVar_Set
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF
from cpython.tuple cimport PyTuple_GET_ITEM
from libc.stdint cimport uint64_t
from libc.string cimport memcmp

from meshcore._core cimport mc_decision, mc_decision_timeouts, mc_platform_now_ns, mc_slice, mc_timeouts
from meshcore.decision cimport Decision

from meshcore.context import _CURRENT, RequestContext
from meshcore.integrations._asgi_forward import answer as own_answer

__all__ = ["Answer", "serve"]


cdef extern from "Python.h":
    # 1: it waits, 0: it has returned
    int PyIter_Send(object awaited, object value, PyObject **result) except -1
    bint PyCoro_CheckExact(object awaited)


async def awaited(what):
    """A coroutine of whatever an app may return."""
    return await what


@cython.final
@cython.freelist(32)
cdef class Answer:
    def respond(self, message):
        """``send`` for the app: tells the decision of the answer's head, and edits that."""
        if message["type"] == "http.response.start":
            status = message["status"]
            self._status = status
            headers = message.get("headers", ())
            self._decision.report(status=status, headers=headers, replayable=False)
            if self._edited:
                message = {**message, "headers": self._decision.response_headers(headers, status=status)}
        return self._send(message)

    def context(self):
        """The request's context, which most apps never ask for; see ``meshcore.context.Lazy``."""
        if self._context is None:
            made = RequestContext(self._decision.given(), decision=self._decision)
            if self._context is None:  # no other thread was faster
                self._context = made
        return self._context

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
        cdef int waits
        while True:
            if self._running is None:
                raise RuntimeError("cannot reuse already awaited coroutine")
            try:
                waits = PyIter_Send(self._running, None, &result)
            except BaseException as error:
                if self._failed(error):
                    raise
                continue
            value = <object> result
            Py_DECREF(value)
            if waits:
                self._waits()
                return value
            if self._returned(value):
                raise StopIteration

    def send(self, value):
        return next(self) if value is None else self._resumed("send", (value,))

    def throw(self, *error):
        return self._resumed("throw", error)

    cdef object _resumed(self, str how, tuple given):
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
        if self._running is not None:
            try:
                self._running.close()
            finally:
                self._over(GeneratorExit())

    # -------------------------------------------------------------- how it goes

    cdef int _waits(self) except -1:
        """The app waits for something: from now on its time has to be watched."""
        if not self._timeout_ms or self._deadlines is not None:
            return 0
        cdef uint64_t now = mc_platform_now_ns()
        cdef double left = <double> (self._deadline_ns - now) / 1e9 if self._deadline_ns > now else 0
        try:
            loop = asyncio.get_running_loop()
            self._task = asyncio.current_task(loop)
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
        if self._answering:
            self._status = value
        elif self._late:  # it has not let itself be cancelled
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
        if self._status:
            error = TimeoutError(f"the answer took longer than the route's timeout of {self._timeout_ms / 1000} s")
            self._over(error)
            raise error
        self._answering = True
        self._decision.on_deadline()
        self._running = own_answer(self._decision, self._send)
        return 0

    cdef int _over(self, object error) except -1:
        """Give back what the request had, and count it."""
        self._running = None
        if self._deadlines is not None:
            self._deadlines._answers.pop(self, None)
            self._task = None
        if not self._status and error is not None and isinstance(error, Exception):
            self._status = 500  # which is what the server answers then
            self._decision.report(status=500, replayable=False)
        count(self._requests, self._decision, self._status)
        if self._token is not None:
            token, self._token = self._token, None
            self._decision.finish(complete=error is None)
            if isinstance(error, Exception):
                # Who handles it outside of us (Starlette's handler of Exception) works for the request, too.
                # Servers have a task for each request, with which its context goes.
                return 1
            try:
                PyContextVar_Reset(_CURRENT, token)
            except ValueError:  # of another context: whoever collected it closes it
                PyContextVar_Set(_CURRENT, None)
        return 1


cdef int count(object requests, Decision decision, object status) except -1:
    """As Tally.count() does."""
    cdef mc_decision *d = &decision._block.decision
    cdef dict counts = requests.mine.counts
    key = (decision._snapshot.clusters[d.cluster], status, decision.flags if d.flags else "")
    before = counts.get(key)
    counts[key] = 1 if before is None else before + 1
    return 0


cdef bint uncancelled(object task) except -1:
    """Take a request to cancel a task back; False: somebody else wants it cancelled, too."""
    uncancel = getattr(task, "uncancel", None)  # since Python 3.11
    return uncancel is None or uncancel() == 0


cdef Answer answer_of(
    object app, Decision decision, object scope, object receive, object send, object requests, bint edited, bint owns
):
    """Let the app answer a request that is to be forwarded to it.

    Args:
        requests: counts it by cluster, status and flags, once it is over: a Tally.
        edited: the route's edits apply.
        owns: the decision ends with the answer, and so does the request's context, which begins here.
    """
    cdef mc_timeouts limits
    cdef Answer made = Answer.__new__(Answer)
    made._decision = decision
    made._send = send
    made._requests = requests
    made._edited = edited
    mc_decision_timeouts(&decision._block.decision, &limits)
    made._timeout_ms = limits.request_ms
    if limits.request_ms:
        made._deadline_ns = mc_platform_now_ns() + limits.request_ms * 1_000_000
    if owns:
        made._token = PyContextVar_Set(_CURRENT, made)
    try:
        running = app(edited_scope(decision, scope) if edited else scope, receive, made.respond)
        made._running = running if PyCoro_CheckExact(running) else awaited(running)
    except BaseException as error:
        made._over(error)
        raise
    return made


def serve(app, decision, scope, receive, send, requests, edited):
    return answer_of(app, decision, scope, receive, send, requests, edited, False)


# ------------------------------------------------------------------ what the app sees

cdef object bytes_of(mc_slice text):
    return PyBytes_FromStringAndSize(text.data, <Py_ssize_t> text.size)


cdef inline bint is_host(tuple line) noexcept:
    name = <object> PyTuple_GET_ITEM(line, 0)
    return PyBytes_CheckExact(name) and PyBytes_GET_SIZE(name) == 4 and not memcmp(PyBytes_AS_STRING(name), b"host", 4)


cpdef dict edited_scope(Decision decision, object scope):
    """The scope of the request as the route makes it."""
    cdef mc_decision *d = &decision._block.decision
    cdef dict edited = dict(scope)
    cdef list lines = decision.request_headers()
    for line in lines:
        if is_host(line):  # a second one
            lines = [line for line in lines if not is_host(line)]
            break
    lines.insert(0, (b"host", bytes_of(d.authority)))
    edited["headers"] = lines
    if d.target.data != d.request.target.data or d.target.size != d.request.target.size:
        path, _, query = bytes_of(d.target).partition(b"?")
        edited["path"] = unquote(path.decode("utf-8", "surrogateescape"))
        edited["raw_path"] = path
        edited["query_string"] = query
    return edited


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
        self._loop.call_later(seconds, self.look)
        return 0

    def look(self):
        """End what has taken too long, and look again when the next one may have."""
        cdef uint64_t now = mc_platform_now_ns()
        cdef Answer answer
        while self._answers:
            answer = next(iter(self._answers))
            if answer._deadline_ns > now:
                self._time(<double> (answer._deadline_ns - now) / 1e9)
                return
            del self._answers[answer]
            answer._expire()
        waiting.pop(self._key, None)
