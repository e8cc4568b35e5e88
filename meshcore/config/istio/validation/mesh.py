"""The rules of MeshConfig."""

from __future__ import annotations

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.schema.mesh import MeshConfig
from meshcore.config.istio.validation.common import check_duration
from meshcore.config.istio.validation.connection_pool import check_connection_pool
from meshcore.config.istio.validation.destination_rule import check_outlier
from meshcore.config.istio.validation.http_policies import check_retries
from meshcore.config.istio.validation.locality import check_locality, check_zone_aware
from meshcore.config.istio.validation.names import is_label
from meshcore.config.istio.validation.providers import check_providers, check_proxy_settings
from meshcore.config.schema import error_at, warn_at

__all__ = ["check_mesh"]


def check_mesh(config: MeshConfig, findings: Findings) -> None:
    check_duration(findings, config, "connect_timeout")
    check_retries(config.default_http_retry_policy, findings)
    policy = config.default_traffic_policy
    outlier = policy.outlier_detection if policy else None
    if policy is not None:
        check_connection_pool(policy.connection_pool, findings)
        check_outlier(outlier, findings)
    # Which services detect outliers is said by their own rules.
    if config.locality_lb_setting is not None:
        check_locality(config.locality_lb_setting, findings, outlier=True)
    if config.zone_aware_lb_setting is not None:
        check_zone_aware(config.zone_aware_lb_setting, findings, outlier=True)
    if config.locality_lb_setting is not None and config.zone_aware_lb_setting is not None:
        warn_at(findings, config, "locality_lb_setting", "has no effect beside zoneAwareLbSetting")
    check_providers(config.extension_providers, findings)
    check_proxy_settings(config.default_config, findings)
    for field in (
        "default_service_export_to",
        "default_virtual_service_export_to",
        "default_destination_rule_export_to",
    ):
        for entry in getattr(config, field):
            if entry not in ("*", ".", "~") and not is_label(entry):
                error_at(findings, config, field, found=quoted(entry), expected="*, . or a namespace")
    if config.root_namespace and not is_label(config.root_namespace):
        error_at(
            findings,
            config,
            "root_namespace",
            found=quoted(config.root_namespace),
            expected="a namespace",
        )
