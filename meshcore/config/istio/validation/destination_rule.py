"""The rules of DestinationRule."""

from __future__ import annotations

import math
from itertools import combinations

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.names import is_address
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema import destination_rule as schema
from meshcore.config.istio.validation.common import (
    check_duration,
    check_export_to,
    check_labels,
    check_percent,
    check_port,
    check_wildcard_selector,
    is_domain,
    is_label,
    is_wildcard_domain,
)
from meshcore.config.schema import Record, error_at, is_set, warn_at

__all__ = ["check_destination_rule", "check_locality", "check_outlier", "check_pool"]

MAX_TABLE = 5_000_011
BLOCKS = ("load_balancer", "connection_pool", "outlier_detection", "tls")


def check_destination_rule(resource: Resource[schema.DestinationRule], findings: Findings) -> None:
    spec = resource.spec
    if not is_wildcard_domain(spec.host):
        error_at(findings, spec, "host", found=quoted(spec.host), expected="the name of a service")
    _check_policy(spec.traffic_policy, findings)
    names: set[str] = set()
    for subset in spec.subsets:
        if not is_label(subset.name):
            error_at(findings, subset, "name", found=quoted(subset.name), expected="a name such as v1")
        if subset.name in names:
            error_at(findings, subset, "name", f"there is another subset {subset.name!r}")
        names.add(subset.name)
        check_labels(findings, subset, "labels", subset.labels)
        _check_policy(subset.traffic_policy, findings)
    check_export_to(findings, spec, spec.export_to, resource.namespace)
    if spec.workload_selector is not None:
        check_wildcard_selector(
            findings, spec.workload_selector, "match_labels", spec.workload_selector.match_labels
        )
        if any(to not in (".", resource.namespace) for to in spec.export_to):
            message = "a rule with a workloadSelector is for its own namespace only"
            error_at(findings, spec, "export_to", message, expected='["."]')


def _check_policy(policy: schema.TrafficPolicy | None, findings: Findings) -> None:
    if policy is None:
        return
    fields = (*BLOCKS, "port_level_settings", "tunnel", "proxy_protocol", "retry_budget")
    if not any(is_set(policy, field) for field in fields):
        error_at(findings, policy, "", "a traffic policy must not be empty")
    if policy.tunnel is not None and policy.proxy_protocol is not None:
        error_at(findings, policy, "tunnel", "cannot be together with proxyProtocol")
    _check_blocks(policy, findings)
    for settings in policy.port_level_settings:
        if settings.port is None:
            error_at(findings, settings, "port", "missing, but required")
        else:
            check_port(findings, settings.port, "number", settings.port.number)
        if not any(is_set(settings, field) for field in BLOCKS):
            error_at(findings, settings, "", "the settings of a port must not be empty")
        _check_blocks(settings, findings)
    tunnel = policy.tunnel
    if tunnel is not None:
        if tunnel.protocol not in ("", "CONNECT", "POST"):
            error_at(findings, tunnel, "protocol", found=quoted(tunnel.protocol), expected="CONNECT or POST")
        if not is_domain(tunnel.target_host) and not is_address(tunnel.target_host):
            found = quoted(tunnel.target_host)
            error_at(findings, tunnel, "target_host", found=found, expected="a host name or an address")
        check_port(findings, tunnel, "target_port", tunnel.target_port)
    if policy.retry_budget is not None:
        check_duration(findings, policy.retry_budget, "budget_interval")


def _check_blocks(policy: schema.TrafficPolicy | schema.PortPolicy, findings: Findings) -> None:
    _check_balancer(policy.load_balancer, findings, outlier=policy.outlier_detection is not None)
    check_pool(policy.connection_pool, findings)
    check_outlier(policy.outlier_detection, findings)
    _check_tls(policy.tls, findings)


def _check_balancer(balancer: schema.LoadBalancer | None, findings: Findings, *, outlier: bool) -> None:
    if balancer is None:
        return
    if balancer.consistent_hash is not None:
        _check_hash(balancer.consistent_hash, findings)
    if balancer.locality_lb_setting is not None and balancer.zone_aware_lb_setting is not None:
        error_at(findings, balancer, "zone_aware_lb_setting", "cannot be together with localityLbSetting")
    for setting in (balancer.locality_lb_setting, balancer.zone_aware_lb_setting):
        if setting is not None:
            check_locality(setting, findings, outlier=outlier)
    check_duration(findings, balancer, "warmup_duration_secs")
    if balancer.warmup is not None:
        check_duration(findings, balancer.warmup, "duration")


def _check_hash(hashing: schema.ConsistentHash, findings: Findings) -> None:
    if hashing.http_cookie is not None and not hashing.http_cookie.name:
        error_at(findings, hashing.http_cookie, "name", "missing, but required")
    if hashing.minimum_ring_size:
        warn_at(findings, hashing, "minimum_ring_size", "deprecated", expected="ringHash.minimumRingSize")
        if hashing.ring_hash is not None or hashing.maglev is not None:
            error_at(findings, hashing, "minimum_ring_size", "cannot be together with ringHash or maglev")
    maglev = hashing.maglev
    if maglev is not None and (maglev.table_size >= MAX_TABLE or not _is_prime(maglev.table_size)):
        expected = f"a prime number below {MAX_TABLE}"
        error_at(findings, maglev, "table_size", found=str(maglev.table_size), expected=expected)


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % it for it in range(2, math.isqrt(min(number, MAX_TABLE)) + 1))


def check_locality(setting: schema.LocalityLb, findings: Findings, *, outlier: bool) -> None:
    failing_over = bool(setting.failover or setting.failover_priority)
    if failing_over and not outlier:
        warn_at(findings, setting, "", "failover has no effect without outlierDetection")
    if setting.distribute and failing_over:
        error_at(findings, setting, "distribute", "cannot be together with failover or failoverPriority")
    _check_overlap(setting, "distribute", [it.from_ for it in setting.distribute], findings)
    for share in setting.distribute:
        if any(not 1 <= weight <= 100 for weight in share.to.values()) or sum(share.to.values()) != 100:
            found = ", ".join(map(str, share.to.values()))
            error_at(findings, share, "to", found=found, expected="weights from 1 to 100 that add up to 100")
        _check_overlap(share, "to", list(share.to), findings)
    for step in setting.failover:
        if step.from_ == step.to:
            error_at(findings, step, "to", f"{step.to!r} is where the traffic comes from")
        for field, region in (("from_", step.from_), ("to", step.to)):
            if "*" in region or "/" in region:
                error_at(findings, step, field, found=quoted(region), expected="the name of a region")


def _check_overlap(record: Record, field: str, localities: list[str], findings: Findings) -> None:
    for one, other in combinations(localities, 2):
        pairs = list(zip(one.split("/"), other.split("/"), strict=False))
        same = all(left == right or "*" in (left, right) for left, right in pairs)
        if same and (one.count("/") == other.count("/") or "*" in (one + other)):
            error_at(findings, record, field, f"{one!r} and {other!r} overlap")


def check_pool(pool: schema.ConnectionPool | None, findings: Findings) -> None:
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
    counts = (
        "http1_max_pending_requests",
        "http2_max_requests",
        "max_requests_per_connection",
        "max_retries",
    )
    _check_counts(http, findings, *counts, "max_concurrent_streams")
    check_duration(findings, http, "idle_timeout", zero=True)
    if http.h2_upgrade_policy is schema.H2UpgradePolicy.UPGRADE and http.use_client_protocol:
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


def check_outlier(outlier: schema.OutlierDetection | None, findings: Findings) -> None:
    if outlier is None:
        return
    check_duration(findings, outlier, "interval", "base_ejection_time")
    for field in ("max_ejection_percent", "min_health_percent"):
        check_percent(findings, outlier, field, getattr(outlier, field))
    if outlier.consecutive_errors:
        expected = "consecutive5xxErrors or consecutiveGatewayErrors"
        warn_at(findings, outlier, "consecutive_errors", "deprecated and without effect", expected=expected)
    if outlier.consecutive_local_origin_failures and not outlier.split_external_local_origin_errors:
        message = "has no meaning unless splitExternalLocalOriginErrors is true"
        error_at(findings, outlier, "consecutive_local_origin_failures", message)
    for code in outlier.outlier_detection_http_error_codes:
        if not 100 <= code <= 599:
            error_at(
                findings, outlier, "outlier_detection_http_error_codes", found=str(code), expected="a status"
            )


def _check_tls(tls: schema.ClientTLS | None, findings: Findings) -> None:
    if tls is None:
        return
    mode = schema.TLSMode
    if tls.insecure_skip_verify and tls.mode in (mode.SIMPLE, mode.MUTUAL):
        verifying = ["ca_certificates", "subject_alt_names"]
        if tls.mode is mode.SIMPLE:
            verifying.append("credential_name")
        for field in verifying:
            if getattr(tls, field):
                error_at(findings, tls, field, "cannot be together with insecureSkipVerify")
    if tls.mode not in (mode.SIMPLE, mode.MUTUAL):
        return
    files = ("client_certificate", "private_key", "ca_certificates", "ca_crl")
    if tls.credential_name:
        for field in files:
            if getattr(tls, field):
                error_at(findings, tls, field, "cannot be together with credentialName")
    elif tls.mode is mode.MUTUAL:
        for field in ("client_certificate", "private_key"):
            if not getattr(tls, field):
                error_at(findings, tls, field, "missing, but required for mode MUTUAL")
