"""Types whose objects this package alone makes: without what it puts into them they would point nowhere."""

from cpython.object cimport PyObject, newfunc

cdef extern from *:
    """
    static void mc_seal(PyObject *kind, newfunc refuse) {
      ((PyTypeObject *)kind)->tp_new = refuse;
      ((PyTypeObject *)kind)->tp_vectorcall = NULL; /* so that calling the type asks tp_new */
    }
    """
    void mc_seal(object kind, newfunc refuse)

cdef dict MAKERS = {}


cdef object _refuse(type kind, PyObject *args, PyObject *keywords):
    for base in kind.__mro__:
        if base in MAKERS:
            raise TypeError(MAKERS[base])


cdef int seal(type kind, str who) except -1:
    """Let ``kind()`` and ``kind.__new__(kind)`` raise TypeError, which says who makes such objects.

    For final types, and for those of our own that only ours derive from. ``kind.__new__(kind)`` in the type's own
    Cython module goes on making them, since that does not ask the type.
    """
    MAKERS[kind] = who
    mc_seal(kind, <newfunc> _refuse)
    return 0
