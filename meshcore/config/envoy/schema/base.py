"""Messages that the others are made of (``envoy.config.core.v3``, ``envoy.type.v3``)."""

from __future__ import annotations

import re
from enum import Enum
from typing import Annotated

from meshcore.config.scalar_types import Bytes, Check, Duration, UInt32
from meshcore.config.schema import Meta, OneOf, Record
from meshcore.config.tree import MappingNode

__all__ = [
    "Address",
    "CidrRange",
    "DataSource",
    "Denominator",
    "Empty",
    "FractionalPercent",
    "HeaderAppendAction",
    "HeaderName",
    "HeaderOptions",
    "HeaderText",
    "HeaderValue",
    "HeaderValueOption",
    "Locality",
    "Metadata",
    "NonEmpty",
    "OptionalHeaderName",
    "Percent",
    "Percentage",
    "Pipe",
    "RoutingPriority",
    "RuntimeDouble",
    "RuntimeFractionalPercent",
    "SocketAddress",
    "SubstitutionFormatString",
    "TimeSpan",
    "TypedExtensionConfig",
]

_BREAKING = re.compile(r"[\x00\r\n]")
_SAFE = Check(lambda value: _BREAKING.search(value) is None, "a text without NUL, CR and LF")

#: A text that must not be empty.
NonEmpty = Annotated[str, Meta(min_length=1)]
#: What may stand in a header's value: anything that cannot end the line.
HeaderText = Annotated[str, _SAFE]
OptionalHeaderName = Annotated[str, _SAFE]
HeaderName = Annotated[str, Meta(min_length=1), _SAFE]
#: A duration that Envoy reads as milliseconds: negative ones fail to load.
TimeSpan = Annotated[Duration, Meta(ge=0)]
#: An integer percentage.
Percentage = Annotated[UInt32, Meta(le=100)]


class Empty(Record):
    """A message without fields, whose presence says all."""


class Denominator(Enum):
    HUNDRED = 0
    TEN_THOUSAND = 1
    MILLION = 2


class FractionalPercent(Record):
    numerator: UInt32 = 0
    denominator: Denominator = Denominator.HUNDRED


class RuntimeFractionalPercent(Record):
    default_value: FractionalPercent
    runtime_key: str = ""


class Percent(Record):
    value: Annotated[float, Meta(ge=0, le=100)] = 0.0


class RuntimeDouble(Record):
    default_value: float = 0.0
    runtime_key: str = ""


class RoutingPriority(Enum):
    DEFAULT = 0
    HIGH = 1


class Locality(Record):
    region: str = ""
    zone: str = ""
    sub_zone: str = ""


class Metadata(Record):
    __ignored__ = frozenset({"typed_filter_metadata"})

    filter_metadata: dict[str, MappingNode] = {}


class TypedExtensionConfig(Record):
    """A named extension; ``typed_config`` is decoded by its ``@type``."""

    name: NonEmpty
    typed_config: MappingNode


class DataSource(Record):
    __oneofs__ = (
        OneOf("specifier", ("filename", "inline_bytes", "inline_string", "environment_variable"), True),
    )
    __noted__ = {"watched_directory": "files are read once, at load"}

    filename: NonEmpty | None = None
    inline_bytes: Bytes | None = None
    inline_string: str | None = None
    environment_variable: NonEmpty | None = None


class SubstitutionFormatString(Record):
    __oneofs__ = (OneOf("format", ("text_format", "text_format_source"), True),)
    __unsupported__ = {"formatters": "", "json_format": "only text formats are", "json_format_options": ""}

    text_format: str | None = None
    text_format_source: DataSource | None = None
    omit_empty_values: bool = False
    content_type: HeaderText = ""


class HeaderAppendAction(Enum):
    APPEND_IF_EXISTS_OR_ADD = 0
    ADD_IF_ABSENT = 1
    OVERWRITE_IF_EXISTS_OR_ADD = 2
    OVERWRITE_IF_EXISTS = 3


class HeaderValue(Record):
    key: Annotated[HeaderName, Meta(max_length=16384)]
    value: Annotated[HeaderText, Meta(max_length=16384)] = ""
    raw_value: Annotated[Bytes, Meta(max_length=16384)] | None = None


class HeaderValueOption(Record):
    header: HeaderValue
    append: bool | None = None
    append_action: HeaderAppendAction = HeaderAppendAction.APPEND_IF_EXISTS_OR_ADD
    keep_empty_value: bool = False


#: ``*_headers_to_add``.
HeaderOptions = Annotated[list[HeaderValueOption], Meta(max_length=1000)]


class Protocol(Enum):
    TCP = 0
    UDP = 1


class SocketAddress(Record):
    __oneofs__ = (OneOf("port_specifier", ("port_value",), True),)
    __unsupported__ = {
        "resolver_name": "",
        "network_namespace_filepath": "",
        "named_port": "give port_value",
    }

    address: NonEmpty
    port_value: Annotated[UInt32, Meta(le=65535)] | None = None
    protocol: Protocol = Protocol.TCP
    ipv4_compat: bool = False


class Pipe(Record):
    path: NonEmpty
    mode: Annotated[UInt32, Meta(le=511)] = 0


class Address(Record):
    __oneofs__ = (OneOf("address", ("socket_address", "pipe"), True),)
    __unsupported__ = {"envoy_internal_address": ""}

    socket_address: SocketAddress | None = None
    pipe: Pipe | None = None


class CidrRange(Record):
    address_prefix: NonEmpty
    prefix_len: Annotated[UInt32, Meta(le=128)] = 0
