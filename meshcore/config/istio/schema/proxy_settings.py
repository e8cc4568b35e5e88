"""``MeshConfig.defaultConfig``: the settings of proxies, as far as they change headers."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from meshcore.config.istio.schema.destination_rule import ClientTLS
from meshcore.config.istio.schema.telemetry import NamedTag, ValueTag
from meshcore.config.scalar_types import Number, UInt32
from meshcore.config.schema import OneOf, Record

__all__ = ["ProxyHeaders", "ProxySettings", "ProxyTracing", "Topology"]


class Collector(Record):
    """A tracer of the proxy's own bootstrap, and where it sends its spans."""

    address: str = ""


class Lightstep(Collector):
    access_token: str = ""


class OpenCensusAgent(Collector):
    __ignored__ = frozenset({"context"})


class Stackdriver(Record):
    __ignored__ = frozenset(
        {
            "debug",
            "max_number_of_annotations",
            "max_number_of_attributes",
            "max_number_of_message_events",
        }
    )


class ProxyTag(Record):
    __oneofs__: ClassVar[tuple[OneOf, ...]] = (OneOf("type", ("literal", "environment", "header")),)

    literal: ValueTag | None = None
    environment: NamedTag | None = None
    header: NamedTag | None = None


class ProxyTracing(Record):
    __oneofs__: ClassVar[tuple[OneOf, ...]] = (
        OneOf("tracer", ("zipkin", "lightstep", "datadog", "stackdriver", "open_census_agent")),
    )
    zipkin: Collector | None = None
    lightstep: Lightstep | None = None
    datadog: Collector | None = None
    stackdriver: Stackdriver | None = None
    open_census_agent: OpenCensusAgent | None = None
    custom_tags: dict[str, ProxyTag] = {}
    max_path_tag_length: UInt32 = 0
    enable_istio_tags: bool | None = None
    sampling: Number = 0.0
    tls_settings: ClientTLS | None = None


class Topology(Record):
    __noted__: ClassVar[dict[str, str]] = {
        "forward_client_cert_details": "x-forwarded-client-cert is left alone",
        "proxy_protocol": "the PROXY protocol is not spoken",
    }

    num_trusted_proxies: UInt32 = 0


class Disabled(Record):
    disabled: bool | None = None


class Enabled(Record):
    enabled: bool | None = None


class ProxyHeaders(Record):
    """Which headers proxies add."""

    __noted__: ClassVar[dict[str, str]] = {
        "forwarded_client_cert": "x-forwarded-client-cert is left alone",
        "server": "answers say what the program says of itself",
    }
    #: Of the mesh's own certificates and metadata, and of how names are written.
    __ignored__ = frozenset(
        {"metadata_exchange_headers", "preserve_http1_header_case", "set_current_client_cert_details"}
    )

    request_id: Disabled = field(default_factory=Disabled)
    attempt_count: Disabled = field(default_factory=Disabled)
    envoy_debug_headers: Disabled = field(default_factory=Disabled)
    x_forwarded_host: Enabled = field(default_factory=Enabled)
    x_forwarded_port: Enabled = field(default_factory=Enabled)


class ProxySettings(Record):
    __noted__: ClassVar[dict[str, str]] = {
        "connection_settings": "connections are kept as the integration keeps them",
        "runtime_values": "the runtime's values are given to the program itself",
    }
    #: Ports, files, certificates, statistics and the like; they change no decision.
    __ignored__ = frozenset(
        {
            "availability_zone",
            "binary_path",
            "ca_certificates_pem",
            "concurrency",
            "config_path",
            "control_plane_auth_policy",
            "custom_config_file",
            "discovery_address",
            "discovery_refresh_delay",
            "drain_duration",
            "envoy_access_log_service",
            "envoy_metrics_service",
            "envoy_metrics_service_address",
            "extra_stat_tags",
            "file_flush_interval",
            "file_flush_min_size_kb",
            "hold_application_until_proxy_starts",
            "image",
            "interception_mode",
            "mesh_id",
            "private_key_provider",
            "proxy_admin_port",
            "proxy_bootstrap_template_path",
            "proxy_metadata",
            "proxy_stats_matcher",
            "readiness_probe",
            "sds",
            "service_cluster",
            "stat_name_length",
            "stats_compression",
            "statsd_udp_address",
            "status_port",
            "termination_drain_duration",
            "tracing_service_name",
            "zipkin_address",
        }
    )

    tracing: ProxyTracing | None = None
    gateway_topology: Topology | None = None
    proxy_headers: ProxyHeaders = field(default_factory=ProxyHeaders)
