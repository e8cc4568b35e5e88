"""A shared state over cffi. The stub _mapping.pyi has the documentation."""

from __future__ import annotations

from typing import Any, final

from meshcore._cffi._core import ffi, lib

__all__ = ["LAYOUT", "Mapping"]

LAYOUT: int = lib.MC_SHARED_LAYOUT


@final
class Mapping:
    """The memory of an open file, and this process's place in it."""

    def __init__(self, descriptor: int, size: int, workers: int, boot: bytes) -> None:
        error = ffi.new("mc_error *")
        shared: Any = lib.mc_platform_shared_open(descriptor, size, workers, boot, error)
        if shared == ffi.NULL:
            raise ValueError(ffi.string(error.message).decode())
        self._shared = ffi.gc(shared, lib.mc_platform_shared_close)

    @property
    def address(self) -> int:
        return int(ffi.cast("uintptr_t", self._shared))

    def forked(self, descriptor: int) -> bool:
        return bool(lib.mc_platform_shared_forked(self._shared, descriptor))

    def reclaim(self) -> int:
        return int(lib.mc_shared_reclaim(self._shared))

    def status(self) -> dict[str, int]:
        status = lib.mc_shared_status_of(self._shared)
        return {
            "size": status.size,
            "used": status.used,
            "regions": status.regions,
            "workers": status.workers,
        }

    def processes(self) -> dict[int, int]:
        slots = range(1, lib.MC_SHARED_MAX_WORKERS + 1)
        return {slot: pid for slot in slots if (pid := int(lib.mc_shared_pid(self._shared, slot)))}

    def slot(self) -> int:
        return int(lib.mc_shared_slot_number(self._shared))
