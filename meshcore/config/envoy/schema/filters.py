"""HTTP filters other than rate limits and CORS."""

from __future__ import annotations

from typing import Annotated

from meshcore.config.envoy.schema.base import (
    Empty,
    FractionalPercent,
    HeaderText,
    HeaderValueOption,
    NonEmpty,
)
from meshcore.config.envoy.schema.matching import HeaderMatcher
from meshcore.config.scalar_types import Duration, UInt32, UInt64
from meshcore.config.schema import Meta, OneOf, Record
from meshcore.config.tree import MappingNode

__all__ = [
    "FaultAbort",
    "FaultDelay",
    "FaultRateLimit",
    "FilterConfig",
    "FixedLimit",
    "HeaderMutation",
    "HeaderMutationFilter",
    "HeaderMutationPerRoute",
    "HttpFault",
    "HttpFilter",
    "Mutations",
    "Router",
]


class HttpFilter(Record):
    __oneofs__ = (OneOf("config_type", ("typed_config",)),)
    __unsupported__ = {"config_discovery": "give typed_config"}

    name: NonEmpty
    typed_config: MappingNode | None = None
    is_optional: bool = False
    disabled: bool = False


class FilterConfig(Record):
    """``envoy.config.route.v3.FilterConfig``: wraps the configuration of a filter on a route."""

    config: MappingNode | None = None
    is_optional: bool = False
    disabled: bool = False


class Router(Record):
    __unsupported__ = {"upstream_http_filters": "", "strict_check_headers": ""}
    __noted__ = {
        "start_child_span": "no spans are sent",
        "upstream_log": "there is no upstream access log",
        "upstream_log_options": "there is no upstream access log",
        "reject_connect_request_early_data": "there is no early data",
    }
    __ignored__ = frozenset({"dynamic_stats", "suppress_grpc_request_failure_code_stats"})

    suppress_envoy_headers: bool = False
    respect_expected_rq_timeout: bool = False


class FaultDelay(Record):
    __oneofs__ = (OneOf("fault_delay_secifier", ("fixed_delay", "header_delay"), True),)

    fixed_delay: Annotated[Duration, Meta(gt=0)] | None = None
    header_delay: Empty | None = None
    percentage: FractionalPercent | None = None


class FaultAbort(Record):
    __oneofs__ = (OneOf("error_type", ("http_status", "grpc_status", "header_abort"), True),)

    http_status: Annotated[UInt32, Meta(ge=200, lt=600)] | None = None
    grpc_status: UInt32 | None = None
    header_abort: Empty | None = None
    percentage: FractionalPercent | None = None


class FixedLimit(Record):
    limit_kbps: Annotated[UInt64, Meta(ge=1)]


class FaultRateLimit(Record):
    __oneofs__ = (OneOf("limit_type", ("fixed_limit", "header_limit"), True),)

    fixed_limit: FixedLimit | None = None
    header_limit: Empty | None = None
    percentage: FractionalPercent | None = None


class HttpFault(Record):
    """``envoy.extensions.filters.http.fault.v3.HTTPFault``."""

    __noted__ = {"filter_metadata": "there is no dynamic metadata"}
    __ignored__ = frozenset({"disable_downstream_cluster_stats"})

    delay: FaultDelay | None = None
    abort: FaultAbort | None = None
    upstream_cluster: str = ""
    headers: list[HeaderMatcher] = []
    downstream_nodes: list[str] = []
    max_active_faults: UInt32 | None = None
    response_rate_limit: FaultRateLimit | None = None
    delay_percent_runtime: str = ""
    abort_percent_runtime: str = ""
    delay_duration_runtime: str = ""
    abort_http_status_runtime: str = ""
    max_active_faults_runtime: str = ""
    response_rate_limit_percent_runtime: str = ""
    abort_grpc_status_runtime: str = ""


class HeaderMutation(Record):
    __oneofs__ = (OneOf("action", ("remove", "append"), True),)
    __unsupported__ = {"remove_on_match": ""}

    remove: HeaderText | None = None
    append: HeaderValueOption | None = None


class Mutations(Record):
    __unsupported__ = {
        "query_parameter_mutations": "",
        "response_trailers_mutations": "",
        "request_trailers_mutations": "",
    }

    request_mutations: list[HeaderMutation] = []
    response_mutations: list[HeaderMutation] = []


class HeaderMutationPerRoute(Record):
    mutations: Mutations | None = None


class HeaderMutationFilter(Record):
    mutations: Mutations | None = None
    most_specific_header_mutations_wins: bool = False
