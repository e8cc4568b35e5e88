"""Weighted splits by themselves. The stub split.pyi has the documentation."""

cimport cython
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free, malloc

from meshcore._called cimport name_mistakes
from meshcore._core cimport (
    MC_NO_MEMORY,
    mc_entropy,
    mc_entropy_free,
    mc_entropy_new,
    mc_entropy_next,
    mc_error,
    mc_key_split,
    mc_key_split_draw,
    mc_key_split_free,
    mc_key_split_new,
    mc_key_split_pick,
    mc_mix64,
    mc_slice,
)
from meshcore._given cimport text_given
from meshcore._request cimport as_bytes, take

from meshcore._hosts import checked_seed, checked_split


@cython.final
cdef class WeightedSplit:
    cdef mc_key_split *_split
    cdef mc_entropy *_entropy
    cdef uint64_t _random
    cdef tuple _names
    cdef dict _weights

    def __init__(self, weights, *, seed=None):
        cdef mc_error error
        cdef mc_slice *names
        cdef uint32_t *numbers
        if self._split != NULL:
            raise TypeError("a WeightedSplit does not change; make another one")
        self._weights = checked_split(weights)
        self._names = tuple(self._weights)
        encoded = [name.encode("utf-8", "surrogateescape") for name in self._names]
        if seed is None:
            self._entropy = mc_entropy_new()
            if self._entropy == NULL:
                raise MemoryError
        else:
            self._random = checked_seed(seed)
        names = <mc_slice *> malloc((len(encoded) + 1) * sizeof(mc_slice))
        numbers = <uint32_t *> malloc((len(encoded) + 1) * sizeof(uint32_t))
        try:
            if names == NULL or numbers == NULL:
                raise MemoryError
            for i, name in enumerate(encoded):
                take(name, &names[i])
                numbers[i] = self._weights[self._names[i]]
            self._split = mc_key_split_new(names, numbers, <uint32_t> len(encoded), &error)
        finally:
            free(names)
            free(numbers)
        if self._split == NULL:
            if error.code == MC_NO_MEMORY:
                raise MemoryError
            raise ValueError(error.message.decode())

    def __dealloc__(self):
        mc_key_split_free(self._split)
        mc_entropy_free(self._entropy)

    @property
    def weights(self):
        return dict(self._weights)

    def __repr__(self):
        return f"WeightedSplit({self._weights!r})"

    def __reduce__(self):
        return WeightedSplit, (self._weights,)

    # Without a seed of the caller's, draws differ between the processes of a fork, too.
    cdef uint64_t _draw(self) noexcept:
        if self._entropy != NULL:
            return mc_entropy_next(self._entropy)
        self._random += <uint64_t> 0x9E3779B97F4A7C15
        return mc_mix64(self._random)

    def pick(self, key=None):
        cdef mc_slice text
        if key is None:
            return self._names[mc_key_split_draw(self._split, self._draw())]
        text_given("key", key)
        key = as_bytes(key)
        take(key, &text)
        return self._names[mc_key_split_pick(self._split, text)]


name_mistakes(WeightedSplit)
