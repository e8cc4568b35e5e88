"""Calls of compiled classes with other arguments than they take: the error names the class, the argument and what
was meant. Cython's own speaks of ``__cinit__()`` or ``__init__()``, of whatever class."""

from cpython.object cimport PyObject, newfunc

from meshcore._near import mistaken_call

cdef extern from *:
    """
    static newfunc mc_made_by(PyObject *kind, newfunc by) {
      PyTypeObject *const type = (PyTypeObject *)kind;
      const newfunc before = type->tp_new;
      type->tp_new = by;
      type->tp_vectorcall = NULL; /* so that calling the type asks tp_new */
      return before;
    }

    static initproc mc_begun_by(PyObject *kind, initproc by) {
      PyTypeObject *const type = (PyTypeObject *)kind;
      const initproc before = type->tp_init;
      PyObject *const name = PyUnicode_FromString("__init__");
      PyObject *const own = name ? PyDict_GetItemWithError(type->tp_dict, name) : NULL;
      Py_XDECREF(name);
      if (own != NULL && Py_IS_TYPE(own, &PyWrapperDescr_Type)) {
        ((PyWrapperDescrObject *)own)->d_wrapped = (void *)by; /* for super().__init__() of other classes */
      }
      type->tp_init = by;
      type->tp_vectorcall = NULL; /* so that calling the type asks tp_init */
      return before;
    }
    """
    ctypedef int (*initproc)(object, PyObject *, PyObject *) except -1
    newfunc mc_made_by(object kind, newfunc by)
    initproc mc_begun_by(object kind, initproc by)

# By the class; each is entered once, when its module is imported.
cdef dict MADE = {}
cdef dict BEGUN = {}


cdef type _ours(type kind, dict known):
    """The class of ours that it is, or is derived from."""
    for base in kind.__mro__:
        if base in known:
            return base


cdef int _refuse_mistake(type kind, PyObject *given, PyObject *named) except -1:
    """Raises TypeError; nothing where the call was right, and something went wrong within."""
    text = mistaken_call(kind, <tuple> given, {} if named == NULL else <dict> named)
    if text:
        raise TypeError(text) from None
    return 0


cdef object _new(type kind, PyObject *given, PyObject *named):
    cdef type ours = _ours(kind, MADE)
    try:
        return (<newfunc> <size_t> MADE[ours])(kind, given, named)
    except TypeError:
        _refuse_mistake(ours, given, named)
        raise


cdef int _init(object self, PyObject *given, PyObject *named) except -1:
    cdef type ours = _ours(type(self), BEGUN)
    try:
        return (<initproc> <size_t> BEGUN[ours])(self, given, named)
    except TypeError:
        _refuse_mistake(ours, given, named)
        raise


cdef int name_mistakes(type kind) except -1:
    """For classes of ours whose stub says what they are made of; once, at the end of their module."""
    if kind.__init__ is object.__init__:
        MADE[kind] = <size_t> mc_made_by(kind, <newfunc> _new)
    else:
        BEGUN[kind] = <size_t> mc_begun_by(kind, <initproc> _init)
    return 0
