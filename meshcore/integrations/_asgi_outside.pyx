"""The server's part of an answer's end, kept out of the request's context.

A server that has sent the last bytes sets a timer for the next request of the connection, or begins with that one. Both
copy the context that they are made in: there the request that is over would live on, with all that it had, until the
timer is let go of, and the next request would begin in the context of this one.
"""

cimport cython
from cpython.contextvars cimport PyContext_Enter, PyContext_Exit
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF


async def awaited(what):
    return await what


cdef object coroutine_of(object what):
    return what if PyCoro_CheckExact(what) else awaited(what)


@cython.final
@cython.freelist(32)
cdef class Outside:
    """An awaitable: a coroutine each step of which is made in another context."""

    cdef object _context
    cdef object _coroutine

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
        PyContext_Enter(self._context)
        try:
            waits = PyIter_Send(self._coroutine, None, &result)
        finally:
            PyContext_Exit(self._context)
        value = <object> result
        Py_DECREF(value)
        if waits:
            return value
        if value is None:
            raise StopIteration  # which makes no exception here
        raise StopIteration(value)

    def send(self, value):
        return self._resumed(self._coroutine.send, (value,))

    def throw(self, *error):
        return self._resumed(self._coroutine.throw, error)

    def close(self):
        return self._resumed(self._coroutine.close, ())

    cdef object _resumed(self, object how, tuple given):
        PyContext_Enter(self._context)
        try:
            return how(*given)
        finally:
            PyContext_Exit(self._context)


cdef object sent_outside(object context, object send, object message):
    """What ``send(message)`` returns, to be awaited; all that it does is done in the context."""
    cdef Outside made = Outside.__new__(Outside)
    PyContext_Enter(context)
    try:
        sending = send(message)
    finally:
        PyContext_Exit(context)
    made._context = context
    made._coroutine = coroutine_of(sending)
    return made
