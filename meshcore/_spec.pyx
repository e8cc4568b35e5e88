"""From the model to the C core's specs: plain structs that the core copies while it builds.

Conversion only: what a field means is decided in the core. A Specs owns every array and every byte
string that its structs point to, so it must live until the build is over. What fills the structs is beside
it: _match_spec, _edit_spec, _policy_spec, _action_spec, _http_spec, _cluster_spec and others.
"""

import json

from libc.stdlib cimport calloc, free

from meshcore._core cimport *
from meshcore._request cimport PyUnicode_IS_COMPACT_ASCII, take

from meshcore._breathe import breathe
from meshcore._memory import hide


cdef object _comparable(object value):
    """As protobuf compares values: all numbers are doubles."""
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    return value


cdef object label_text(object value):
    """A label's value for the core: a text stays as it is, and anything else must not look like one."""
    if isinstance(value, str):
        return value
    return "\0" + json.dumps(_comparable(value), sort_keys=True)


def _key_bytes(item):
    return item[0].encode("utf-8", "surrogateescape")


cdef mc_said said(object value):
    return MC_UNSAID if value is None else MC_SAID_YES if value else MC_SAID_NO


cdef enum:
    BLOCK = 65536
    STEP = 8192


cdef class _Block:
    cdef void *memory

    def __dealloc__(self):
        free(self.memory)


cdef class Specs:
    def __cinit__(self):
        self._alive = []
        self._blocks = []
        hide(self._alive)  # a million texts: collections would go through them again and again

    cdef void *array(self, size_t count, size_t size) except NULL:
        """Zeros, from a block that many arrays share."""
        cdef size_t want = ((count + 1) * size + 15) & ~<size_t> 15
        cdef _Block block
        cdef char *out = self._free
        if want <= self._left:
            self._free += want
            self._left -= want
            return out
        block = _Block.__new__(_Block)
        block.memory = calloc(1, want if want > <size_t> BLOCK else <size_t> BLOCK)
        if block.memory == NULL:
            raise MemoryError
        self._blocks.append(block)
        if want < <size_t> BLOCK:
            self._free = <char *> block.memory + want
            self._left = BLOCK - want
        return block.memory

    cdef int clear(self) except -1:
        """Let go of everything, in steps: there may be a million texts."""
        while self._alive:
            del self._alive[-STEP:]
            breathe()
        return 0

    cdef mc_slice text(self, object value) except *:
        cdef mc_slice out
        if isinstance(value, str) and not PyUnicode_IS_COMPACT_ASCII(value):
            value = (<str> value).encode("utf-8", "surrogateescape")
        self._alive.append(value)  # objects that never change: the slice points into them
        take(value, &out)
        return out

    cdef mc_slice optional(self, object value) except *:
        """The empty text is an absent slice: the model's way to say "not given"."""
        cdef mc_slice out
        if value:
            return self.text(value)
        out.data = NULL
        out.size = 0
        return out

    cdef const mc_slice *names(self, tuple names) except NULL:
        """In lower case."""
        cdef mc_slice *slices = <mc_slice *> self.array(len(names), sizeof(mc_slice))
        for i, name in enumerate(names):
            slices[i] = self.text(name.lower())
        return slices

    cdef mc_labels labels(self, object metadata) except *:
        """Sorted by key, as the core wants them."""
        cdef mc_label *labels = <mc_label *> self.array(len(metadata), sizeof(mc_label))
        cdef mc_labels out
        for i, (key, value) in enumerate(sorted(metadata, key=_key_bytes)):
            labels[i].key = self.text(key)
            labels[i].value = self.text(label_text(value))
        out.at = labels
        out.count = <uint32_t> len(metadata)
        return out
