"""Random numbers for components that draw: of the process's entropy, or of a caller's seed."""

from __future__ import annotations

from meshcore._cffi._core import ffi, lib
from meshcore._hosts import checked_seed

__all__ = ["Draws"]

_MASK = 0xFFFFFFFFFFFFFFFF
_STEP = 0x9E3779B97F4A7C15  # of splitmix64


class Draws:
    """One number after another. Without a seed they differ between the processes of a fork, too."""

    def __init__(self, seed: int | None) -> None:
        self._entropy = None
        self._random = 0
        if seed is None:
            self._entropy = ffi.gc(lib.mc_entropy_new(), lib.mc_entropy_free)
            if self._entropy == ffi.NULL:
                raise MemoryError
        else:
            self._random = checked_seed(seed)

    def next(self) -> int:
        if self._entropy is not None:
            return int(lib.mc_entropy_next(self._entropy))
        self._random = (self._random + _STEP) & _MASK
        return int(lib.mc_mix64(self._random))
