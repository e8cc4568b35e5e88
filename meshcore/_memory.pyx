"""Keeping large object graphs away from the collector of cycles."""

import gc

from meshcore._breathe import breathe


cdef extern from "Python.h":
    bint PyObject_GC_IsTracked(object value)
    void PyObject_GC_UnTrack(void *value)


def untrack(root):
    cdef list waiting = [root]
    cdef object value
    cdef Py_ssize_t done = 0
    while waiting:
        value = waiting.pop()
        # Whoever is not tracked has been here already, or has nothing to follow.
        if not PyObject_GC_IsTracked(value):
            continue
        if not isinstance(value, (tuple, list, dict, frozenset)) and not hasattr(type(value), "__dataclass_fields__"):
            continue
        if isinstance(value, type):
            continue
        PyObject_GC_UnTrack(<void *> value)
        waiting.extend(gc.get_referents(value))
        done += 1
        if not done & 1023:
            breathe()


def hide(list items):
    PyObject_GC_UnTrack(<void *> items)
