"""What fault filters did, under Envoy's names, over all listeners."""

from __future__ import annotations

from meshcore.engine import Engine

__all__ = ["fault_counters", "fault_gauges"]

_ACTIVE = "active_faults"


def _sums(engine: Engine) -> dict[str, int]:
    sums: dict[str, int] = {}
    for listener in engine.faults():
        for name, count in listener.items():
            if name != "listener":
                sums[name] = sums.get(name, 0) + count
    return sums


def fault_counters(engine: Engine) -> dict[str, int]:
    return {f"http.fault.{name}": count for name, count in _sums(engine).items() if name != _ACTIVE}


def fault_gauges(engine: Engine) -> dict[str, int]:
    return {f"http.fault.{name}": count for name, count in _sums(engine).items() if name == _ACTIVE}
