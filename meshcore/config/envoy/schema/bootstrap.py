"""Bootstraps and listeners (``envoy.config.bootstrap.v3``, ``envoy.config.listener.v3``)."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from meshcore.config.envoy.schema.base import Address, Empty, Locality, NonEmpty, TypedExtensionConfig
from meshcore.config.envoy.schema.cluster import Cluster
from meshcore.config.envoy.schema.dns import DnsResolutionConfig
from meshcore.config.envoy.schema.retry import Extension
from meshcore.config.schema import OneOf, Partial, Record
from meshcore.config.tree import MappingNode

__all__ = ["Bootstrap", "FilterChain", "Listener", "NetworkFilter", "RuntimeLayer"]

_SERVER = "the server's own settings hold"


class NetworkFilter(Record):
    __unsupported__ = {"config_discovery": "give typed_config"}

    name: NonEmpty
    typed_config: MappingNode | None = None


class FilterChain(Record):
    __unsupported__ = {"use_proxy_proto": ""}
    __ignored__ = frozenset({"metadata", "transport_socket_connect_timeout"})

    filter_chain_match: MappingNode | None = None
    filters: list[NetworkFilter] = []
    transport_socket: Extension | None = None
    name: str = ""


class TrafficDirection(Enum):
    UNSPECIFIED = 0
    INBOUND = 1
    OUTBOUND = 2


class Listener(Record):
    __unsupported__ = {
        "additional_addresses": "give each address a listener",
        "fcds_config": "",
        "filter_chain_matcher": "",
        "default_filter_chain": "give one filter chain",
        "use_original_dst": "",
        "udp_listener_config": "",
        "api_listener": "",
        "internal_listener": "",
    }
    __noted__ = dict.fromkeys(
        (
            "listener_filters",
            "listener_filters_timeout",
            "continue_on_listener_filters_timeout",
            "transparent",
            "freebind",
            "socket_options",
            "tcp_fast_open_queue_length",
            "connection_balance_config",
            "reuse_port",
            "enable_reuse_port",
            "tcp_backlog_size",
            "max_connections_to_accept_per_socket_event",
            "enable_mptcp",
            "tcp_keepalive",
            "bind_to_port",
            "drain_type",
            "deprecated_v1",
            "access_log",
        ),
        _SERVER,
    )
    __ignored__ = frozenset(
        {
            "stat_prefix",
            "metadata",
            "per_connection_buffer_limit_bytes",
            "ignore_global_conn_limit",
            "bypass_overload_manager",
        }
    )

    name: str = ""
    address: Address | None = None
    filter_chains: list[FilterChain] = []
    traffic_direction: TrafficDirection = TrafficDirection.UNSPECIFIED


class StaticResources(Record):
    __noted__ = {"secrets": "certificates are given where they are used"}

    listeners: Annotated[list[Listener], Partial] = []
    clusters: Annotated[list[Cluster], Partial] = []


class RuntimeLayer(Record):
    __oneofs__ = (OneOf("layer_specifier", ("static_layer", "admin_layer"), True),)
    __unsupported__ = {
        "disk_layer": "give a static_layer, or load(..., runtime=...)",
        "rtds_layer": "give a static_layer, or load(..., runtime=...)",
    }

    name: NonEmpty
    static_layer: MappingNode | None = None
    admin_layer: Empty | None = None


class LayeredRuntime(Record):
    layers: list[RuntimeLayer] = []


class Node(Record):
    """Who reads the documents: of interest is where that is, and ``source_cluster`` for rate limits."""

    __open__ = True

    cluster: str = ""
    locality: Locality | None = None


class ClusterManager(Record):
    __noted__ = dict.fromkeys(
        (
            "outlier_detection",
            "upstream_bind_config",
            "load_stats_config",
            "enable_deferred_cluster_creation",
        ),
        _SERVER,
    )

    local_cluster_name: str = ""


class Bootstrap(Record):
    __unsupported__ = {
        "dynamic_resources": "resources must be in the documents",
        "default_regex_engine": "regexes are RE2's",
        "header_prefix": "headers begin with x-envoy",
        "inline_headers": "",
    }
    __noted__ = dict.fromkeys(
        (
            "admin",
            "hds_config",
            "overload_manager",
            "tracing",
            "bootstrap_extensions",
            "fatal_actions",
            "default_socket_interface",
            "certificate_provider_instances",
            "listener_manager",
        ),
        _SERVER,
    )
    __ignored__ = frozenset(
        {
            "node_context_params",
            "flags_path",
            "stats_sinks",
            "deferred_stat_options",
            "stats_config",
            "stats_flush_interval",
            "stats_flush_on_admin",
            "stats_eviction_interval",
            "watchdog",
            "watchdogs",
            "enable_dispatcher_stats",
            "stats_server_version_override",
            "config_sources",
            "default_config_source",
            "perf_tracing_file_path",
            "xds_delegate_extension",
            "xds_config_tracker_extension",
            "application_log_config",
            "grpc_async_client_manager_config",
            "memory_allocator_manager",
        }
    )

    node: Node | None = None
    cluster_manager: ClusterManager | None = None
    static_resources: StaticResources | None = None
    layered_runtime: LayeredRuntime | None = None
    dns_resolution_config: DnsResolutionConfig | None = None
    typed_dns_resolver_config: TypedExtensionConfig | None = None
    use_tcp_for_dns_lookups: bool = False
