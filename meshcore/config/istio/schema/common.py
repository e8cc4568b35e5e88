"""What several Istio resources share, and the parts of ``metadata`` that matter here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from meshcore.config.scalar_types import Number
from meshcore.config.schema import OneOf, Record

__all__ = [
    "Destination",
    "Metadata",
    "Percent",
    "PortNumber",
    "Selector",
    "StringMatch",
    "TargetReference",
    "WorkloadSelector",
]


class Metadata(Record):
    """A Kubernetes object's ``metadata``: what orders, names and selects resources."""

    __open__: ClassVar[bool] = True

    name: str = ""
    namespace: str = ""
    creation_timestamp: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class StringMatch(Record):
    """One of three comparisons; none of them means "is there"."""

    #: Envoy's word, and that of our limits.
    __unsupported__: ClassVar[Mapping[str, str]] = {"present": "{} asks that a header is there"}
    __oneofs__: ClassVar[tuple[OneOf, ...]] = (OneOf("match_type", ("exact", "prefix", "regex")),)

    exact: str | None = None
    prefix: str | None = None
    regex: str | None = None


class PortNumber(Record):
    """``PortSelector``: ranges are checked by the rules of the resource."""

    number: int = 0


class Percent(Record):
    value: Number = 0.0


class Destination(Record):
    host: str = ""
    subset: str = ""
    port: PortNumber | None = None


class Selector(Record):
    """``selector.matchLabels`` (``type.v1beta1.WorkloadSelector``)."""

    match_labels: dict[str, str] = {}


class WorkloadSelector(Record):
    """``workloadSelector.labels`` (the networking API's own form)."""

    labels: dict[str, str] = {}


class TargetReference(Record):
    """``type.v1beta1.PolicyTargetReference``: the Gateway, Service or ServiceEntry that a policy is for."""

    kind: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=63,
            pattern=r"^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?\Z",
            description="a kind such as Gateway",
        ),
    ]
    name: Annotated[str, Meta(min_length=1, max_length=253)]
    group: Annotated[
        str,
        Meta(
            max_length=253,
            pattern=r"^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z",
            description="a group such as gateway.networking.k8s.io",
        ),
    ] = ""
    namespace: str = ""
