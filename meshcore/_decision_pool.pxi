# Decisions that nobody has any more: they stay as they are, each with its block, and are given out again, which costs
# less than a tenth of what it does to make and free one. Part of decision.pyx.

cdef extern from *:
    """
    #define mc_owned(thing) ((struct __pyx_obj_8meshcore_8decision_Decision *)(thing))
    """
    Decision mc_owned(PyObject *thing)

cdef PyObject *spare[64]
cdef int spare_count = 0
cdef destructor decision_free = NULL  # Cython's own way


cdef Decision decision_new():
    """One in which nothing is decided yet."""
    return fresh()


cdef inline Decision fresh():
    global spare_count
    cdef Decision out
    if spare_count:
        spare_count -= 1
        return mc_owned(spare[spare_count])
    out = Decision.__new__(Decision)
    out._block = block_new()
    out._block.path = out._block.authority = <PyObject *> None
    return out


cdef void decision_put_back(PyObject *thing) noexcept:
    """In place of the type's tp_dealloc: the last reference becomes the pool's. Things that go away with the decision may
    make others and put them back."""
    global spare_count
    own(thing)
    decision_clear(<Decision> thing)
    if spare_count < MC_POOLED:
        spare[spare_count] = thing
        spare_count += 1
    else:
        disown_last(thing)
        decision_free(thing)


cdef inline void decision_clear(Decision decision) noexcept:
    block_clear(decision._block)
    decision._block.path = decision._block.authority = <PyObject *> None
    decision._snapshot = None
    decision._serving = None
    decision._pairs = None


if MC_POOLED:
    decision_free = (<PyTypeObject *> Decision).tp_dealloc
    (<PyTypeObject *> Decision).tp_dealloc = decision_put_back
