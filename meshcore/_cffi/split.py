"""WeightedSplit over cffi. The stub split.pyi has the documentation of what is public."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from meshcore._cffi._core import ffi, lib
from meshcore._cffi.draws import Draws
from meshcore._cffi.specs import Specs
from meshcore._cffi.text import raise_error, slice_of
from meshcore._hosts import checked_split

__all__ = ["WeightedSplit"]


@final
class WeightedSplit:
    """A split by weight that keeps each user where they are."""

    def __init__(self, weights: Mapping[str, int], *, seed: int | None = None) -> None:
        if hasattr(self, "_split"):
            raise TypeError("a WeightedSplit does not change; make another one")
        self._weights = checked_split(weights)
        self._names = tuple(self._weights)
        self._draws = Draws(seed)
        specs, error = Specs(), ffi.new("mc_error *")
        names = specs.array("mc_slice", len(self._names))
        for i, name in enumerate(self._names):
            specs.text(names[i], name)
        numbers = ffi.new("uint32_t[]", list(self._weights.values()))
        split = lib.mc_key_split_new(names, numbers, len(self._names), error)
        if split == ffi.NULL:
            raise_error(error)
        self._split = ffi.gc(split, lib.mc_key_split_free)

    @property
    def weights(self) -> dict[str, int]:
        return dict(self._weights)

    def __repr__(self) -> str:
        return f"WeightedSplit({self._weights!r})"

    def __reduce__(self) -> tuple[type[WeightedSplit], tuple[dict[str, int]]]:
        return WeightedSplit, (self._weights,)

    def pick(self, key: str | bytes | None = None) -> str:
        if key is None:
            return self._names[int(lib.mc_key_split_draw(self._split, self._draws.next()))]
        slice = ffi.new("mc_slice *")
        alive: list[Any] = []
        slice_of(slice, key, alive)
        return self._names[int(lib.mc_key_split_pick(self._split, slice[0]))]
