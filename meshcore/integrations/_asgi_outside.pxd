from cpython.object cimport PyObject


cdef extern from "Python.h":
    # 1: it waits, 0: it has returned
    int PyIter_Send(object awaited, object value, PyObject **result) except -1
    bint PyCoro_CheckExact(object awaited)


cdef object sent_outside(object context, object send, object message)

# Of whatever awaitable an app or a server's send may return.
cdef object coroutine_of(object what)
