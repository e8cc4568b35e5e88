# Answers that nobody has any more. Part of _asgi_answer.pyx.
#
# They stay as they are, tracked by the collector of garbage, and are given out again, as decisions are (decision.pyx): to
# make one and free it takes twice as long.

cdef PyObject *spare[64]
cdef int spare_count = 0
cdef destructor answer_free = NULL  # Cython's own way


cdef inline Answer fresh():
    global spare_count
    cdef Answer made
    if likely(spare_count):
        spare_count -= 1
        made = <Answer> spare[spare_count]
        Py_DECREF(made)  # the pool's
        return made
    made = Answer.__new__(Answer)
    made._vectorcall = <void *> &call
    return made


cdef void answer_put_back(PyObject *thing) noexcept:
    """In place of the type's tp_dealloc: the last reference becomes the pool's. Things that go away with the answer may
    make others and put them back."""
    global spare_count
    own(thing)
    answer_clear(<Answer> thing)
    if likely(spare_count < MC_POOLED):
        spare[spare_count] = thing
        spare_count += 1
    else:
        disown_last(thing)
        answer_free(thing)


cdef inline void answer_clear(Answer answer) noexcept:
    answer._served = answer._decision = answer._send = None
    if unlikely(answer._running is not None) or unlikely(answer._scope is not None):  # it has not come to its end
        answer._running = answer._scope = answer._receive = answer._outside = answer._token = None
    if unlikely(answer._token is not None):
        answer._token = None
    if unlikely(answer._context is not None):
        answer._context = None
    if unlikely(answer._named is not None):
        answer._named = None
    if unlikely(answer._deadlines is not None):
        answer._deadlines = answer._task = None
    answer._deadline_ns = answer._timeout_ms = 0
    answer._begun = answer._edited = answer._late = answer._answering = answer._counted = False
    answer._status = 0


if MC_POOLED:
    answer_free = (<PyTypeObject *> Answer).tp_dealloc
    (<PyTypeObject *> Answer).tp_dealloc = answer_put_back
