"""The rules of DestinationRule."""

from __future__ import annotations

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
    require,
)
from meshcore.config.istio.validation.connection_pool import check_connection_pool
from meshcore.config.istio.validation.locality import check_locality, check_zone_aware
from meshcore.config.istio.validation.names import is_domain, is_label, is_wildcard_domain
from meshcore.config.istio.validation.selectors import check_selector
from meshcore.config.schema import error_at, is_set, warn_at
from meshcore.model import is_prime

__all__ = ["check_client_tls", "check_destination_rule", "check_outlier"]

MAX_TABLE = 5_000_011
CONFIG_MAP = "configmap://"
BLOCKS = ("load_balancer", "connection_pool", "outlier_detection", "tls")


def check_destination_rule(resource: Resource[schema.DestinationRule], findings: Findings) -> None:
    spec = resource.spec
    if not is_wildcard_domain(spec.host):
        error_at(findings, spec, "host", found=quoted(spec.host), expected="the name of a service")
    _check_policy(spec.traffic_policy, resource.namespace, findings)
    names: set[str] = set()
    for subset in spec.subsets:
        if not is_label(subset.name):
            error_at(findings, subset, "name", found=quoted(subset.name), expected="a name such as v1")
        if subset.name in names:
            error_at(findings, subset, "name", f"there is another subset {subset.name!r}")
        names.add(subset.name)
        check_labels(findings, subset, "labels", subset.labels)
        _check_policy(subset.traffic_policy, resource.namespace, findings)
    check_export_to(findings, spec, spec.export_to, resource.namespace)
    if spec.workload_selector is not None:
        check_selector(spec.workload_selector, findings)
        if any(to not in (".", resource.namespace) for to in spec.export_to):
            message = "a rule with a workloadSelector is for its own namespace only"
            error_at(findings, spec, "export_to", message, expected='["."]')


def _check_policy(policy: schema.TrafficPolicy | None, namespace: str, findings: Findings) -> None:
    if policy is None:
        return
    fields = (*BLOCKS, "port_level_settings", "tunnel", "proxy_protocol", "retry_budget")
    if not any(is_set(policy, field) for field in fields):
        error_at(findings, policy, "", "a traffic policy must not be empty")
    if policy.tunnel is not None and policy.proxy_protocol is not None:
        error_at(findings, policy, "tunnel", "cannot be together with proxyProtocol")
    _check_blocks(policy, namespace, findings)
    for settings in policy.port_level_settings:
        if settings.port is None:
            error_at(findings, settings, "port", "missing, but required")
        else:
            check_port(findings, settings.port, "number", settings.port.number)
        if not any(is_set(settings, field) for field in BLOCKS):
            error_at(findings, settings, "", "the settings of a port must not be empty")
        _check_blocks(settings, namespace, findings)
    tunnel = policy.tunnel
    if tunnel is not None:
        if tunnel.protocol not in ("", "CONNECT", "POST"):
            error_at(findings, tunnel, "protocol", found=quoted(tunnel.protocol), expected="CONNECT or POST")
        if not is_domain(tunnel.target_host) and not is_address(tunnel.target_host):
            found = quoted(tunnel.target_host)
            error_at(findings, tunnel, "target_host", found=found, expected="a host name or an address")
        check_port(findings, tunnel, "target_port", tunnel.target_port)
    budget = policy.retry_budget
    if budget is not None and budget.budget_interval is not None and budget.budget_interval < 0:
        found = f"{budget.budget_interval:g}s"
        error_at(findings, budget, "budget_interval", found=found, expected="0s or more")


def _check_blocks(
    policy: schema.TrafficPolicy | schema.PortPolicy, namespace: str, findings: Findings
) -> None:
    _check_balancer(policy.load_balancer, findings, outlier=policy.outlier_detection is not None)
    check_connection_pool(policy.connection_pool, findings)
    check_outlier(policy.outlier_detection, findings)
    check_client_tls(policy.tls, namespace, findings)


def _check_balancer(balancer: schema.LoadBalancer | None, findings: Findings, *, outlier: bool) -> None:
    if balancer is None:
        return
    if balancer.consistent_hash is not None:
        _check_hash(balancer.consistent_hash, findings)
    if balancer.locality_lb_setting is not None and balancer.zone_aware_lb_setting is not None:
        error_at(findings, balancer, "zone_aware_lb_setting", "cannot be together with localityLbSetting")
    if balancer.locality_lb_setting is not None:
        check_locality(balancer.locality_lb_setting, findings, outlier=outlier)
    if balancer.zone_aware_lb_setting is not None:
        check_zone_aware(balancer.zone_aware_lb_setting, findings, outlier=outlier)
    check_duration(findings, balancer, "warmup_duration_secs")
    if balancer.warmup is not None:
        check_duration(findings, balancer.warmup, "duration")
        if balancer.warmup_duration_secs is not None:
            error_at(findings, balancer, "warmup_duration_secs", "cannot be together with warmup")


def _check_hash(hashing: schema.ConsistentHash, findings: Findings) -> None:
    if hashing.http_cookie is not None:
        _check_cookie(hashing.http_cookie, findings)
    if hashing.minimum_ring_size:
        warn_at(findings, hashing, "minimum_ring_size", "deprecated", expected="ringHash.minimumRingSize")
        if hashing.ring_hash is not None or hashing.maglev is not None:
            error_at(findings, hashing, "minimum_ring_size", "cannot be together with ringHash or maglev")
    maglev = hashing.maglev
    if maglev is not None and (maglev.table_size >= MAX_TABLE or not is_prime(maglev.table_size)):
        expected = f"a prime number below {MAX_TABLE}"
        error_at(findings, maglev, "table_size", found=str(maglev.table_size), expected=expected)


def _check_cookie(cookie: schema.Cookie, findings: Findings) -> None:
    require(findings, cookie, "name")
    names: set[str] = set()
    for attribute in cookie.attributes:
        require(findings, attribute, "name")
        if attribute.name in names:
            error_at(findings, attribute, "name", f"there is another attribute {attribute.name!r}")
        names.add(attribute.name)


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


def check_client_tls(tls: schema.ClientTLS | None, namespace: str, findings: Findings) -> None:
    if tls is None:
        return
    mode = schema.TLSMode
    if tls.credential_name.startswith(CONFIG_MAP):
        space, slash, name = tls.credential_name.removeprefix(CONFIG_MAP).partition("/")
        if "/" in name or not (slash and space and name) or space != namespace:
            found, expected = quoted(tls.credential_name), f"{CONFIG_MAP}{namespace}/name"
            error_at(findings, tls, "credential_name", found=found, expected=expected)
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
