"""What a proxy shows beside the counters of its requests, under Envoy's names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshcore.proxy.concurrency_stats import concurrency_counters, concurrency_gauges
from meshcore.proxy.fault_stats import fault_counters, fault_gauges
from meshcore.proxy.gauges import breaker_gauges
from meshcore.proxy.limit_stats import limit_counters

if TYPE_CHECKING:
    from meshcore.proxy.server import Proxy

__all__ = ["counters_of", "gauges_of"]


def gauges_of(proxy: Proxy) -> dict[str, int]:
    """What is so just now."""
    return {
        "http.downstream_cx_active": proxy.clients,
        "http.downstream_rq_active": proxy.active,
        "server.live": int(not proxy.draining),
        "mirror.rq_active": proxy.mirrors.active,
        **breaker_gauges(proxy.engine),
        **concurrency_gauges(proxy.engine),
        **fault_gauges(proxy.engine),
        **(proxy.checker.gauges() if proxy.checker is not None else {}),
    }


def counters_of(proxy: Proxy) -> dict[str, int]:
    """What others count."""
    return {
        **(proxy.checker.counters() if proxy.checker is not None else {}),
        **concurrency_counters(proxy.engine),
        **fault_counters(proxy.engine),
        **limit_counters(proxy.engine),
    }
