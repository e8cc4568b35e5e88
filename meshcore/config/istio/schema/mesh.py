"""``MeshConfig``: what holds for the whole mesh, as far as it concerns where requests go."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, ClassVar

from msgspec import Meta, field

from meshcore.config.istio.schema.destination_rule import (
    ConnectionPool,
    LocalityLb,
    OutlierDetection,
    ZoneAwareLb,
)
from meshcore.config.istio.schema.providers import DefaultProviders, ExtensionProvider
from meshcore.config.istio.schema.proxy_settings import ProxySettings
from meshcore.config.istio.schema.virtual_service import Retries
from meshcore.config.scalar_types import GoDuration
from meshcore.config.schema import Partial, Record

__all__ = [
    "DefaultTrafficPolicy",
    "H2Upgrade",
    "MeshConfig",
    "Normalization",
    "OutboundMode",
]


class OutboundMode(Enum):
    REGISTRY_ONLY = 0
    ALLOW_ANY = 1
    ALLOW_ANY_DYNAMIC_DNS = 3


class Outbound(Record):
    __noted__: ClassVar[dict[str, str]] = {"tls": "names are not resolved by request"}

    mode: OutboundMode = OutboundMode.REGISTRY_ONLY


class Normalization(Enum):
    DEFAULT = 0
    NONE = 1
    BASE = 2
    MERGE_SLASHES = 3
    DECODE_AND_MERGE_SLASHES = 4


class PathNormalization(Record):
    normalization: Normalization = Normalization.DEFAULT


class H2Upgrade(Enum):
    DO_NOT_UPGRADE = 0
    UPGRADE = 1


class DefaultTrafficPolicy(Record):
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None


class MeshConfig(Record):
    __noted__: ClassVar[dict[str, str]] = {
        "discovery_selectors": "documents of all namespaces are read",
        "inbound_traffic_policy": "requests that come in go to the program itself",
        "service_entry_visibility": "exportTo alone says who sees a ServiceEntry",
        "service_scope_configs": "there is one cluster only",
        "service_settings": "there is one cluster only",
        "tcp_keepalive": "connections are kept as the integration keeps them",
    }
    #: Access logs, certificates, ports and other matters of a deployment; they change no decision.
    __ignored__: ClassVar[frozenset[str]] = frozenset(
        {
            "access_log_encoding",
            "access_log_file",
            "access_log_format",
            "ca",
            "ca_certificates",
            "certificates",
            "config_sources",
            "disable_envoy_listener_log",
            "enable_auto_mtls",
            "enable_envoy_access_log_service",
            "enable_prometheus_merge",
            "hbone_idle_timeout",
            "inbound_cluster_stat_name",
            "ingress_class",
            "ingress_controller_mode",
            "ingress_selector",
            "ingress_service",
            "meshMTLS",
            "mesh_mTLS",
            "outbound_cluster_stat_name",
            "protocol_detection_timeout",
            "proxy_http_port",
            "proxy_inbound_listen_port",
            "proxy_listen_port",
            "tls_defaults",
            "trust_domain_aliases",
            "verify_certificate_at_client",
        }
    )

    root_namespace: str = ""
    trust_domain: str = ""
    connect_timeout: Annotated[GoDuration, Meta(gt=0)] | None = None
    dns_refresh_rate: Annotated[GoDuration, Meta(gt=0.001)] | None = None
    default_config: ProxySettings = field(default_factory=ProxySettings)
    default_http_retry_policy: Retries | None = None
    default_service_export_to: list[str] = []
    default_virtual_service_export_to: list[str] = []
    default_destination_rule_export_to: list[str] = []
    default_providers: DefaultProviders | None = None
    default_traffic_policy: DefaultTrafficPolicy | None = None
    enable_tracing: bool = True
    extension_providers: Annotated[list[ExtensionProvider], Partial] = []
    h2_upgrade_policy: H2Upgrade = field(default=H2Upgrade.DO_NOT_UPGRADE, name="h2_upgrade_policy")
    locality_lb_setting: LocalityLb | None = None
    zone_aware_lb_setting: ZoneAwareLb | None = None
    outbound_traffic_policy: Outbound | None = None
    path_normalization: PathNormalization | None = None
