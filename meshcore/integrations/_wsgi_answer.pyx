"""What an app answers to one request: the ``start_response`` that it is given, and, where it makes its body while that is
sent, what the server gets in place of the body.

By hand what closures and generators would do, since it is done for each request: nothing is made but the Answer itself.
"""

cimport cython
from cpython.contextvars cimport PyContextVar_Reset, PyContextVar_Set
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF

from meshcore._core cimport MC_FORWARD, mc_decision_close, mc_decision_timeouts, mc_timeouts
from meshcore._request cimport PyUnicode_1BYTE_DATA, PyUnicode_GET_LENGTH, is_ascii
from meshcore._sealed cimport seal
from meshcore.decision cimport Decision
from meshcore.integrations._head cimport stays, tell
from meshcore.integrations._member cimport Member, count
from meshcore.integrations._wsgi_environ cimport environ_for_app

from meshcore.context import _CURRENT, RequestContext
from meshcore.integrations._traces import named_environ
from meshcore.integrations._wsgi_came import header_lines
from meshcore.upstream.framing import framed_answer

__all__ = ["Answer", "serve"]


cdef extern from "Python.h":
    PyObject *PyIter_Next(object iterator) except? NULL

cdef object CURRENT = _CURRENT


cdef inline int leave(object token) except -1:
    """As meshcore.context.leave()."""
    try:
        PyContextVar_Reset(CURRENT, token)
    except ValueError:
        pass
    return 0


cdef inline int number_in(object status) except -1:
    """The number that a status line begins with."""
    cdef const unsigned char *text
    if is_ascii(status) and PyUnicode_GET_LENGTH(status) >= 3:
        text = <const unsigned char *> PyUnicode_1BYTE_DATA(status)
        if c'1' <= text[0] <= c'9' and c'0' <= text[1] <= c'9' and c'0' <= text[2] <= c'9':
            return (text[0] - c'0') * 100 + (text[1] - c'0') * 10 + text[2] - c'0'
    return int(status[:3])


cdef list edited_lines(Decision decision, object headers, int status):
    """An answer's header lines as the route makes them, by the bytes that WSGI's texts stand for."""
    came = [(latin(name), latin(value)) for name, value in headers]
    lines = framed_answer(decision.response_headers(came, status=status), came)
    return [((<bytes> name).decode("latin-1"), (<bytes> value).decode("latin-1")) for name, value in lines]


cdef inline object latin(object text):
    return text.encode("latin-1") if isinstance(text, str) else text


@cython.final
cdef class Answer:
    def __call__(self, status, headers, exc_info=None):
        cdef int number = number_in(status)
        if not isinstance(headers, (list, tuple)):  # they may be there to be read once
            headers = list(headers)
        if not self._over:
            tell(self._decision, number, headers)
            if self._routed and not self._called and not stays(self._decision, headers):
                headers = edited_lines(self._decision, headers, number)
        if exc_info is None:
            write = self._start_response(status, headers)
        else:
            write = self._start_response(status, headers, exc_info)  # it raises that where it has sent a head
        self._status = number
        return write

    def context(self):
        if self._context is None:
            made = RequestContext(self._decision.given(), decision=self._decision)
            if self._context is None:  # no other thread was faster
                self._context = made
        return self._context

    # -------------------------------------------------------------- how it begins

    cdef object serve(self, dict environ, bint spelt):
        """Call the app; what is to be returned to the server."""
        cdef mc_timeouts timeouts
        token = PyContextVar_Set(CURRENT, self)
        try:
            if self._routed and not self._called:
                mc_decision_timeouts(&self._decision._block.decision, &timeouts)
                environ = environ_for_app(self._decision, environ, spelt, &timeouts)
            if self._named is not None:
                environ = named_environ(environ, header_lines(environ), self._named)
            body = self._member.app(environ, self)
            if body is None:  # which __next__ takes for a body that has been closed
                raise TypeError("the app returned None, not its body: an iterable of bytes")
        except BaseException as error:
            self._failed(error)
            raise
        finally:
            leave(token)
        if type(body) is list or type(body) is tuple:  # all of it is there, and nothing has to be closed
            self._ended(True)
            return body
        self._body = body
        return self

    # -------------------------------------------------------------- as a body

    def __iter__(self):
        return self

    def __next__(self):
        cdef PyObject *chunk = NULL
        if self._body is None:
            raise StopIteration
        token = PyContextVar_Set(CURRENT, self)
        try:
            if self._chunks is None:
                self._chunks = iter(self._body)
            chunk = PyIter_Next(self._chunks)
        except BaseException as error:
            self._failed(error)
            raise
        finally:
            leave(token)
        if chunk == NULL:
            self._ended(True)  # what the app does when it is closed is its own
            raise StopIteration
        found = <object> chunk
        Py_DECREF(found)
        return found

    def close(self):
        body, self._body, self._chunks = self._body, None, None
        if body is None:
            return
        try:
            close = getattr(body, "close", None)
            if close is not None:
                token = PyContextVar_Set(CURRENT, self)  # a generator that is closed early ends there
                try:
                    close()
                finally:
                    leave(token)
        finally:
            self._ended(False)

    def __del__(self):  # a server that does not close what it was given holds no endpoint for ever
        self._ended(False)

    # -------------------------------------------------------------- how it ends

    cdef int _failed(self, object error) except -1:
        if not self._status and not self._over and isinstance(error, Exception):
            self._status = 500  # which is what the server answers then
            self._decision.report(status=500, replayable=False)
        self._ended(False)
        return 0

    cdef int _ended(self, bint complete) except -1:
        """The answer has been given, or is not going to be: count the request, and give back what it had."""
        if self._over:
            return 0
        self._over = True
        if self._routed:
            count(self._member, self._decision, self._status)
        elif self._called:  # as at a sidecar, whose inbound listener takes whatever comes
            self._member._requests.count((self._decision.cluster or "", self._status, ""))
        if self._decision._block.decision.entered != NULL:
            self._decision.finish(complete=complete)
        else:
            mc_decision_close(&self._decision._block.decision)
        return 0


seal(Answer, "answers are what a middleware returns")


cdef Answer answer_of(Member member, Decision decision, object start_response, bint called):
    cdef Answer made = Answer.__new__(Answer)
    made._member = member
    made._decision = decision
    made._start_response = start_response
    made._routed = decision._block.decision.outcome == MC_FORWARD
    made._called = called
    return made


def serve(member, decision, context, environ, start_response, called, named):
    cdef Answer made = answer_of(member, decision, start_response, called)
    made._context = context
    made._named = named
    return made.serve(dict(environ), True)
