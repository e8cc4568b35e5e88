"""The protocols of checks, sans I/O."""

from __future__ import annotations

from collections.abc import Iterable

from meshcore.health.probes.probe import Probe, Target, broken
from meshcore.health.probes.tcp import TcpProbe
from meshcore.model import GrpcHealthCheck, HealthCheck, TcpHealthCheck

__all__ = ["Probe", "Target", "alpn_of", "broken", "new_probe", "require_libraries"]


def new_probe(check: HealthCheck, target: Target) -> Probe:
    """The probe for one connection.

    Raises:
        ImportError: where the library that speaks the check's protocol is not installed; it says how to.
    """
    how, reuse = check.checker, check.reuse_connection
    if isinstance(how, TcpHealthCheck):
        return TcpProbe(how, reuse)
    try:
        if isinstance(how, GrpcHealthCheck):
            from meshcore.health.probes.grpc import GrpcProbe

            return GrpcProbe(how, target, reuse, check.timeout)
        if how.http2:
            from meshcore.health.probes.http2 import Http2Probe

            return Http2Probe(how, target, reuse)
        from meshcore.health.probes.http1 import Http1Probe
    except ModuleNotFoundError as error:
        raise ImportError(_missing_library(error.name or "")) from error
    return Http1Probe(how, target, reuse)


def require_libraries(checks: Iterable[HealthCheck | None]) -> None:
    """See that all that these checks need is installed.

    Raises:
        ImportError: where it is not; it says how to.
    """
    nowhere = Target("", "", "", 0, "", secure=False)
    for check in set(checks):
        if check is not None:
            new_probe(check, nowhere)


def _missing_library(name: str) -> str:
    return f"these health checks need {name}: pip install 'meshcore-engine[health]'"


def alpn_of(check: HealthCheck) -> tuple[str, ...]:
    """The protocols to offer where the check goes over TLS."""
    if check.alpn_protocols:
        return check.alpn_protocols
    how = check.checker
    speaks_http2 = isinstance(how, GrpcHealthCheck) or (not isinstance(how, TcpHealthCheck) and how.http2)
    return ("h2",) if speaks_http2 else ()
