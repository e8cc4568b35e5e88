"""``Telemetry``: the fields of the telemetry API, version v1."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, ClassVar

from msgspec import Meta

from meshcore.config.istio.schema.common import Selector, TargetReference
from meshcore.config.scalar_types import GoDuration, Number
from meshcore.config.schema import OneOf, Partial, Record

__all__ = [
    "AccessLogging",
    "CustomTag",
    "IstioMetric",
    "LogFilter",
    "MetricSelector",
    "Metrics",
    "MetricsOverride",
    "NamedTag",
    "ProviderRef",
    "TagOperation",
    "TagOverride",
    "Telemetry",
    "Tracing",
    "ValueTag",
    "WorkloadMode",
    "WorkloadModeSelector",
]


class WorkloadMode(Enum):
    CLIENT_AND_SERVER = 0
    CLIENT = 1
    SERVER = 2


class WorkloadModeSelector(Record):
    mode: WorkloadMode = WorkloadMode.CLIENT_AND_SERVER


class ProviderRef(Record):
    name: str = ""


class ValueTag(Record):
    value: str = ""


class NamedTag(Record):
    name: str = ""
    default_value: str = ""


class CustomTag(Record):
    __oneofs__: ClassVar[tuple[OneOf, ...]] = (
        OneOf("type", ("literal", "environment", "header", "formatter")),
    )

    literal: ValueTag | None = None
    environment: NamedTag | None = None
    header: NamedTag | None = None
    formatter: ValueTag | None = None


class Tracing(Record):
    match: WorkloadModeSelector | None = None
    providers: list[ProviderRef] = []
    random_sampling_percentage: Annotated[Number, Meta(ge=0, le=100)] | None = None
    disable_span_reporting: bool | None = None
    custom_tags: dict[str, CustomTag] = {}
    use_request_id_for_trace_sampling: bool | None = None
    enable_istio_tags: bool | None = None
    disable_context_propagation: bool | None = None


class IstioMetric(Enum):
    ALL_METRICS = 0
    REQUEST_COUNT = 1
    REQUEST_DURATION = 2
    REQUEST_SIZE = 3
    RESPONSE_SIZE = 4
    TCP_OPENED_CONNECTIONS = 5
    TCP_CLOSED_CONNECTIONS = 6
    TCP_SENT_BYTES = 7
    TCP_RECEIVED_BYTES = 8
    GRPC_REQUEST_MESSAGES = 9
    GRPC_RESPONSE_MESSAGES = 10


class MetricSelector(Record):
    __oneofs__: ClassVar[tuple[OneOf, ...]] = (OneOf("metric_match", ("metric", "custom_metric")),)

    metric: IstioMetric | None = None
    custom_metric: Annotated[str, Meta(min_length=1)] | None = None
    mode: WorkloadMode = WorkloadMode.CLIENT_AND_SERVER


class TagOperation(Enum):
    UPSERT = 0
    REMOVE = 1


class TagOverride(Record):
    operation: TagOperation = TagOperation.UPSERT
    value: str = ""


class MetricsOverride(Record):
    match: MetricSelector | None = None
    disabled: bool | None = None
    tag_overrides: dict[str, TagOverride] = {}


class Metrics(Record):
    providers: list[ProviderRef] = []
    overrides: Annotated[list[MetricsOverride], Partial] = []
    reporting_interval: GoDuration | None = None


class LogFilter(Record):
    expression: str = ""


class AccessLogging(Record):
    match: WorkloadModeSelector | None = None
    providers: list[ProviderRef] = []
    disabled: bool | None = None
    filter: LogFilter | None = None


class Telemetry(Record):
    selector: Selector | None = None
    target_ref: TargetReference | None = None
    target_refs: Annotated[list[TargetReference], Meta(max_length=16)] = []
    tracing: Annotated[list[Tracing], Partial] = []
    metrics: Annotated[list[Metrics], Partial] = []
    access_logging: Annotated[list[AccessLogging], Partial] = []
