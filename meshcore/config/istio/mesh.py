"""What holds for the whole mesh: the settings that every translation needs, with Istio's defaults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from meshcore.config.istio.locality import Setting
from meshcore.config.istio.names import DOMAIN, ROOT_NAMESPACE
from meshcore.config.istio.schema.destination_rule import ConnectionPool, LocalityLb, OutlierDetection
from meshcore.config.istio.schema.mesh import H2Upgrade, MeshConfig, Normalization, OutboundMode
from meshcore.config.istio.schema.proxy_settings import ProxyHeaders
from meshcore.config.istio.schema.virtual_service import Retries

__all__ = ["Mesh"]

EVERYBODY = ("*",)


@dataclass(frozen=True, slots=True)
class Mesh:
    """Settings of the mesh. ``domain`` is the cluster's; the rest is ``MeshConfig``."""

    domain: str = DOMAIN
    root_namespace: str = ROOT_NAMESPACE
    trust_domain: str = DOMAIN
    service_export: tuple[str, ...] = EVERYBODY
    virtual_service_export: tuple[str, ...] = EVERYBODY
    destination_rule_export: tuple[str, ...] = EVERYBODY
    #: Whether hosts that the mesh does not know get a 502 rather than being passed through.
    registry_only: bool = False
    #: The retry policy of routes that have none; None: Istio's own.
    retries: Retries | None = None
    connect_timeout: float = 10.0
    dns_refresh_rate: float = 60.0  #: where an answer says nothing of how long it holds
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    #: The locality setting of services whose rules have none; None: localities do not count.
    locality: Setting | None = field(default_factory=LocalityLb)
    upgrade_to_http2: bool = False
    normalization: Normalization = Normalization.BASE
    #: Proxies that stand before gateways, and are trusted with what they say of the client.
    trusted_proxies: int = 0
    #: What proxies add, or not.
    headers: ProxyHeaders = field(default_factory=ProxyHeaders)
    #: What was read, for those who need more of it.
    config: MeshConfig = field(default_factory=MeshConfig)

    @staticmethod
    def of(config: MeshConfig | None, domain: str = DOMAIN) -> Mesh:
        """The settings that a ``MeshConfig`` states, over Istio's defaults."""
        if config is None:
            return Mesh(domain)
        policy = config.default_traffic_policy
        outbound = config.outbound_traffic_policy
        topology = config.default_config.gateway_topology
        paths = config.path_normalization.normalization if config.path_normalization else Normalization.BASE
        return Mesh(
            domain=domain,
            root_namespace=config.root_namespace or ROOT_NAMESPACE,
            trust_domain=config.trust_domain or DOMAIN,
            service_export=_export(config.default_service_export_to),
            virtual_service_export=_export(config.default_virtual_service_export_to),
            destination_rule_export=_export(config.default_destination_rule_export_to),
            registry_only=outbound is not None and outbound.mode is OutboundMode.REGISTRY_ONLY,
            retries=config.default_http_retry_policy,
            connect_timeout=10.0 if config.connect_timeout is None else config.connect_timeout,
            dns_refresh_rate=60.0 if config.dns_refresh_rate is None else config.dns_refresh_rate,
            connection_pool=policy.connection_pool if policy else None,
            outlier_detection=policy.outlier_detection if policy else None,
            locality=_locality(config.zone_aware_lb_setting or config.locality_lb_setting),
            upgrade_to_http2=config.h2_upgrade_policy is H2Upgrade.UPGRADE,
            normalization=Normalization.BASE if paths is Normalization.DEFAULT else paths,
            trusted_proxies=topology.num_trusted_proxies if topology else 0,
            headers=config.default_config.proxy_headers,
            config=config,
        )


def _export(listed: Sequence[str]) -> tuple[str, ...]:
    return tuple(listed) or EVERYBODY


def _locality(setting: Setting | None) -> Setting | None:
    if setting is None:
        return LocalityLb()
    return None if setting.enabled is False else setting
