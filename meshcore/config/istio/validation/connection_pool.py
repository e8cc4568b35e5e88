"""The rules of connection pools, which DestinationRule and Sidecar share."""

from __future__ import annotations

from meshcore.config.findings import Findings
from meshcore.config.istio.schema.destination_rule import ConnectionPool, H2UpgradePolicy
from meshcore.config.istio.validation.common import check_duration
from meshcore.config.schema import Record, error_at

__all__ = ["check_connection_pool"]


def check_connection_pool(pool: ConnectionPool | None, findings: Findings) -> None:
    if pool is None:
        return
    tcp, http = pool.tcp, pool.http
    if tcp is None and http is None:
        error_at(findings, pool, "", "a connection pool must not be empty", expected="tcp or http")
    if tcp is not None:
        _check_counts(tcp, findings, "max_connections")
        check_duration(findings, tcp, "connect_timeout", "max_connection_duration")
        check_duration(findings, tcp, "idle_timeout", zero=True)
        if tcp.tcp_keepalive is not None:
            check_duration(findings, tcp.tcp_keepalive, "time", "interval")
    if http is None:
        return
    _check_counts(
        http,
        findings,
        "http1_max_pending_requests",
        "http2_max_requests",
        "max_requests_per_connection",
        "max_retries",
        "max_concurrent_streams",
    )
    check_duration(findings, http, "idle_timeout")
    if http.h2_upgrade_policy is H2UpgradePolicy.UPGRADE and http.use_client_protocol:
        error_at(findings, http, "use_client_protocol", "cannot be together with h2UpgradePolicy UPGRADE")
    alive = http.http2_keep_alive
    if alive is not None:
        for field in ("interval", "timeout"):
            if getattr(alive, field) is None:
                error_at(findings, alive, field, "missing, but required")
        check_duration(findings, alive, "interval", "timeout")


def _check_counts(record: Record, findings: Findings, *fields: str) -> None:
    for field in fields:
        value = getattr(record, field)
        if value < 0:
            error_at(findings, record, field, found=str(value), expected="0 (no limit) or more")
