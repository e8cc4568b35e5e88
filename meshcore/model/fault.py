"""Faults that are injected on purpose (Envoy v3 ``HTTPFault``)."""

from __future__ import annotations

from meshcore.model._dataclass import dataclass
from meshcore.model.matching import Fraction, HeaderMatch

__all__ = ["FaultAbort", "FaultDelay", "FaultPolicy", "FaultRateLimit", "FaultRuntime"]


@dataclass(frozen=True, slots=True)
class FaultDelay:
    """Wait for ``fixed`` seconds, or for as long as ``x-envoy-fault-delay-request`` says."""

    fraction: Fraction
    fixed: float | None = None
    header_controlled: bool = False


@dataclass(frozen=True, slots=True)
class FaultAbort:
    """Answer with a status, or with that of ``x-envoy-fault-abort-request`` (or ``-abort-grpc-request``)."""

    fraction: Fraction
    http_status: int | None = None
    grpc_status: int | None = None
    header_controlled: bool = False


@dataclass(frozen=True, slots=True)
class FaultRateLimit:
    """Send the answer's body at ``kbps`` KiB a second, or as fast as ``x-envoy-fault-throughput-response``
    says (None)."""

    fraction: Fraction
    kbps: int | None = None


@dataclass(frozen=True, slots=True)
class FaultRuntime:
    """What the runtime says in place of the policy and of the request's headers; None: nothing.

    ``delay`` is in milliseconds.
    """

    delay_fraction: Fraction | None = None
    abort_fraction: Fraction | None = None
    rate_limit_fraction: Fraction | None = None
    delay: int | None = None
    http_status: int | None = None
    grpc_status: int | None = None


@dataclass(frozen=True, slots=True)
class FaultPolicy:
    """``upstream_cluster``, ``headers`` and ``downstream_nodes`` say whom it concerns: who meets all of them.

    ``max_active_faults`` bounds the requests of a listener that are under a fault at a time; the rest
    passes without one. ``downstream_clusters``: what the runtime says for requests whose
    ``x-envoy-downstream-service-cluster`` has that value, sorted.
    """

    delay: FaultDelay | None = None
    abort: FaultAbort | None = None
    upstream_cluster: str = ""
    headers: tuple[HeaderMatch, ...] = ()
    max_active_faults: int | None = None
    downstream_nodes: tuple[str, ...] = ()
    response_rate_limit: FaultRateLimit | None = None
    runtime: FaultRuntime = FaultRuntime()
    downstream_clusters: tuple[tuple[str, FaultRuntime], ...] = ()
