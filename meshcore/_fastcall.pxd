# A function of C in place of a method, for the calls that nearly all make: to read what might be given by name costs as
# much as to do what most of them are for.

from cpython.object cimport PyObject


cdef extern from *:
    """
    typedef PyObject *(*mc_fastcall)(PyObject *, PyObject *const *, Py_ssize_t, PyObject *);

    static inline mc_fastcall mc_replace_method(PyObject *method, mc_fastcall by) {
      /* A static method is a function of the type. */
      PyMethodDef *const at = PyCFunction_CheckExact(method) ? ((PyCFunctionObject *)method)->m_ml
                                                             : ((PyMethodDescrObject *)method)->d_method;
      const mc_fastcall before = (mc_fastcall)(void (*)(void))at->ml_meth;
      at->ml_meth = (PyCFunction)(void (*)(void))by;
      return before;
    }

    static inline void mc_call_in_place(PyObject *type, Py_ssize_t offset) {
      ((PyTypeObject *)type)->tp_vectorcall_offset = offset;
      ((PyTypeObject *)type)->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
    }

    #define mc_send_by(type, by) (((PyTypeObject *)(type))->tp_as_async->am_send = (sendfunc)(void (*)(void))(by))
    """
    ctypedef object (*mc_fastcall)(object, PyObject *const *, Py_ssize_t, PyObject *)
    # Puts the function in place of a method of a cdef class that takes arguments, and returns that one, for the calls
    # that are not for the function. It gets the object, what is given by place, how much that is, and the names of what
    # follows it (NULL: nothing does).
    mc_fastcall mc_replace_method(object method, mc_fastcall by)
    # Has the interpreter call objects of a type by what each of them has at this place, a vectorcallfunc, with the
    # arguments where they are: it makes no tuple of them then.
    void mc_call_in_place(PyObject *type, Py_ssize_t offset)
    # What awaits objects of a type, which has __await__, goes on with them by this: 1: it waits, for the result; 0: it has
    # returned that.
    void mc_send_by(PyObject *type, int (*by)(PyObject *, PyObject *, PyObject **) except -1)
