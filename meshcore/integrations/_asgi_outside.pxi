# The server's part of an answer's end, kept out of the request's context. Part of _asgi_answer.pyx.
#
# A server that has sent the last bytes sets a timer for the next request of the connection, or begins with that one. Both
# copy the context that they are made in: there the request that is over would live on, with all that it had, until the
# timer is let go of, and the next request would begin in the context of this one.

async def awaited(what):
    return await what


cdef inline object coroutine_of(object what):
    """Of whatever awaitable an app or a server's send may return."""
    return what if likely(PyCoro_CheckExact(what)) else awaited(what)


@cython.final
@cython.freelist(32)
cdef class Outside:
    """An awaitable: a coroutine that has begun and waits, each further step of which is made in another context."""

    cdef object _context
    cdef object _coroutine
    cdef object _waits_for  # what its first step has yielded, while nobody has been told
    cdef bint _told

    def __await__(self):
        return self

    def __iter__(self):
        return self

    @property
    def cr_await(self):
        """What it waits for, for whoever shows the stack of a task."""
        return self._coroutine

    def __next__(self):
        cdef PyObject *result = NULL
        cdef int waits
        if not self._told:
            self._told = True
            value, self._waits_for = self._waits_for, None
            return value
        PyContext_Enter(self._context)
        try:
            waits = PyIter_Send(self._coroutine, None, &result)
        finally:
            PyContext_Exit(self._context)
        value = <object> result
        Py_DECREF(value)
        if waits:
            return value
        raise StopIteration  # which makes no exception here

    def send(self, value):
        return next(self) if value is None else self._resumed(self._coroutine.send, (value,))

    def throw(self, *error):
        return self._resumed(self._coroutine.throw, error)

    def close(self):
        return self._resumed(self._coroutine.close, ())

    cdef object _resumed(self, object how, tuple given):
        self._told = True
        PyContext_Enter(self._context)
        try:
            return how(*given)
        finally:
            PyContext_Exit(self._context)


@cython.final
cdef class Sent:
    """An awaitable that has nothing to wait for."""

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration


cdef int has_sent(PyObject *sent, PyObject *value, PyObject **result) except -1:
    Py_INCREF(None)
    result[0] = <PyObject *> None
    return 0


cdef Sent sent = Sent()
mc_send_by(<PyObject *> Sent, &has_sent)


cdef inline object sent_outside(object context, object send, object message):
    """Begin with ``send(message)``, all of which is done in the context; returns what is to be awaited for the rest.

    Nearly all servers are through with that at once: who waits for the bytes has them the sooner.
    """
    cdef PyObject *result = NULL
    cdef int waits
    PyContext_Enter(context)
    try:
        sending = coroutine_of(PyObject_CallOneArg(send, message))
        waits = PyIter_Send(sending, None, &result)
    finally:
        PyContext_Exit(context)
    value = <object> result
    Py_DECREF(value)
    return outside_of(context, sending, value) if unlikely(waits) else sent


cdef Outside outside_of(object context, object coroutine, object waits_for):
    cdef Outside made = Outside.__new__(Outside)
    made._context = context
    made._coroutine = coroutine
    made._waits_for = waits_for
    return made
