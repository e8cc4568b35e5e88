"""What spans tell beside the usual (``envoy.type.tracing.v3``)."""

from __future__ import annotations

from meshcore.config.envoy.schema.base import Empty, HeaderName, NonEmpty
from meshcore.config.envoy.schema.ratelimit import MetadataKey
from meshcore.config.schema import OneOf, Record

__all__ = ["CustomTag", "MetadataTag"]


class LiteralTag(Record):
    value: NonEmpty


class EnvironmentTag(Record):
    name: NonEmpty
    default_value: str = ""


class HeaderTag(Record):
    name: HeaderName
    default_value: str = ""


class MetadataKind(Record):
    __oneofs__ = (OneOf("kind", ("request", "route", "cluster", "host"), True),)

    request: Empty | None = None
    route: Empty | None = None
    cluster: Empty | None = None
    host: Empty | None = None


class MetadataTag(Record):
    kind: MetadataKind | None = None
    metadata_key: MetadataKey | None = None
    default_value: str = ""


class CustomTag(Record):
    __oneofs__ = (OneOf("type", ("literal", "environment", "request_header", "metadata", "value"), True),)

    tag: NonEmpty
    literal: LiteralTag | None = None
    environment: EnvironmentTag | None = None
    request_header: HeaderTag | None = None
    metadata: MetadataTag | None = None
    value: NonEmpty | None = None
